"""What is said of a value that matches no option of a union."""

from __future__ import annotations

from pathlib import Path

from runcomfy import validate
from support.small_models import make_class


def test_each_option_says_what_it_wants(tmp_path: Path) -> None:
    by_url = {"type": "object", "properties": {"url": {"type": "string"}}, "required": ["url"]}
    by_id = {"type": "object", "properties": {"id": {"type": "integer"}}, "required": ["id"]}
    cls = make_class(tmp_path, {"source": {"oneOf": [by_url, by_id]}})
    (error,) = validate(cls, {"source": {}}).errors
    assert (error.pointer, error.rule) == ("/source", "oneOf")
    assert "url is required" in error.message
    assert "id is required" in error.message
