"""Downloading files: the blocking and the asynchronous manager, and their sinks."""
