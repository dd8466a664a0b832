"""A schema whose inputs are declared in other schemas is accepted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from support.ingest import add

INPUTS = {"type": "object", "properties": {"p": {"type": "string"}}, "required": ["p"]}


@pytest.mark.parametrize(
    "root",
    [
        {"$ref": "#/$defs/In", "$defs": {"In": INPUTS}},
        {"allOf": [{"$ref": "#/components/In"}], "components": {"In": INPUTS}},
        {"anyOf": [INPUTS, {"type": "null"}]},
        {"oneOf": [INPUTS, {"properties": {"q": {"type": "string"}}}]},
    ],
    ids=lambda root: next(iter(root)),
)
def test_a_root_without_a_type_is_added(tmp_path: Path, root: dict[str, Any]) -> None:
    page = tmp_path / "blocks.json"
    page.write_text(json.dumps(root), encoding="utf-8")
    schemas = tmp_path / "schemas"
    ran = add(str(page), "--model-id", "acme/small", "--schemas", str(schemas))
    assert ran.status == 0, ran.err
    stored = json.loads((schemas / "acme/small/input.json").read_text(encoding="utf-8"))
    assert stored == root
