"""Offline validation: one payload, or many on the lines of a file, and the report of what was found."""
