"""File rules: what they measure, and when one is violated."""
