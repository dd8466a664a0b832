"""The msgspec type of a model's clean payloads, made from the input schema at run time.

msgspec decodes a text and checks it against a type in one pass, in a fraction of the time of decoding and checking
separately. A type made here accepts only payloads that are certainly clean; whatever it refuses gets the usual check.
So a rule here may be too narrow, but never too wide:

- a value with an unknown keyword is always refused;
- numbers stay within 2**53, because larger floats are not distinguished from their neighbours;
- undeclared members of an object are refused, even if the schema allows them.

The generator is not imported: this reads the stored schema with its own, smaller vocabulary.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial, reduce
from itertools import chain
from math import inf
from operator import attrgetter, or_
from typing import Annotated, Any, Literal, NamedTuple

from msgspec import UNSET, Meta, UnsetType, defstruct

from .msgspec_constraints import (
    WIDEST,
    Refused,
    integer_meta,
    is_number,
    number_meta,
    sizes,
    text_meta,
)

__all__ = ["CleanType", "Media", "clean_type"]

Schema = dict[str, Any]

#: Keywords that a validator ignores.
_ANNOTATIONS = frozenset(
    "title description default examples example deprecated readOnly writeOnly $comment $schema"
    " validations format $defs definitions".split()
)
#: Keywords that apply to one JSON type only.
_TYPED = frozenset(
    "minimum maximum exclusiveMinimum exclusiveMaximum multipleOf minLength maxLength pattern minItems"
    " maxItems items properties required additionalProperties minProperties maxProperties".split()
)
_ALIASES = {"float": "number", "double": "number", "int": "integer", "bool": "boolean"}
#: Levels of lists and objects that a type is made for, and how many schemas; references may multiply them.
_DEEPEST, _MOST = 8, 2_000
#: A value of any type without an inside.
_SCALAR = str | int | float | bool | None


class _Node(NamedTuple):
    """The type for one schema, with what is needed to find the media values inside."""

    type: Any
    #: The JSON types of its values; msgspec cannot distinguish two nodes that share one.
    kinds: frozenset[str]
    item: _Node | None = None
    fields: dict[str, tuple[str, _Node]] = {}  # noqa: RUF012  # the members of an object: attribute and node


class Media:
    """The location of a media input's URLs in decoded payloads."""

    __slots__ = ("_steps", "attribute", "rules")

    def __init__(self, attribute: str, steps: list[str | None], rules: int) -> None:
        #: The attribute of the payload that leads to them.
        self.attribute = attribute
        #: The way on from its value: an attribute, or ``None`` for the items of lists.
        self._steps = [None if step is None else attrgetter(step) for step in steps]
        #: How many rules there are for each file.
        self.rules = rules

    def urls(self, values: Iterable[Any]) -> list[str]:
        """The URLs in the values of ``attribute`` of many payloads."""
        for step in self._steps:
            values = chain.from_iterable(values) if step is None else map(step, values)
        # Texts that were not given are "", and no URL is; lists that were not given are empty.
        return list(values if self._steps[-1:] == [None] else filter(None, values))


class CleanType(NamedTuple):
    """A type that accepts only clean payloads, except for the URLs at ``media``, which are checked separately."""

    type: Any
    media: tuple[Media, ...]


def clean_type(
    schema: object, known: frozenset[str], media: Iterable[tuple[tuple[str, ...], int]]
) -> CleanType | None:
    """The type of the clean payloads of an input schema, or ``None`` where none can be made.

    ``known`` holds the names of the inputs, ``media`` the path of each media input and how many rules it has.
    """
    media = list(media)
    builder = _Builder(schema, [path for path, _ in media])
    try:
        if not isinstance(schema, dict) or str(schema.get("type", "object")).lower() != "object":
            return None
        if schema.keys() - _ANNOTATIONS - _TYPED - {"type"}:
            return None
        root = builder.object(schema, (), 0, known)
        found = [Media(*steps, rules) for path, rules in media if (steps := _steps(root, path))]
    except (Refused, RecursionError):
        return None
    return CleanType(root.type, tuple(found))


def _steps(node: _Node, path: tuple[str, ...]) -> tuple[str, list[str | None]] | None:
    """How the values at ``path`` are reached: by which attribute, and how on; ``None`` if no accepted payload has any."""
    steps: list[str | None] = []
    for name in (*path, None):
        while node.item is not None:
            steps.append(None)
            node = node.item
        if name is None:
            break
        if name not in node.fields:
            return None
        attribute, node = node.fields[name]
        steps.append(attribute)
    first, *others = steps
    return (first, others) if first and "string" in node.kinds else None


class _Builder:
    """Makes the types of one schema."""

    def __init__(self, root: object, media: list[tuple[str, ...]]) -> None:
        self.root = root
        self.media = media
        self.left = _MOST

    def has_media(self, path: tuple[str, ...]) -> bool:
        """Whether a media value stands at ``path`` or below."""
        return any(media[: len(path)] == path for media in self.media)

    def value(self, schema: object, path: tuple[str, ...], depth: int) -> _Node:
        """The type for any schema. ``path`` holds the names of the members that lead to it."""
        self.left -= 1
        if self.left < 0:
            raise RecursionError
        if depth > _DEEPEST:
            raise Refused
        if schema is True:
            schema = {}
        if not isinstance(schema, dict):
            raise Refused
        asked = schema.keys() - _ANNOTATIONS
        if len(asked) == 1 and (combined := self.combined(schema, asked, path, depth)):
            return combined
        if {"enum", "const"} & asked:
            return self.chosen(schema, asked, path)
        if asked - _TYPED - {"type", "nullable"}:
            raise Refused
        if "type" not in asked:
            if asked:
                raise Refused
            return self.anything(path)
        names = _names(schema["type"])
        if schema.get("nullable") is True:
            names.append("null")
        if "number" in names:
            names = [name for name in names if name != "integer"]
        return self.united((partial(self.typed, n, schema, path, depth) for n in names), path)

    def combined(
        self, schema: Schema, asked: set[str], path: tuple[str, ...], depth: int
    ) -> _Node | None:
        """The type for a schema that consists of one keyword about other schemas."""
        (keyword,) = asked
        value = schema[keyword]
        if keyword == "$ref":
            return self.value(self.target(value), path, depth + 1)
        if keyword not in ("anyOf", "oneOf", "allOf"):
            return None
        if not isinstance(value, list) or not value or (keyword == "allOf" and len(value) > 1):
            raise Refused
        if keyword == "oneOf" and not _are_disjoint(value):
            raise Refused
        return self.united((partial(self.value, part, path, depth + 1) for part in value), path)

    def target(self, reference: object) -> object:
        """What a reference inside the document points to."""
        if not isinstance(reference, str) or not reference.startswith("#/") or "%" in reference:
            raise Refused
        found = self.root
        for step in reference[2:].split("/"):
            name = step.replace("~1", "/").replace("~0", "~")
            if not isinstance(found, dict) or name not in found:
                raise Refused
            found = found[name]
        return found

    def united(self, makers: Iterator[Any], path: tuple[str, ...]) -> _Node:
        """One type for several: of each JSON type the first, and where media values stand a single one."""
        nodes: list[_Node] = []
        for make in makers:
            try:
                node = make()
            except Refused:
                continue
            if not any(node.kinds & other.kinds for other in nodes):
                nodes.append(node)
        if self.has_media(path):
            nodes = [node for node in nodes if node.kinds <= {"string", "array", "object"}][:1]
        if not nodes:
            raise Refused
        if len(nodes) == 1:
            return nodes[0]
        kinds = frozenset().union(*(node.kinds for node in nodes))
        return _Node(reduce(or_, (node.type for node in nodes)), kinds)

    def chosen(self, schema: Schema, asked: set[str], path: tuple[str, ...]) -> _Node:
        """Those of the allowed values that msgspec compares as JSON does: texts, integers and null."""
        if asked - {"type", "enum", "const"} or {"enum", "const"} <= asked:
            raise Refused
        given = schema["enum"] if "enum" in schema else [schema["const"]]
        if not isinstance(given, list):
            raise Refused
        names = _names(schema["type"]) if "type" in schema else ["string", "number", "null"]
        values = [value for value in given if _kind(value) in names]
        if "number" in names:
            values += [value for value in given if _kind(value) == "integer"]
        if self.has_media(path):
            values = [value for value in values if value and isinstance(value, str)]
        if not values:
            raise Refused
        return _Node(Literal[tuple(values)], frozenset(map(_kind, values)))

    def anything(self, path: tuple[str, ...]) -> _Node:
        """Any JSON value, as long as it is flat: what is deeper is looked at level by level elsewhere."""
        if self.has_media(path):
            raise Refused
        kinds = "string integer number boolean null array object".split()
        return _Node(_SCALAR | list[_SCALAR] | dict[str, _SCALAR], frozenset(kinds))

    def typed(self, name: str, schema: Schema, path: tuple[str, ...], depth: int) -> _Node:
        """The type for one JSON type with the keywords that concern it."""
        kinds = frozenset({name})
        if name == "string":
            least = 1 if self.has_media(path) else 0
            return _Node(Annotated[str, text_meta(schema, least)], kinds)
        if name == "integer":
            return _Node(Annotated[int, integer_meta(schema)], kinds)
        if name == "number":
            return _Node(Annotated[float, number_meta(schema)], kinds | {"integer"})
        if name == "array":
            return self.array(schema, path, depth)
        if name == "object":
            if {"properties", "required", "additionalProperties"} & schema.keys():
                return self.object(schema, path, depth)
            if self.has_media(path):
                raise Refused
            limits = sizes(schema, "minProperties", "maxProperties")
            return _Node(Annotated[dict[str, _SCALAR], Meta(**limits)], kinds)
        return _Node({"boolean": bool, "null": type(None)}[name], kinds)

    def array(self, schema: Schema, path: tuple[str, ...], depth: int) -> _Node:
        """The type for lists."""
        limits = sizes(schema, "minItems", "maxItems")
        items = schema.get("items", True)
        if items in (True, {}):
            if self.has_media(path):
                raise Refused
            return _Node(Annotated[list[_SCALAR], Meta(**limits)], frozenset({"array"}))
        item = self.value(items, path, depth + 1)
        return _Node(Annotated[list[item.type], Meta(**limits)], frozenset({"array"}), item)  # type: ignore[name-defined]  # a type made at run time

    def object(
        self,
        schema: Schema,
        path: tuple[str, ...],
        depth: int,
        known: frozenset[str] | None = None,
    ) -> _Node:
        """The type for objects: a struct with a field for each member that can be accepted."""
        properties, required = schema.get("properties"), schema.get("required", [])
        if not isinstance(properties, dict) or not _are_names(required):
            raise Refused
        # The generator drops required names that are no property: no one could give them.
        needed = properties.keys() & set(required)
        fields: dict[str, tuple[str, _Node]] = {}
        members: list[tuple[str, Any] | tuple[str, Any, Any]] = []
        for name, part in properties.items():
            try:
                if not _is_field_name(name) or (known is not None and name not in known):
                    raise Refused
                node = self.value(part, (*path, name), depth + 1)
                attribute = f"field_{len(fields)}"
                members.append(self.field(attribute, node, (*path, name), name in needed))
                fields[name] = attribute, node
            except Refused:
                if name in needed:
                    raise
        least, most = schema.get("minProperties", 0), schema.get("maxProperties", inf)
        if not (is_number(least) and is_number(most)):
            raise Refused
        if least > len(needed) or most < len(fields):
            raise Refused
        made = defstruct(
            "Clean",
            members,
            rename={attribute: name for name, (attribute, _) in fields.items()},
            forbid_unknown_fields=True,
            kw_only=True,
            omit_defaults=True,
            gc=False,
        )
        return _Node(made, frozenset({"object"}), fields=fields)

    def field(
        self, attribute: str, node: _Node, path: tuple[str, ...], required: bool
    ) -> tuple[str, Any] | tuple[str, Any, Any]:
        """A field of a struct, in the form that msgspec expects; see ``Media.urls`` for the values of what is not given."""
        if required:
            return attribute, node.type
        if not self.has_media(path):
            return attribute, node.type | UnsetType, UNSET
        if node.item is not None:
            return attribute, node.type, ()
        if node.fields or node.kinds != {"string"}:
            raise Refused  # an object on the way to a URL that may be missing
        return attribute, node.type, ""


def _names(given: object) -> list[str]:
    """The JSON types that ``type`` names, as the generator reads them."""
    names = []
    for name in given if isinstance(given, list) else [given]:
        folded = name.casefold() if isinstance(name, str) else ""
        folded = _ALIASES.get(folded, folded)
        if folded not in _ORDER:
            raise Refused
        if folded not in names:
            names.append(folded)
    return names


_ORDER = ("string", "integer", "number", "boolean", "array", "object", "null")


def _kind(value: object) -> str:
    """The JSON type of a value that an enum may have in msgspec, ``""`` for any other."""
    if value is None:
        return "null"
    if type(value) is int and abs(value) <= WIDEST:
        return "integer"
    return "string" if isinstance(value, str) and _is_unicode(value) else ""


def _are_disjoint(schemas: list[Any]) -> bool:
    """Whether no value can be welcome to two of the schemas, by their types alone."""
    seen: set[str] = set()
    for schema in schemas:
        if not isinstance(schema, dict) or "type" not in schema or schema.get("nullable"):
            return False
        names = set(_names(schema["type"]))
        if "number" in names:
            names.add("integer")
        if "integer" in names:
            names.add("number")
        if names & seen:
            return False
        seen |= names
    return True


def _are_names(names: object) -> bool:
    return isinstance(names, list) and all(isinstance(name, str) for name in names)


def _is_field_name(name: str) -> bool:
    """Whether msgspec accepts the name of a field."""
    return _is_unicode(name) and not any(c in '"\\' or c < " " for c in name)


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
