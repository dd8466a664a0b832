"""Fetching files: the two drivers of downloads, and what they write to."""
