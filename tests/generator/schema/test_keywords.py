"""Hundreds of schema and value pairs over the whole vocabulary, compiled or fallback, against the library."""

from __future__ import annotations

from typing import Any

import pytest

from support.differential.compiled import request_classes
from support.differential.oracle import Oracle
from support.vocabulary_cases import DEFINITIONS, PAYLOADS, VALUES


def around(schema: object) -> dict[str, Any]:
    """An input schema that asks ``schema`` of an input, of a list's items and of an object's member."""
    return {
        "type": "object",
        "properties": {
            "value": schema,
            "list": {"type": "array", "items": schema},
            "object": {"type": "object", "properties": {"deep": schema}, "required": ["deep"]},
        },
        "$defs": DEFINITIONS,
    }


@pytest.fixture(scope="module")
def oracles(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Oracle]:
    schemas = {name: around(schema) for name, (schema, _) in VALUES.items()}
    schemas |= {name: schema for name, (schema, _) in PAYLOADS.items()}
    folder = tmp_path_factory.mktemp("vocabulary")
    return {
        n: Oracle(cls) for n, cls in request_classes(folder, schemas, "made_vocabulary").items()
    }


@pytest.mark.xdist_group("vocabulary")
@pytest.mark.parametrize("name", VALUES)
def test_a_value_gets_the_librarys_verdict(name: str, oracles: dict[str, Oracle]) -> None:
    oracle = oracles[name]
    for value in VALUES[name][1]:
        oracle.compare({"value": value})
        oracle.compare({"list": [value, value]})
        oracle.compare({"object": {"deep": value}})
    oracle.compare({"object": {}})


@pytest.mark.xdist_group("vocabulary")
@pytest.mark.parametrize("name", PAYLOADS)
def test_a_payload_gets_the_librarys_verdict(name: str, oracles: dict[str, Oracle]) -> None:
    for payload in PAYLOADS[name][1]:
        oracles[name].compare(payload)


def test_there_are_hundreds_of_pairs() -> None:
    assert sum(len(values) for _, values in [*VALUES.values(), *PAYLOADS.values()]) > 900
