"""The rules about files: what they measure, and when one counts as broken."""
