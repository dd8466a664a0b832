"""The description of a model for agents: its inputs and limits, in at most 4 KB."""

from __future__ import annotations

import json
from typing import Any

from runcomfy.model.declared_inputs import Input, inputs_of
from runcomfy.model.request import Request

from .texts import DATA, bounded, text

__all__ = ["LONGEST", "described"]

#: Bytes of a description as JSON.
LONGEST = 4_000
_NOTE = (
    f"{DATA} Values of the example and demo values are not defaults; omit those you do not need."
)
_CUT = "Shortened. Read the schema resource for the rest."
#: Characters of a meaning, of a limit or a rule, and of a text of the example. The first row that fits is taken.
_ROWS = ((300, 400, 200), (160, 400, 120), (80, 200, 80), (0, 120, 40), (0, 60, 20))
_MEMBERS = 2


def described(cls: type[Request[Any]], price: dict[str, Any]) -> dict[str, Any]:
    """The description: inputs with limits and rules, the price, one example. Texts are shortened, then inputs left out."""
    inputs = sorted(inputs_of(cls).values(), key=lambda one: not one.required)
    inputs_shown: list[dict[str, Any]] = []
    for meaning, words, example in _ROWS:
        inputs_shown = [_input(one, meaning, words) for one in inputs]
        document = _document(cls, price, inputs_shown, _example(cls, example))
        if _size(document) <= LONGEST:
            return document
    document = {**_document(cls, price, inputs_shown, {}), "more": _CUT}
    while inputs_shown and _size(document) > LONGEST:
        inputs_shown.pop()
    return document


def _document(
    cls: type[Request[Any]], price: dict[str, Any], inputs: list[Any], example: Any
) -> dict[str, Any]:
    return {
        "model_id": cls.model_id,
        "price": price,
        "example": example,
        "schema": f"schema://{cls.model_id}",
        "note": _NOTE,
        "inputs": inputs,
    }


def _size(document: dict[str, Any]) -> int:
    return len(json.dumps(document, ensure_ascii=False).encode())


def _input(one: Input, meaning: int, words: int, depth: int = 0) -> dict[str, Any]:
    document = {
        "name": text(one.name, 100),
        "kind": text(one.kind, 100),
        "required": one.required,
        "limits": _texts(one.limits, words),
        "file_rules": _texts(one.rules, words),
        "meaning": text(one.about, meaning) if meaning else "",
        "members": [_input(inner, meaning, words, depth + 1) for inner in one.members]
        if depth < _MEMBERS
        else [],
    }
    return {name: value for name, value in document.items() if value not in ("", [])}


def _texts(texts: list[str], limit: int) -> list[str]:
    return [text(one, limit) for one in texts[:20]]


def _example(cls: type[Request[Any]], limit: int) -> Any:
    return {
        name: text(one, limit) if isinstance(one, str) else bounded(one, 20)
        for name, one in bounded(dict(cls._example), 60).items()
    }
