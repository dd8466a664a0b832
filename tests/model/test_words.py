"""What violations say: the place, the value, the limit, and what was probably meant."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import runcomfy
from support.small_models import make_class

TEXT, WHOLE = {"type": "string"}, {"type": "integer"}
OPTIONS = [
    {"type": "object", "properties": {"a": WHOLE}, "required": ["a"]},
    {"type": "object", "properties": {"b": TEXT}, "required": ["b"]},
]
SIZES = {"enum": ["720p", "1080p"]}
CASES: list[tuple[dict[str, Any], Any, str]] = [
    (SIZES, "720P", '/x: must be one of "720p", "1080p", got "720P"; did you mean "720p"?'),
    (SIZES, 1080, '/x: must be one of "720p", "1080p", got 1080; did you mean "1080p"?'),
    (SIZES, "wide", '/x: must be one of "720p", "1080p", got "wide"'),
    ({"enum": []}, 1, "/x: takes no value: its list of allowed values is empty, got 1"),
    (
        {"type": "object", "properties": {"scale": WHOLE}, "additionalProperties": False},
        {"scael": 1},
        '/x: is not allowed here; the known names are scale, got "scael"; did you mean "scale"?',
    ),
    ({"oneOf": OPTIONS}, {"a": 1, "b": "c"}, "/x: matches more than one option, got an object with 2 members"),
    ({"not": TEXT}, "a", '/x: must not be a string, got "a"'),
    ({"not": {"enum": ["a"]}}, "a", '/x: must not be one of "a", got "a"'),
    ({"not": {"required": ["a", "b"]}}, {"a": 1, "b": 2}, "/x: must not have a and b together, got an object with 2 members"),
    ({"not": {"type": "object", "minProperties": 1}}, {"a": 1}, "/x: matches a schema that is not allowed here, got an object with 1 member"),
    ({"type": "array", "prefixItems": [TEXT], "items": False}, ["a", 2], "/x/1: is not allowed here, got 2"),
    ({"type": "object", "properties": {"a": TEXT}, "unevaluatedProperties": False}, {"b": 1}, "/x: contains 'b', which is not allowed here, got an object with 1 member"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("schema", "value", "message"), CASES, ids=[message for _, _, message in CASES]
)
def test_a_violation_says_what_is_wrong(
    tmp_path: Path, schema: dict[str, Any], value: Any, message: str
) -> None:
    cls = make_class(tmp_path, {"x": schema})
    assert list(map(str, runcomfy.validate(cls, {"x": value}).errors)) == [message]
