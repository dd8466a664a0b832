"""Comparing two schemas, from the view of programs written against the old one.

``breaking``: a payload that was accepted may now be refused, or an output field is gone. ``additive``: the
reverse. ``text``: words only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from runcomfy.model import is_member
from runcomfy_codegen.schema.inputs import gather_inputs
from runcomfy_codegen.schema.keywords import Schema, parts_of, schemas_in, step
from runcomfy_codegen.schema.media_inputs import find_media
from runcomfy_codegen.schema.normalise import clean
from runcomfy_codegen.schema.reference_validator import keeps

from .media import compare_media

__all__ = ["SchemaChange", "compare"]


@dataclass(frozen=True, slots=True, order=True)
class SchemaChange:
    """One difference. ``kind`` is ``"breaking"``, ``"additive"`` or ``"text"``; ``place`` a pointer."""

    kind: str
    place: str
    text: str


_TEXTS = (
    "title", "description", "default", "examples", "example", "format", "deprecated", "readOnly", "writeOnly",
)  # fmt: skip

#: What narrows an input may break whoever sends it; what narrows an output breaks no one who reads it.
_FOR_READERS = {"breaking": "additive", "additive": "breaking"}

#: For each bound, whether a new value is tighter than the old one.
_TIGHTER: dict[str, Callable[[Any, Any], bool]] = {
    "minimum": lambda old, new: new > old,
    "exclusiveMinimum": lambda old, new: new > old,
    "minLength": lambda old, new: new > old,
    "minItems": lambda old, new: new > old,
    "minProperties": lambda old, new: new > old,
    "maximum": lambda old, new: new < old,
    "exclusiveMaximum": lambda old, new: new < old,
    "maxLength": lambda old, new: new < old,
    "maxItems": lambda old, new: new < old,
    "maxProperties": lambda old, new: new < old,
    "additionalProperties": lambda _, new: new is False,  # of two schemas, their parts are compared
    "multipleOf": lambda old, new: old % new != 0,
}

#: The two ways to write a bound, and which way is tighter.
_BOUNDS = (("minimum", "exclusiveMinimum", 1), ("maximum", "exclusiveMaximum", -1))

#: The values of keywords that forbid nothing.
_IDLE: dict[str, tuple[object, ...]] = {
    "minLength": (0,),
    "minItems": (0,),
    "minProperties": (0,),
    "uniqueItems": (False,),
    "additionalProperties": (True, {}),
    "unevaluatedProperties": ({},),
    "unevaluatedItems": ({},),
    "patternProperties": ({},),
    "propertyNames": ({},),
    "dependentRequired": ({},),
    "dependentSchemas": ({},),
}


def compare(old: dict[str, Any], new: dict[str, Any]) -> list[SchemaChange]:
    """The differences between two schema files, ``input`` and ``output`` of each; worst first."""
    changes = [
        *_compare(old["input"], new["input"], "input", demands=True),
        *_compare(old["output"], new["output"], "output", demands=False),
    ]
    order = ("breaking", "additive", "text")
    return sorted(set(changes), key=lambda change: (order.index(change.kind), change))


def _compare(old: Schema, new: Schema, place: str, *, demands: bool) -> Iterator[SchemaChange]:
    """``demands`` is true for inputs, where refusing more breaks programs, and false for outputs."""
    yield from _words(old, new, place)
    if not demands:
        yield from _parts(clean(old)[0], clean(new)[0], place, demands=demands)
        return
    (old, old_clean), (new, new_clean) = _inputs(old), _inputs(new)
    yield from _parts(old_clean, new_clean, place, demands=demands)
    yield from _media((old, old_clean), (new, new_clean), place)


def _inputs(schema: Schema) -> tuple[Schema, Schema]:
    """The schema with all inputs at its root, and its clean form."""
    gathered = gather_inputs(schema)
    return gathered.schema, clean(gathered.schema, *gathered.declaring)[0]


def _media(
    old: tuple[Schema, Schema], new: tuple[Schema, Schema], place: str
) -> Iterator[SchemaChange]:
    """Of inputs that were there and still are; ``old`` and ``new`` are a schema and its clean form."""
    names = [list(cleaned.get("properties", {})) for _, cleaned in (old, new)]
    found = [find_media(*pair, own) for pair, own in zip((old, new), names, strict=True)]
    for kind, path, text in compare_media(*found):
        if path[0] in names[0] and path[0] in names[1]:
            yield SchemaChange(kind, step(place, *path), text)


def _parts(old: Schema, new: Schema, place: str, *, demands: bool) -> Iterator[SchemaChange]:
    yield from _members(old, new, place, demands=demands)
    types = [*_types(old, new, place, demands=demands)]
    values = [*_values(old, new, place), *_limits(old, new, place)]
    if demands and _choices_fit(old, new):
        types, values = (
            [replace(one, kind="additive") for one in some] for some in (types, values)
        )
    yield from types
    for change in values:
        yield change if demands else replace(change, kind=_FOR_READERS[change.kind])
    if "items" in old or "items" in new:
        before, after = old.get("items", {}), new.get("items", {})
        yield from _parts(before, after, step(place, "items"), demands=demands)
    if _has_schema(old) and _has_schema(new):
        before, after = old["additionalProperties"], new["additionalProperties"]
        yield from _parts(before, after, step(place, "additionalProperties"), demands=demands)
    for keyword in ("$defs", "definitions"):
        before, after = old.get(keyword, {}), new.get(keyword, {})
        for name in before.keys() & after.keys():
            yield from _parts(
                before[name], after[name], step(place, keyword, name), demands=demands
            )


def _members(old: Schema, new: Schema, place: str, *, demands: bool) -> Iterator[SchemaChange]:
    before, after = old.get("properties", {}), new.get("properties", {})
    was, now = set(old.get("required", ())), set(new.get("required", ()))
    noun = "input" if demands else "output field"
    for name in before.keys() - after.keys():
        yield SchemaChange("breaking", step(place, name), f"{noun} removed")
    for name in after.keys() - before.keys():
        if demands and name in now:
            yield SchemaChange("breaking", step(place, name), "required input added")
        else:
            yield SchemaChange("additive", step(place, name), f"{noun} added")
    for name in before.keys() & after.keys():
        if name in now - was:
            yield SchemaChange(
                "breaking" if demands else "additive", step(place, name), "is now required"
            )
        if name in was - now:
            yield SchemaChange(
                "additive" if demands else "breaking", step(place, name), "is now optional"
            )
        yield from _parts(before[name], after[name], step(place, name), demands=demands)


def _types(old: Schema, new: Schema, place: str, *, demands: bool) -> Iterator[SchemaChange]:
    before, after = _accepted(old), _accepted(new)
    if before == after:
        return
    words = f"type changed from {_named(old)} to {_named(new)}"
    wider, narrower = before <= after, after <= before
    harmless = wider if demands else narrower
    yield SchemaChange("additive" if harmless else "breaking", place, words)


_ALL = frozenset({"array", "boolean", "integer", "null", "number", "object", "string"})


def _accepted(schema: Schema) -> frozenset[str]:
    names = schema.get("type", _ALL)
    names = frozenset({names} if isinstance(names, str) else names)
    return names | {"integer"} if "number" in names else names


def _named(schema: Schema) -> str:
    names = schema.get("type", "any")
    return names if isinstance(names, str) else " or ".join(names)


def _values(old: Schema, new: Schema, place: str) -> Iterator[SchemaChange]:
    before, after = _choices(old), _choices(new)
    if before is None and after is not None:
        yield SchemaChange("breaking", place, "is now limited to a set of values")
    elif before is not None and after is None:
        yield SchemaChange("additive", place, "is no longer limited to a set of values")
    elif before is not None and after is not None:
        for value in before:
            if not is_member(value, tuple(after)):
                yield SchemaChange("breaking", place, f"value {value!r} gone")
        for value in after:
            if not is_member(value, tuple(before)):
                yield SchemaChange("additive", place, f"value {value!r} added")


def _choices(schema: Schema) -> list[Any] | None:
    return [schema["const"]] if "const" in schema else schema.get("enum")


def _choices_fit(old: Schema, new: Schema) -> bool:
    """Whether all that could be chosen still can: then no new bound and no other type breaks anything."""
    choices = _choices(old)
    if choices is None or any("$ref" in part for _, part in schemas_in(new)):
        return False  # where a reference leads is not known here
    return all(keeps(new, new, value) for value in choices if keeps(old, old, value))


def _has_schema(schema: Schema) -> bool:
    """Whether members beside the properties have a schema to keep."""
    return bool(schema.get("additionalProperties")) and schema["additionalProperties"] is not True


def _binding(schema: Schema) -> Schema:
    """``schema`` without keywords that forbid nothing."""
    return {k: v for k, v in schema.items() if v not in _IDLE.get(k, ())}


def _limits(old: Schema, new: Schema, place: str) -> Iterator[SchemaChange]:
    old, new = _binding(old), _binding(new)
    yield from _other_bounds(old, new, place)
    structural = {
        "type",
        "enum",
        "const",
        "properties",
        "required",
        "items",
        "$defs",
        "definitions",
    }
    for keyword in sorted((old.keys() | new.keys()) - structural):
        if keyword == "additionalProperties" and _has_schema(old) and _has_schema(new):
            continue
        if keyword not in new:
            yield SchemaChange("additive", place, f"{keyword} {old[keyword]} dropped")
        elif keyword not in old:
            yield SchemaChange("breaking", place, f"{keyword} {new[keyword]} added")
        elif old[keyword] != new[keyword]:
            tighter = _TIGHTER.get(keyword, lambda *_: True)(old[keyword], new[keyword])
            words = f"{keyword} {'tightened' if tighter else 'loosened'}"
            words += f" from {old[keyword]} to {new[keyword]}"
            yield SchemaChange("breaking" if tighter else "additive", place, words)


def _other_bounds(old: Schema, new: Schema, place: str) -> Iterator[SchemaChange]:
    """Bounds that became exclusive, or are no longer; they are taken out of both schemas."""
    for plain, exclusive, sign in _BOUNDS:
        for before, after in ((plain, exclusive), (exclusive, plain)):
            if before in old and after in new and not (after in old or before in new):
                was, now = old.pop(before), new.pop(after)
                tighter = sign * now > sign * was or (now == was and after == exclusive)
                words = f"{before} {was} {'tightened' if tighter else 'loosened'} to {after} {now}"
                yield SchemaChange("breaking" if tighter else "additive", place, words)


def _words(old: Any, new: Any, place: str) -> Iterator[SchemaChange]:
    """Texts, over the schemas as they are written."""
    if not isinstance(old, dict) or not isinstance(new, dict):
        return
    for name in _TEXTS:
        if old.get(name) != new.get(name):
            yield SchemaChange("text", place, f"{name} changed")
    before, after = dict(parts_of(old)), dict(parts_of(new))
    for steps in before.keys() & after.keys():
        shown = steps[1:] if steps[0] == "properties" else steps
        yield from _words(before[steps], after[steps], step(place, *shown))
