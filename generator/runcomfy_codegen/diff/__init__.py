"""Comparing two versions of a model, and finding what breaks programs."""
