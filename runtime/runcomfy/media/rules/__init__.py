"""File rules: what they measure, and when one counts as broken."""
