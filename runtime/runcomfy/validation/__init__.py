"""Offline validation of one payload or of the lines of a file, and its report."""
