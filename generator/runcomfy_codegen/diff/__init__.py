"""What changed between two versions of a model, and what of it breaks programs."""
