"""``Diagnostic``: a remark about a schema."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Diagnostic"]


@dataclass(frozen=True, slots=True, order=True)
class Diagnostic:
    """A remark about a schema.

    ``kind`` is ``"fallback"`` (checked by the jsonschema library at run time), ``"documented"`` (kept in the
    documentation, not checked) or ``"oddity"`` (the schema contradicts itself or JSON Schema). ``place`` is a
    JSON pointer into the schema, ``subject`` the keyword, format, type or rule.
    """

    place: str
    kind: str
    subject: str
    text: str
