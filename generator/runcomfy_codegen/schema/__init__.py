"""Stored schemas: reading them, and what their keywords mean."""
