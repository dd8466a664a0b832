"""Type hints for the fields of a schema, by datamodel-code-generator.

The library sees structure and nothing else: every name and every text of the schema is replaced by a token
before, and put back, as a name or literal of ours, after. Our Jinja templates (``templates/types``)
make it write one plain line for each field.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runcomfy_codegen.diagnostics import Diagnostic
from runcomfy_codegen.schema.flatten import Flattener
from runcomfy_codegen.schema.keywords import SCHEMA_LIST, SCHEMA_MAP, Schema, schemas_in

from .library_hints import library_hints
from .names import Identifier
from .nested_names import NestedPath, first_alike, name_classes, with_first
from .python_source import literal

__all__ = ["NestedType", "TypedMember", "Types", "hints", "types_of"]

#: The class of the schema as a whole.
_ROOT = "C0"
_TOKEN = re.compile(r"'(v\d+)'|\b(C\d+)\b")
#: A step to a schema that says more of the same value, or of the items of a list.
_SAME = re.compile(r"/(?:anyOf/\d+|oneOf/\d+|items)$")
#: Parts that are looked at for one hint; a union that doubles at each reference ends in ``Any``.
_MOST_STEPS = 300
#: What the library calls the text that is a file, which has a type of its own in our hints.
_FILE = {"type": "string", "format": "binary"}
_FILE_HINT = re.compile(r"\bbytes\b")
#: The clean form of a schema that accepts nothing.
_NOTHING: Schema = {"not": {}}
#: What is said of an object in one place, and not of its members.
_OF_ONE_USE = {"title", "default", "example", "examples"}
_JSON_TYPES = {
    str: "string",
    bool: "boolean",
    int: "integer",
    float: "number",
    type(None): "null",
    list: "array",
    dict: "object",
}
#: Values of these types have no place in a ``Literal``; their structure.
_NO_LITERAL: dict[str, dict[str, Any]] = {
    "number": {"type": "number"},
    "array": {"type": "array", "items": {}},
    "object": {"type": "object"},
}
#: Names that a hint may hold, beside the tokens.
_HINT_NAMES = {
    "Any", "Literal", "Mapping", "MediaSource", "Sequence", "None", "bool", "dict", "float", "int", "list", "str",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class TypedMember:
    """A member of a nested object: its schema in clean vocabulary, and where that stands."""

    wire_name: str
    hint: str
    required: bool
    schema: Schema
    pointer: str


@dataclass(frozen=True, slots=True)
class NestedType:
    """An object inside an input or output: a ``TypedDict`` of its members."""

    name: Identifier
    #: The names that lead to it, for people.
    path: str
    #: Where it stands in the schema, as a JSON pointer.
    pointer: str
    members: tuple[TypedMember, ...]


@dataclass(frozen=True, slots=True)
class Types:
    """The hints of a schema's properties, by wire name, and the nested types that they use."""

    hints: dict[str, str]
    nested: tuple[NestedType, ...]
    #: Where a hint says less than the schema.
    notes: tuple[Diagnostic, ...]


def hints(
    schema: Schema,
    class_name: Identifier,
    templates: Path,
    *,
    frozen: bool,
    names: Mapping[str, str] | None = None,
    media: Collection[str] = (),
    taken: Collection[str] = (),
    written: Schema | None = None,
) -> Types:
    """The types of a clean object schema.

    ``names`` holds names of our choosing for its properties; nested types follow them. ``frozen``
    asks for ``Sequence`` and ``Mapping`` (inputs) instead of ``list`` and ``dict`` (outputs).
    ``media`` holds the pointers of media inputs, whose texts are ``MediaSource``, and ``taken`` the names of
    other classes. ``written`` is the schema with its texts: objects that differ in these have a class each.
    """
    tokens = _Tokens(
        schema, class_name, names or {}, media, {class_name, *taken}, written or schema
    )
    return tokens.read(tokens.structures(), templates, frozen=frozen)


@dataclass
class _Tokens:
    """A schema with tokens for all that is text, and the way back from the tokens."""

    schema: Schema
    class_name: Identifier
    names: Mapping[str, str]
    media: Collection[str]
    taken: set[str]
    written: Schema
    #: The values of each choice, as they stand in a hint; one token is all of them.
    values: list[str] = field(default_factory=list)
    #: Token -> the way to an object, and its flat schema.
    classes: dict[str, tuple[NestedPath, Schema]] = field(default_factory=dict)
    #: Pointer of an object -> its token, so that it is one class wherever it is used, and recursion ends.
    known: dict[str, str] = field(default_factory=dict)
    #: Pointers of references that are being followed; one that leads back to itself stays open.
    open: set[str] = field(default_factory=set)
    #: Token -> the name of the class, once all objects are known.
    class_names: dict[str, Identifier] = field(default_factory=dict)
    #: Parts that were looked at for the current hint, and where that is asked for.
    steps: int = 0
    asked: str = ""
    #: Where a hint says less than the schema, by place.
    notes: dict[str, Diagnostic] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.flattener = Flattener(self.schema)
        self.pointers = {id(part): pointer for pointer, part in schemas_in(self.schema)}

    def structures(self) -> dict[str, dict[str, Any]]:
        """The structure of each class, by its token; the root's comes first."""
        self.classes[_ROOT] = NestedPath(), self.schema
        self.known[""] = _ROOT
        found: dict[str, dict[str, Any]] = {}
        while len(found) < len(self.classes):
            for token in list(self.classes):
                if token not in found:
                    found[token] = self._members(token)
        return found

    def _members(self, token: str) -> dict[str, Any]:
        path, schema = self.classes[token]
        properties = schema.get("properties", {})
        required = set(schema.get("required", ()))
        return {
            "type": "object",
            "properties": {
                f"p{i}": self._hint(part, self._member_path(path, name, part))
                for i, (name, part) in enumerate(properties.items())
            },
            "required": [f"p{i}" for i, name in enumerate(properties) if name in required],
        }

    def _member_path(self, path: NestedPath, name: str, part: Schema) -> NestedPath:
        """The way to a member, which may come from another part of the schema."""
        return self._at(path.to(name, "properties", name), part)

    def _at(self, path: NestedPath, part: object) -> NestedPath:
        """The way to a part, at the place where the part stands."""
        return NestedPath(path.names, self.pointers.get(id(part), path.pointer), path.options)

    def _hint(self, schema: Schema, path: NestedPath) -> dict[str, Any]:
        self.steps, self.asked = 0, path.pointer
        return self._type(schema, path)

    def _type(self, schema: Schema, path: NestedPath) -> dict[str, Any]:
        """The structure of ``schema``; ``{}`` stands for any value."""
        self.steps += 1
        if self.steps > _MOST_STEPS:
            return self._anything(self.asked, "the union is too large")
        target, place = self.flattener.named(schema)
        if place is None:
            return self._structure(self.flattener.flat(schema), path)
        if not place:  # the payload itself, which is no type of its own
            self._anything(path.pointer, "it contains the payload itself again")
            return {"type": "object"}
        if place in self.open:
            return self._anything(place, "it contains itself without an object in between")
        self.open.add(place)
        try:
            return self._structure(self.flattener.flat(target), _path_of(place))
        finally:
            self.open.remove(place)

    def _anything(self, place: str, why: str) -> dict[str, Any]:
        """The structure of any value, where the schema says more; that is reported."""
        text = f"is less precise than the schema: {why}. Values are still validated"
        self.notes[place] = Diagnostic(place, "documented", "type hint", text)
        return {}

    def _structure(self, schema: Schema, path: NestedPath) -> dict[str, Any]:
        if "enum" in schema or "const" in schema:
            return self._choice(schema, path)
        names = schema.get("type")
        for keyword in ("anyOf", "oneOf"):
            if keyword in schema and not isinstance(names, str):
                return self._union(schema[keyword], path, keyword)
        if isinstance(names, list):
            return {"anyOf": [self._structure({**schema, "type": name}, path) for name in names]}
        if not isinstance(names, str):
            if "properties" in schema:
                return self._nested(schema, path)
            return {}
        return _STRUCTURES.get(names, _Tokens._scalar)(self, schema, path)

    def _union(self, parts: list[Schema], path: NestedPath, keyword: str) -> dict[str, Any]:
        # Objects share the way to them, so each is distinguished by its mark, or by its place among the options.
        objects = sum(not _STRUCTURES.keys().isdisjoint(self._type_names(part)) for part in parts)
        marks = [self._mark(part) or f"option{i + 1}" for i, part in enumerate(parts)]
        if len(set(marks)) < len(marks):
            marks = [f"option{i + 1}" for i in range(len(parts))]
        options: list[dict[str, Any]] = []
        for i, part in enumerate(parts):
            option = self._at(path.option(marks[i] if objects > 1 else None, keyword, i), part)
            made = self._type(part, option)
            if made not in options:
                options.append(made)
        return {"anyOf": _joined_lists(options)}

    def _mark(self, part: Schema) -> str | None:
        """The value of a member that distinguishes an option from the others, such as ``{"type": {"const": "audio"}}``."""
        properties = self.flattener.flat(part).get("properties", {})
        for member in properties.values():
            flat = self.flattener.flat(member)
            values = [flat["const"]] if "const" in flat else flat.get("enum", [])
            if len(values) == 1 and isinstance(values[0], str) and values[0].isascii():
                mark = "".join(c if c.isalnum() else " " for c in values[0]).strip()
                return mark[:40] or None
        return None

    def _type_names(self, part: Schema) -> list[str]:
        flat = self.flattener.flat(part)
        names = flat.get("type", ["object"] if "properties" in flat else [])
        return [names] if isinstance(names, str) else list(names)

    def _scalar(self, schema: Schema, path: NestedPath) -> dict[str, Any]:
        is_file = schema["type"] == "string" and self._is_media(path.pointer)
        return _FILE if is_file else {"type": schema["type"]}

    def _array(self, schema: Schema, path: NestedPath) -> dict[str, Any]:
        items = schema.get("items", {})
        inner = self._at(path.to("item", "items"), items)
        if "prefixItems" in schema:
            return {"type": "array", "items": self._positions(schema, path)}
        if not items and self._is_media(inner.pointer):
            return {"type": "array", "items": _FILE}
        return {"type": "array", "items": self._type(items, inner) if items else {}}

    def _positions(self, schema: Schema, path: NestedPath) -> dict[str, Any]:
        """The items of a list whose positions have schemas of their own; the hint ignores positions."""
        parts = list(schema["prefixItems"])
        rest = schema.get("items")
        if rest not in (None, _NOTHING):
            parts.append(rest)
        elif rest is None and schema.get("maxItems", len(parts) + 1) > len(parts):
            return {}  # what follows may be anything
        return self._union(parts, path, "prefixItems")

    def _is_media(self, pointer: str) -> bool:
        while pointer not in self.media:
            shorter = _SAME.sub("", pointer)
            if shorter == pointer:
                return False
            pointer = shorter
        return True

    def _nested(self, schema: Schema, path: NestedPath) -> dict[str, Any]:
        if schema.get("properties"):
            token = self.known.get(path.pointer)
            if token is None:
                token = self.known[path.pointer] = f"C{len(self.classes)}"
                self.classes[token] = path, schema
            return {"$ref": f"#/$defs/{token}"}
        inner, patterns = schema.get("additionalProperties"), schema.get("patternProperties", {})
        values = list(patterns.values()) if inner is False else []
        if isinstance(inner, dict) and inner not in ({}, _NOTHING):
            values = [*patterns.values(), inner]
        if not values:
            return {"type": "object"}
        to = path.to("value", "additionalProperties")
        if len(values) == 1:
            value = self._type(values[0], self._at(to, values[0]))
        else:
            value = self._union(values, to, "anyOf")
        return {"type": "object", "additionalProperties": value}

    def _choice(self, schema: Schema, path: NestedPath) -> dict[str, Any]:
        values = [schema["const"]] if "const" in schema else schema["enum"]
        simple = [value for value in values if value is None or isinstance(value, (str, int))]
        rest = {k: v for k, v in schema.items() if k not in ("enum", "const")}
        has_structure = not rest.keys().isdisjoint(("type", "anyOf", "oneOf", "properties"))
        if not values or (has_structure and len(simple) < len(values)):
            return self._structure(rest, path)
        options = [_NO_LITERAL[name] for name in types_of(values) if name in _NO_LITERAL]
        if simple:
            distinct = {(type(value), value): value for value in simple}.values()
            self.values.append(", ".join(map(literal, distinct)))
            options.insert(0, {"type": "string", "enum": [f"v{len(self.values) - 1}"]})
        return options[0] if len(options) == 1 else {"anyOf": options}

    def read(
        self, structures: dict[str, dict[str, Any]], templates: Path, *, frozen: bool
    ) -> Types:
        """The types, by what the library makes of the structures."""
        first = {_ROOT: _ROOT} | self._first_alike()
        kept = {token: self.classes[token] for token in self.classes if first[token] == token}
        objects = {token: one for token, one in kept.items() if token != _ROOT}
        fields = [one for token in kept for one in structures[token]["properties"].values()]
        fields = [with_first(one, first) for one in fields]
        self.class_names = name_classes(self.class_name, objects, self.names, self.taken)
        hints = map(self._with_values, library_hints(fields, templates, frozen=frozen))
        members = {
            token: tuple(self._typed(path, schema, structures[token], hints))
            for token, (path, schema) in kept.items()
        }
        nested: dict[Identifier, NestedType] = {}
        for token, (path, _) in objects.items():
            name = self.class_names[token]
            one = NestedType(name, "/".join(path.options), path.pointer, members[token])
            nested.setdefault(name, one)
        by_wire = {one.wire_name: one.hint for one in members[_ROOT]}
        return Types(by_wire, tuple(nested.values()), tuple(self.notes.values()))

    def _first_alike(self) -> dict[str, str]:
        """The object whose class each object has, by token: where all that a class says is the same."""
        parts = dict(schemas_in(self.written))
        paths = {token: path for token, (path, _) in self.classes.items() if token != _ROOT}
        texts: dict[str, str] = {}
        for token, path in paths.items():
            part = parts.get(path.pointer, self.classes[token][1])
            said = {k: v for k, v in part.items() if k not in _OF_ONE_USE}
            start = f"{path.pointer}/"
            files = sorted(one.removeprefix(start) for one in self.media if one.startswith(start))
            texts[token] = json.dumps([said, files], sort_keys=True)
        return first_alike(paths, texts, self.names)

    def _typed(
        self, path: NestedPath, schema: Schema, structure: dict[str, Any], hints: Iterator[str]
    ) -> Iterator[TypedMember]:
        """The members of an object; takes the hint of each from ``hints``."""
        properties = schema.get("properties", {})
        for name, (wire, part) in zip(structure["properties"], properties.items(), strict=True):
            yield TypedMember(
                wire,
                next(hints),
                name in structure["required"],
                self.flattener.flat(part),
                self._member_path(path, wire, part).pointer,
            )

    def _with_values(self, hint: str) -> str:
        hint = _FILE_HINT.sub("MediaSource", hint)
        unknown = set(re.findall(r"\b[A-Za-z_]\w*\b", _TOKEN.sub("", hint))) - _HINT_NAMES
        if unknown:
            raise TypeError(f"the hint {hint!r} holds names that are not expected: {unknown}")
        return _TOKEN.sub(
            lambda match: (
                self.values[int(match[1][1:])] if match[1] else self.class_names[match[2]]
            ),
            hint,
        )


def _path_of(pointer: str) -> NestedPath:
    """The way to what a reference leads to: the names on it, from the last definition on."""
    path = NestedPath((), pointer)
    steps = [one.replace("~1", "/").replace("~0", "~") for one in pointer.split("/")[1:]]
    names: list[str] = []
    while steps:
        keyword = steps.pop(0)
        if keyword in ("$defs", "definitions") and steps:
            names = [steps.pop(0)]
        elif keyword in SCHEMA_MAP and steps:
            names.append(steps.pop(0))
        elif keyword in SCHEMA_LIST and steps:
            number = steps.pop(0)
            names += (
                [f"option{int(number) + 1}"] if keyword != "allOf" and number.isdecimal() else []
            )
        else:
            names.append({"items": "item", "additionalProperties": "value"}.get(keyword, keyword))
    return NestedPath(tuple(names), path.pointer, tuple(names))


def types_of(values: list[Any]) -> list[str]:
    """The JSON types of values that are recorded, each once; a float is a number, whatever it is."""
    return list(dict.fromkeys(_JSON_TYPES[type(value)] for value in values))


def _joined_lists(options: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Lists of objects as one list of several objects: type checkers can distinguish only the latter."""
    lists = [one for one in options if one.get("type") == "array" and "$ref" in str(one)]
    if len(lists) < 2:
        return options
    joined = {"type": "array", "items": {"anyOf": [one["items"] for one in lists]}}
    return [joined if one is lists[0] else one for one in options if one not in lists[1:]]


_STRUCTURES: dict[str, Callable[[_Tokens, Schema, NestedPath], dict[str, Any]]] = {
    "array": _Tokens._array,
    "object": _Tokens._nested,
}
