"""One TypeScript module of types: ``runcomfy-codegen export typescript``."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from runcomfy.model.messages import printable
from runcomfy_codegen.schema.keywords import Schema
from runcomfy_codegen.schema.media_inputs import FoundInput

from .models import ExportedModel, definition_names, definitions

__all__ = ["typescript"]

_NAME = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*", re.ASCII)
#: Words that cannot name a namespace.
_RESERVED = frozenset(
    """
    any as async await boolean break case catch class const continue debugger declare default delete do else enum export
    extends false finally for from function get if implements import in instanceof interface is let module namespace never
    new null number object of package private protected public require return set static string super switch symbol this
    throw true try type typeof undefined unknown var void while with yield
    """.split()
)
_SCALARS = {
    "string": "string",
    "boolean": "boolean",
    "integer": "number",
    "number": "number",
    "null": "null",
}
_INDENT = "  "


def typescript(models: Sequence[ExportedModel]) -> str:
    """The text of the module: a namespace for each owner, and ``Models``, from model id to input and output."""
    lines = [
        "// Types of the RunComfy Model API, made by runcomfy-codegen export typescript. Do not edit.",
        "// Demo values are examples: nothing is filled in by the service for an input that is left out.",
        "",
    ]
    for owner in sorted({one.owner for one in models}):
        lines.append(f"export namespace {_namespace(owner)} {{")
        for model in models:
            if model.owner == owner:
                lines += [_INDENT + line if line else "" for line in _model(model)]
        lines += ["}", ""]
    lines += [
        "/** The input and the output of each model, by its id. */",
        "export interface Models {",
    ]
    for model in models:
        name = f"{_namespace(model.owner)}.{model.class_name}"
        lines.append(
            f"{_INDENT}{json.dumps(model.model_id)}: {{ input: {name}; output: {name}Output }};"
        )
    return "\n".join([*lines, "}"]) + "\n"


def _namespace(owner: str) -> str:
    return f"{owner}_" if owner in _RESERVED else owner


def _model(model: ExportedModel) -> Iterator[str]:
    for suffix, schema, media in (("", model.input, model.media), ("Output", model.output, [])):
        name = f"{model.class_name}{suffix}"
        writer = _Writer(name, schema, media)
        words = [
            f"A request to {model.model_id}." if not suffix else f"What {model.model_id} returns."
        ]
        if isinstance(schema.get("description"), str):
            words += ["", schema["description"]]
        yield from _comment(words)
        yield from writer.declaration()
        yield ""


class _Writer:
    """Writes the types of one schema."""

    def __init__(self, name: str, schema: Schema, media: list[FoundInput]) -> None:
        self._name = name
        self._schema = schema
        self._media = media
        #: Pointer -> name, of definitions that are referred to.
        self._named = definition_names(schema, name)

    def declaration(self) -> Iterator[str]:
        """The type of the schema, and those of its definitions."""
        yield f"export type {self._name} = {self._type(self._schema, top=True)};".replace(
            "\n", "\n  "
        )
        parts = definitions(self._schema)
        for pointer, name in self._named.items():
            yield f"export type {name} = {self._type(parts[pointer])};".replace("\n", "\n  ")

    def _type(self, schema: Any, *, top: bool = False) -> str:
        if not isinstance(schema, dict):
            return "unknown"
        parts = [self._own(schema, top=top)]
        if isinstance(schema.get("$ref"), str):
            parts.append(self._named.get(schema["$ref"].removeprefix("#"), "unknown"))
        parts += [self._type(one) for one in schema.get("allOf", ())]
        for keyword in ("anyOf", "oneOf"):
            if schema.get(keyword):
                parts.append(_union([self._type(one) for one in schema[keyword]]))
        known = list(dict.fromkeys(part for part in parts if part != "unknown"))
        return (
            " & ".join(_grouped(part) for part in known)
            if len(known) > 1
            else (known or ["unknown"])[0]
        )

    def _own(self, schema: Schema, *, top: bool) -> str:
        if "const" in schema:
            return _literal(schema["const"])
        if "enum" in schema:
            return _union([_literal(value) for value in schema["enum"]])
        given = schema.get("type", ["object"] if "properties" in schema or top else [])
        names = [given] if isinstance(given, str) else list(given)
        if top:
            names = ["object"]  # a payload is one, whatever else the schema would allow
        return _union([self._one(name, schema, top=top) for name in names]) if names else "unknown"

    def _one(self, name: str, schema: Schema, *, top: bool) -> str:
        if name == "array":
            return f"{_grouped(self._type(schema.get('items', {})))}[]"
        if name == "object":
            return self._object(schema, top=top)
        return _SCALARS.get(name, "unknown")

    def _object(self, schema: Schema, *, top: bool) -> str:
        properties = schema.get("properties", {})
        if not properties:
            others = schema.get("additionalProperties")
            inside = self._type(others) if isinstance(others, dict) and others else "unknown"
            return f"{{ [name: string]: {inside} }}"
        required = schema.get("required", ())
        lines = ["{"]
        for name, part in properties.items():
            rules = [one for one in self._media if top and one.path[0] == name]
            lines += [f"{_INDENT}{line}" for line in _comment(_words(part, rules))]
            mark = "" if name in required else "?"
            inside = self._type(part).replace("\n", f"\n{_INDENT}")
            lines.append(f"{_INDENT}{_key(name)}{mark}: {inside};")
        return "\n".join([*lines, "}"])


def _union(types: list[str]) -> str:
    distinct = list(dict.fromkeys(types))
    if "unknown" in distinct:
        return "unknown"
    return " | ".join(distinct) or "never"


def _grouped(text: str) -> str:
    return f"({text})" if " | " in text or " & " in text else text


def _key(name: str) -> str:
    return name if _NAME.fullmatch(name) else json.dumps(name)


def _literal(value: Any) -> str:
    """A type with this one value; of lists and objects, TypeScript is told their kind."""
    if isinstance(value, list):
        return "unknown[]"
    if isinstance(value, dict):
        return "{ [name: string]: unknown }"
    return json.dumps(value)


def _words(part: Any, media: list[FoundInput]) -> list[str]:
    """What is said of an input: its text, its limits, the rules of its files, and the demo value."""
    if not isinstance(part, dict):
        return []
    words = [
        text
        for name in ("title", "description")
        if isinstance(text := part.get(name), str) and text
    ]
    words += [
        f"{keyword}: {part[keyword]}"
        for keyword in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf",
                        "minLength", "maxLength", "minItems", "maxItems", "pattern", "format")
        if keyword in part
    ]  # fmt: skip
    for one in media:
        where = ".".join(one.path[1:])
        words += [
            f"File rule{f' of {where}' if where else ''}: {rule.metric} {rule.operator} {rule.limit}"
            + (f" ({rule.wording})" if rule.wording else "")
            for rule in one.rules
        ]
    if part.get("examples"):
        words.append(f"@example {json.dumps(part['examples'][0])}")
    return words


def _comment(words: list[str]) -> Iterator[str]:
    """A doc comment; no text can end it."""
    lines = [
        printable(line).replace("*/", "*\\/").rstrip()
        for text in words
        for line in (text.splitlines() or [""])
    ]
    if not lines:
        return
    yield "/**"
    yield from (f" * {line}" if line else " *" for line in lines)
    yield " */"
