"""Straight-line code and the library at run time give the same violations, word for word."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from runcomfy.model.request import check_payload
from support.small_models import make_class


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "string"}, 1),
        ({"type": ["string", "null"]}, 1),
        ({"enum": ["a", "b"]}, "c"),
        ({"enum": [1, 2.5]}, "c"),
        ({"const": "abc"}, "c"),
        ({"const": None}, []),
        ({"minimum": 1}, 0),
        ({"maximum": 1}, 2),
        ({"exclusiveMinimum": 1}, 1),
        ({"exclusiveMaximum": 1}, 1),
        ({"multipleOf": 2}, 3),
        ({"minLength": 2}, ""),
        ({"maxLength": 2}, "abc"),
        ({"pattern": "^a"}, "b"),
        ({"minItems": 1}, []),
        ({"maxItems": 1}, [1, 2]),
        ({"items": {"type": "string"}}, [1, 2]),
        ({"minProperties": 1}, {}),
        ({"maxProperties": 0}, {"a": 1}),
        ({"required": ["a", "b"]}, {}),
        ({"properties": {"a/b": {"type": "object", "required": ["c"]}}}, {"a/b": {}}),
        ({}, float("nan")),
    ],
    ids=str,
)
def test_a_rule_reads_the_same_whoever_checks_it(
    tmp_path: Path, schema: dict[str, Any], value: object
) -> None:
    cls = make_class(tmp_path, {"x": schema, "y": {**schema, "anyOf": [{}]}})
    found = [
        [
            (v.pointer[2:], v.rule, v.value, v.limit, v.message)
            for v in check_payload(cls, {name: value})
        ]
        for name in ("x", "y")
    ]
    assert found[0] == found[1] != []
