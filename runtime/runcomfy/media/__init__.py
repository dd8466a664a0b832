"""Media files: their formats, their facts, and their rules."""
