"""Assigning roles to JSON blocks: input schema, output schema, example payload."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from runcomfy_codegen.errors import SourceError
from runcomfy_codegen.ingest.blocks import Block

__all__ = ["PageModel", "Roles", "assign_roles", "find_entries", "read_entry"]

#: A curl option for the payload, and the text between it and the payload.
_QUOTES: Final = "'\"$ \t\r\n=\\"
_DATA_OPTIONS: Final = ("--data", "--data-raw", "--data-binary", "--json", " -d")

_TYPES: Final = frozenset(
    {"object", "array", "string", "integer", "number", "float", "boolean", "null"}
)

#: The names that a result's files have; no input schema consists of them alone.
_OUTPUT_NAMES: Final = frozenset({"image", "images", "video", "videos", "audio", "audios"})


@dataclass(frozen=True, slots=True)
class Roles:
    """The three blocks that are kept of one model."""

    input: Block
    output: Block | None
    example: Block | None
    #: Remarks for the user that are not errors.
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PageModel:
    """A model of the catalogue: its id, if it says one, and its schemas."""

    block: Block
    model_id: Block | None
    roles: Roles


def assign_roles(blocks: Sequence[Block]) -> Roles:
    """The roles of the blocks of a page, or of a file that holds nothing else."""
    objects = [block for block in blocks if isinstance(block.value, dict)]
    payloads = [block for block in objects if _is_payload(block)]
    others = [block for block in objects if not _is_payload(block)]
    schemas = _distinct([block for block in others if _is_schema(block.value)])
    outputs = _distinct([inner for block in others if (inner := _wrapped_output(block))])
    if not outputs and len(schemas) > 1 and _looks_like_output(schemas[-1].value):
        outputs = [schemas.pop()]
    if not schemas:
        raise _no_input(blocks)
    _check_single(schemas, "input schemas")
    _check_single(outputs, "output schemas")
    for block in (*schemas, *outputs):
        check_schema(block)
    payloads = _distinct(payloads) or _bare_payloads(others, schemas[0])
    notes = ("the example payloads differ; the first one is used",) if len(payloads) > 1 else ()
    return Roles(schemas[0], _first(outputs), _first(payloads), notes)


def find_entries(blocks: Sequence[Block]) -> list[Block]:
    """The catalogue entries among the blocks, alone, in a list, or under ``models``."""
    found: list[Block] = []
    for block in blocks:
        models = block if isinstance(block.value, list) else block.member("models")
        if models is not None and isinstance(models.value, list):
            found.extend(models.elements())
        elif isinstance(block.value, dict) and "input_schema" in block.value:
            found.append(block)
    return found


def read_entry(block: Block) -> PageModel:
    """The model id and schemas in a catalogue entry."""
    if not isinstance(block.value, dict):
        raise SourceError(
            block.place,
            "this list contains an item that is not a catalogue entry",
            'An entry is an object: {"model_id": …, "input_schema": {…}}.',
        )
    schema, output = block.member("input_schema"), block.member("output_schema")
    if schema is None:
        raise SourceError(
            block.place,
            "this catalogue entry has no input_schema",
            "Request the catalogue with include_schema=true, and save that response.",
        )
    check_schema(schema)
    if output is not None:
        output = _wrapped_output(output) or output
        check_schema(output)
    return PageModel(block, block.member("model_id"), Roles(schema, output, None))


def check_schema(block: Block) -> None:
    """Raise ``SourceError`` for anything but an object schema, at the location of the fault."""
    value = block.value
    if not isinstance(value, dict):
        raise _no_object(block, f"the schema is {_kind(value)}, not a JSON object")
    if not {"properties", "type"} & value.keys() and not _leaves_it_to_others(value):
        raise _no_object(block, "the schema has neither type nor properties")
    type_ = value.get("type", "object")
    names = type_ if isinstance(type_, list) else [type_]
    if "object" not in [name.lower() for name in names if isinstance(name, str)]:
        raise _no_object(block.member("type") or block, f"the schema's type is {type_!r}")
    for properties in filter(None, [block.member("properties")]):
        if not isinstance(properties.value, dict):
            problem = f"the schema's properties are {_kind(properties.value)}, not a JSON object"
            raise _no_object(properties, problem)
        for name, schema in properties.value.items():
            if not isinstance(schema, dict | bool):
                problem = f"the schema of {name!r} is {_kind(schema)}, not a JSON object"
                raise _no_object(properties.member(name) or properties, problem)


def _no_object(block: Block, problem: str) -> SourceError:
    return SourceError(
        block.place,
        problem,
        'A model\'s schema reads {"type": "object", "properties": {…}}; copy the whole block.',
    )


def _kind(value: object) -> str:
    kinds = ((bool, "a boolean"), (str, "a string"), (list, "a list"), (dict, "an object"))
    if value is None:
        return "null"
    return next((word for kind, word in kinds if isinstance(value, kind)), "a number")


def _is_payload(block: Block) -> bool:
    before = block.document.text[max(0, block.start - 40) : block.start]
    return before.rstrip(_QUOTES).endswith(_DATA_OPTIONS)


def _is_schema(value: object) -> bool:
    if not isinstance(value, dict):
        return False
    type_ = value.get("type")
    declared = "properties" in value or (isinstance(type_, str) and type_.lower() in _TYPES)
    return declared or _leaves_it_to_others(value)


def _leaves_it_to_others(value: dict[str, Any]) -> bool:
    """Whether other schemas say what an object holds, as ``{"$ref": …}`` and ``{"allOf": […]}`` do."""
    ref = value.get("$ref")
    return (isinstance(ref, str) and ref.startswith("#")) or any(
        isinstance(value.get(keyword), list) for keyword in ("allOf", "anyOf", "oneOf")
    )


def _wrapped_output(block: Block) -> Block | None:
    """The schema in ``{"output": {schema}}``; a job's answer looks alike and is left alone."""
    inner = block.member("output")
    if inner is None or len(block.value) != 1:  # type: ignore[arg-type]  # member(): it is a dict
        return None
    is_answer = isinstance(inner.value, dict) and not _is_schema(inner.value)
    return None if is_answer else inner


def _looks_like_output(value: object) -> bool:
    properties = value.get("properties") if isinstance(value, dict) else None
    return isinstance(properties, dict) and bool(properties) and set(properties) <= _OUTPUT_NAMES


def _bare_payloads(others: Sequence[Block], schema: Block) -> list[Block]:
    """Payloads without their curl line: objects that hold inputs of the schema and no more."""
    properties = schema.value.get("properties") if isinstance(schema.value, dict) else None
    names = set(properties) if isinstance(properties, dict) else set()
    return _distinct(
        [
            block
            for block in others
            if isinstance(block.value, dict)
            and not _is_schema(block.value)
            and block.value
            and names >= set(block.value)
        ]
    )


def _distinct(blocks: Sequence[Block]) -> list[Block]:
    """The blocks without those that repeat an earlier one, be it in another order.

    They are compared as JSON, for Python takes ``1``, ``1.0`` and ``true`` to be equal.
    """
    first: dict[str, Block] = {}
    for block in blocks:
        first.setdefault(json.dumps(block.value, sort_keys=True), block)
    return list(first.values())


def _check_single(blocks: Sequence[Block], what: str) -> None:
    if len(blocks) > 1:
        raise SourceError(
            blocks[1].place,
            f"there are two different {what}; the first is at {blocks[0].place}",
            "Save one model per page.",
        )


def _first(blocks: Sequence[Block]) -> Block | None:
    return blocks[0] if blocks else None


def _no_input(blocks: Sequence[Block]) -> SourceError:
    last = blocks[-1]
    return SourceError(
        last.document.at(last.end),
        f"no input schema found in the {len(blocks)} JSON blocks up to here",
        'Save the whole page, or copy the block that starts {"type": "object", …}.',
    )
