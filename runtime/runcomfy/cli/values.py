"""Inputs on the command line: ``name=value``, read by the types of the model's schema.

``@file`` is a local file for a media input, and the text of a file for any other; ``@@`` is a literal
``@``. A name that is repeated makes a list.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from runcomfy.model.declared_inputs import Input
from runcomfy.validation.json_text import NotJSON, read_json

__all__ = ["read_arguments", "read_payload"]

_LITERALS = {"true": True, "false": False}


def read_payload(text: str | None, path: str | None) -> dict[str, Any]:
    """The inputs that ``--input`` or ``--input-file`` gives; ``-`` is standard input."""
    if text is None and path is None:
        return {}
    if text is not None and path is not None:
        raise click.UsageError("Pass either --input or --input-file, not both.")
    option = "--input" if path is None else "--input-file"
    content = text if path is None else _text_of(path, option)
    try:
        value = read_json(content or "")
    except NotJSON as error:
        raise click.UsageError(f"{option} {error}.") from None
    if not isinstance(value, dict):
        raise click.UsageError(f"{option} must be a JSON object with the inputs by name.")
    return value


def read_arguments(
    given: Iterable[str], inputs: Mapping[str, Input] | None, aliases: Mapping[str, str] = {}
) -> dict[str, Any]:
    """The inputs in arguments ``name=value``. Without ``inputs``, of a model that is not installed,
    each value is JSON where it can be, else a text.

    Raises ``click.UsageError`` for what cannot be read.
    """
    texts: dict[str, list[str]] = {}
    for one in given:
        name, equals, value = one.partition("=")
        if not equals or not name:
            raise click.UsageError(
                f"{one!r} is not of the form name=value; pass a whole payload with --input or --input-file."
            )
        texts.setdefault(aliases.get(name, name), []).append(value)
    return {
        name: _read(name, values, None if inputs is None else inputs.get(name, Input(name, {}, {})))
        for name, values in texts.items()
    }


def _read(name: str, values: Sequence[str], found: Input | None) -> Any:
    if found is None:
        read = [_any(_given(name, value, media=False)) for value in values]
        return read[0] if len(read) == 1 else read
    takes_list = "array" in found.types and (len(values) > 1 or "string" not in found.types)
    if not takes_list:
        if len(values) > 1:
            raise click.UsageError(
                f"{name} is given {len(values)} times, but accepts one value ({found.kind})."
            )
        return _one(name, values[0], found)
    items: list[Any] = []
    for value in values:
        whole = _structured(value, list)
        if whole is not None:
            items += whole
        else:
            items.append(_one(name, value, _item(found)))
    return items


def _item(found: Input) -> Input:
    item = found.item or Input(found.name, {}, {})
    item.media = found.media
    return item


def _one(name: str, value: str, found: Input) -> Any:
    given = _given(name, value, media=bool(found.media))
    if not isinstance(given, str):
        return given
    for choice in found.choices:
        if given == choice or (not isinstance(choice, str) and given == json.dumps(choice)):
            return choice
    types = found.types
    if not types and not found.media:
        return given
    if types & {"integer", "number"}:
        number = _structured(given, (int, float))
        if number is not None and not isinstance(number, bool):
            return number
    if "boolean" in types and given.lower() in _LITERALS:
        return _LITERALS[given.lower()]
    if "null" in types and given == "null":
        return None
    if types & {"object", "array"}:
        whole = _structured(given, (dict, list))
        if whole is not None:
            return whole
    return given


def _given(name: str, value: str, *, media: bool) -> Any:
    """The text of a value, or the path of a local file."""
    if value.startswith("@@"):
        return value[1:]
    if not value.startswith("@"):
        return value
    path = value[1:]
    if not path:
        raise click.UsageError(f"{name}=@ needs a file name; @@ is a literal @.")
    if media:
        return _stdin().read() if path == "-" else Path(path).expanduser()
    return _text_of(path, name).removesuffix("\n").removesuffix("\r")


def _text_of(path: str, what: str) -> str:
    try:
        content = _stdin().read() if path == "-" else Path(path).expanduser().read_bytes()
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise click.UsageError(f"{what}: the file {path!r} is not UTF-8 text.") from None
    except (OSError, ValueError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise click.UsageError(f"{what}: the file {path!r} cannot be read: {reason}.") from None


def _stdin() -> Any:
    if sys.stdin is None:
        raise click.UsageError("There is no standard input to read from.")
    return sys.stdin.buffer


def _structured(text: str, kinds: type | tuple[type, ...]) -> Any:
    """The JSON value in a text, if it is of this kind."""
    if not isinstance(text, str) or text.strip() != text:
        return None
    try:
        value = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, kinds) else None


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is not valid JSON")


def _any(given: str) -> Any:
    value = _structured(given, (dict, list, int, float, bool, type(None)))
    return given if value is None and given != "null" else value
