"""Spec -> text: the templates, the gate that rendered modules pass, the formatter."""
