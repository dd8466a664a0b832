"""Type hints for the fields of a schema, by datamodel-code-generator.

The library sees structure and nothing else: every name and every text of the schema is replaced by a token
before, and put back, as a name or literal of ours, after. Our Jinja templates (``templates/types``)
make it write one plain line for each field.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from runcomfy_codegen.schema.keywords import Schema, step

from .library_hints import library_hints
from .literals import literal
from .names import Identifier, nested_class_name

__all__ = ["NestedType", "Types", "hints"]

#: The class of the schema as a whole.
_ROOT = "C0"
_TOKEN = re.compile(r"'(v\d+)'|\b(C\d+)\b")
#: A step to a schema that says more of the same value, or of the items of a list.
_SAME = re.compile(r"/(?:anyOf/\d+|oneOf/\d+|items)$")
#: What the library calls the text that is a file, which has a type of its own in our hints.
_FILE = {"type": "string", "format": "binary"}
_FILE_HINT = re.compile(r"\bbytes\b")
#: Names that a hint may hold, beside the tokens.
_HINT_NAMES = {
    "Any", "Literal", "Mapping", "MediaSource", "Sequence", "None", "bool", "dict", "float", "int", "list", "str",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class NestedType:
    """An object inside an input or output: a ``TypedDict`` of its members."""

    name: Identifier
    #: The names that lead to it, for people.
    path: str
    #: Where it stands in the schema, as a JSON pointer.
    pointer: str
    schema: Schema
    #: (wire name, hint, whether required)
    members: tuple[tuple[str, str, bool], ...]


@dataclass(frozen=True, slots=True)
class Types:
    """The hints of a schema's properties, by wire name, and the nested types that they use."""

    hints: dict[str, str]
    nested: tuple[NestedType, ...]


def hints(
    schema: Schema,
    class_name: Identifier,
    templates: Path,
    *,
    frozen: bool,
    names: Mapping[str, str] | None = None,
    media: Collection[str] = (),
) -> Types:
    """The types of a clean object schema.

    ``names`` holds names of our choosing for its properties; nested types follow them. ``frozen``
    asks for ``Sequence`` and ``Mapping`` (inputs) instead of ``list`` and ``dict`` (outputs).
    ``media`` holds the pointers of media inputs, whose texts are ``MediaSource``.
    """
    tokens = _Tokens(schema, class_name, names or {}, media)
    return tokens.read(tokens.structures(), templates, frozen=frozen)


@dataclass(frozen=True, slots=True)
class _HintPath:
    """The way to a part of a schema: in names, as types are named after it, and as a JSON pointer."""

    names: tuple[str, ...] = ()
    pointer: str = ""

    def to(self, name: str | None, *steps: object) -> _HintPath:
        """The way that goes on; ``None`` adds no name."""
        names = self.names if name is None else (*self.names, name)
        return _HintPath(names, step(self.pointer, *steps))


@dataclass
class _Tokens:
    """A schema with tokens for all that is text, and the way back from the tokens."""

    schema: Schema
    class_name: Identifier
    names: Mapping[str, str]
    media: Collection[str] = ()
    values: list[object] = field(default_factory=list)
    classes: dict[str, tuple[Identifier, Schema]] = field(default_factory=dict)
    #: Pointer of a referenced part -> its class token, so that recursion ends.
    referenced: dict[str, str] = field(default_factory=dict)
    _ways: dict[str, _HintPath] = field(default_factory=dict)

    def structures(self) -> dict[str, dict[str, Any]]:
        """The structure of each class, by its token; the root's comes first."""
        found = {_ROOT: self._object(_ROOT, self.class_name, self.schema, _HintPath())}
        while len(found) < len(self.classes):
            for token in list(self.classes):
                if token not in found:
                    found[token] = self._members(token)
        return found

    def _object(
        self, token: str, name: Identifier, schema: Schema, way: _HintPath
    ) -> dict[str, Any]:
        self.classes[token] = (name, schema)
        self._ways[token] = way
        return self._members(token) if token == _ROOT else {"$ref": f"#/$defs/{token}"}

    def _members(self, token: str) -> dict[str, Any]:
        _, schema = self.classes[token]
        names = list(schema.get("properties", {}))
        required = set(schema.get("required", ()))
        return {
            "type": "object",
            "properties": {
                f"p{i}": self._type(
                    schema["properties"][name], self._ways[token].to(name, "properties", name)
                )
                for i, name in enumerate(names)
            },
            "required": [f"p{i}" for i, name in enumerate(names) if name in required],
        }

    def _type(self, schema: Schema, way: _HintPath) -> dict[str, Any]:
        """The structure of ``schema``; ``{}`` stands for any value."""
        if "enum" in schema or "const" in schema:
            return self._choice(schema, way)
        if "$ref" in schema:
            return self._reference(schema["$ref"])
        for keyword in ("anyOf", "oneOf"):
            if keyword in schema and "type" not in schema:
                return {"anyOf": self._options(schema[keyword], way.to(None, keyword))}
        names = schema.get("type")
        if isinstance(names, list):
            return {"anyOf": [self._type({**schema, "type": name}, way) for name in names]}
        if not isinstance(names, str):
            return {}
        return _STRUCTURES.get(names, _Tokens._scalar)(self, schema, way)

    def _options(self, parts: list[Schema], way: _HintPath) -> list[dict[str, Any]]:
        # Objects share the way to them, so each is told apart by its place among the options.
        shared = sum(not _STRUCTURES.keys().isdisjoint(_type_names(part)) for part in parts) > 1
        return [
            self._type(part, way.to(f"option{i + 1}" if shared else None, i))
            for i, part in enumerate(parts)
        ]

    def _scalar(self, schema: Schema, way: _HintPath) -> dict[str, Any]:
        is_file = schema["type"] == "string" and self._is_media(way.pointer)
        return _FILE if is_file else {"type": schema["type"]}

    def _array(self, schema: Schema, way: _HintPath) -> dict[str, Any]:
        inner = way.to("item", "items")
        items = schema.get("items", {})
        if not items and self._is_media(inner.pointer):
            return {"type": "array", "items": _FILE}
        return {"type": "array", "items": self._type(items, inner) if items else {}}

    def _is_media(self, pointer: str) -> bool:
        while pointer not in self.media:
            shorter = _SAME.sub("", pointer)
            if shorter == pointer:
                return False
            pointer = shorter
        return True

    def _nested(self, schema: Schema, way: _HintPath) -> dict[str, Any]:
        if schema.get("properties"):
            first, *others = way.names
            name = nested_class_name(self.class_name, (self.names.get(first, first), *others))
            return self._object(f"C{len(self.classes)}", name, schema, way)
        inner = schema.get("additionalProperties")
        if isinstance(inner, dict) and inner:
            value = self._type(inner, way.to("value", "additionalProperties"))
            return {"type": "object", "additionalProperties": value}
        return {"type": "object"}

    def _choice(self, schema: Schema, way: _HintPath) -> dict[str, Any]:
        values = [schema["const"]] if "const" in schema else schema["enum"]
        if not all(value is None or isinstance(value, (str, int)) for value in values):
            rest = {k: v for k, v in schema.items() if k not in ("enum", "const")}
            return self._type(rest, way)
        distinct = {(type(value), value): value for value in values}.values()
        tokens = [f"v{len(self.values) + i}" for i in range(len(distinct))]
        self.values += distinct
        return {"type": "string", "enum": tokens}

    def _reference(self, ref: str) -> dict[str, Any]:
        parts = unquote(ref[1:]).split("/")[1:]
        steps = [part.replace("~1", "/").replace("~0", "~") for part in parts]
        if not steps:  # the payload itself, which is no type of its own
            return {"type": "object"}
        if ref in self.referenced:
            return {"$ref": f"#/$defs/{self.referenced[ref]}"}
        part: Any = self.schema
        for one in steps:
            part = part[int(one) if isinstance(part, list) else one]
        if part.get("type") != "object" or not part.get("properties"):
            # Only an object has a name to refer to; a type that refers to itself stays open.
            plain = {k: v for k, v in part.items() if k in ("type", "enum", "const")}
            return (
                self._type(plain, _HintPath(tuple(steps), step("", *steps)))
                if part.get("type") != "array"
                else _ANY_LIST
            )
        token = self.referenced[ref] = f"C{len(self.classes)}"
        way = _HintPath((steps[-1],), step("", *steps))
        return self._object(token, nested_class_name(self.class_name, way.names), part, way)

    def read(
        self, structures: dict[str, dict[str, Any]], templates: Path, *, frozen: bool
    ) -> Types:
        """The types, by what the library makes of the structures."""
        fields = [one for token in self.classes for one in structures[token]["properties"].values()]
        hints = map(self._with_values, library_hints(fields, templates, frozen=frozen))
        by_token: dict[str, tuple[tuple[str, str, bool], ...]] = {}
        for token, (_, schema) in self.classes.items():
            members = structures[token]
            by_token[token] = tuple(
                (wire, next(hints), name in members["required"])
                for wire, name in zip(
                    schema.get("properties", {}), members["properties"], strict=True
                )
            )
        root = by_token.pop(_ROOT)
        nested = tuple(
            NestedType(
                self.classes[token][0],
                "/".join(self._ways[token].names),
                self._ways[token].pointer,
                self.classes[token][1],
                members,
            )
            for token, members in by_token.items()
        )
        return Types({wire: hint for wire, hint, _ in root}, nested)

    def _with_values(self, hint: str) -> str:
        hint = _FILE_HINT.sub("MediaSource", hint)
        unknown = set(re.findall(r"\b[A-Za-z_]\w*\b", _TOKEN.sub("", hint))) - _HINT_NAMES
        if unknown:
            raise TypeError(f"the hint {hint!r} holds names that are not expected: {unknown}")
        return _TOKEN.sub(
            lambda match: (
                literal(self.values[int(match[1][1:])]) if match[1] else self.classes[match[2]][0]
            ),
            hint,
        )


def _type_names(schema: Schema) -> list[str]:
    names = schema.get("type", [])
    return [names] if isinstance(names, str) else list(names)


_ANY_LIST: dict[str, Any] = {"type": "array", "items": {}}

_STRUCTURES: dict[str, Callable[[_Tokens, Schema, _HintPath], dict[str, Any]]] = {
    "array": _Tokens._array,
    "object": _Tokens._nested,
}
