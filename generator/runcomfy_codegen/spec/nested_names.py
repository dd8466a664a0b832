"""Unique class names for nested objects, derived from their paths.

Objects that are written alike share one class. Others that would get one name get longer ones, unless they are of one
shape.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from runcomfy_codegen.schema.keywords import Schema, step

from .names import Identifier, nested_class_name, spelled_out

__all__ = ["NestedPath", "first_alike", "name_classes", "with_first"]


@dataclass(frozen=True, slots=True)
class NestedPath:
    """The way to a part of a schema: in names, as types are named after it, and as a JSON pointer."""

    names: tuple[str, ...] = ()
    pointer: str = ""
    #: The names together with the option that was taken at each union of objects.
    options: tuple[str, ...] = ()

    def to(self, name: str | None, *steps: object) -> NestedPath:
        """The way that goes on; ``None`` adds no name."""
        more = () if name is None else (name,)
        pointer = step(self.pointer, *steps)
        return NestedPath((*self.names, *more), pointer, (*self.options, *more))

    def option(self, name: str | None, *steps: object) -> NestedPath:
        """The way to an option of a union; its name counts only where the options differ."""
        more = () if name is None else (name,)
        return NestedPath(self.names, step(self.pointer, *steps), (*self.options, *more))


def first_alike(
    paths: Mapping[str, NestedPath], texts: Mapping[str, str], chosen: Mapping[str, str]
) -> dict[str, str]:
    """The object whose class each object has, by key: of those with one text, the one with the shortest path.

    An object that has a chosen name, or has one inside, keeps a class of its own.
    """
    own = {key: key if _is_chosen(path, chosen) else texts[key] for key, path in paths.items()}
    first: dict[str, str] = {}
    for key in sorted(paths, key=lambda one: (len(paths[one].names), paths[one].names)):
        first.setdefault(own[key], key)
    return {key: first[text] for key, text in own.items()}


def _is_chosen(path: NestedPath, chosen: Mapping[str, str]) -> bool:
    ways = ["/".join(way) + "/" for way in (path.names, path.options)]
    return any(
        way.startswith(f"{one}/") or f"{one}/".startswith(way) for one in chosen for way in ways
    )


def with_first(structure: Any, first: Mapping[str, str]) -> Any:
    """A structure that refers to the first ones of objects alike; a union in a union is one, with each option once."""
    if isinstance(structure, list):
        options: list[Any] = []
        for one in structure:
            made = with_first(one, first)
            inner = made["anyOf"] if isinstance(made, dict) and "anyOf" in made else [made]
            options += [option for option in inner if option not in options]
        return options
    if not isinstance(structure, dict):
        return structure
    made = {word: with_first(part, first) for word, part in structure.items()}
    if "$ref" in made:
        prefix, _, token = made["$ref"].rpartition("/")
        made["$ref"] = f"{prefix}/{first[token]}"
    return made["anyOf"][0] if len(made.get("anyOf", ())) == 1 else made


@dataclass(slots=True)
class _Naming:
    owner: Identifier
    chosen: Mapping[str, str]
    taken: set[str]
    names: dict[str, Identifier] = field(default_factory=dict)

    def candidates(self, path: NestedPath) -> list[Identifier]:
        """Names for an object, from the shortest to one that says every character of the way."""
        names, options = (self.with_choices(one) for one in (path.names, path.options))
        whole = tuple(spelled_out(one) for one in path.pointer.split("/")[1:])
        spelled = tuple(map(spelled_out, options))
        return [
            nested_class_name(self.owner, way)
            for way in dict.fromkeys((names, options, spelled, whole))
        ]

    def with_choices(self, way: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(self.chosen.get("/".join(way[: i + 1]), name) for i, name in enumerate(way))


def name_classes(
    owner: Identifier,
    objects: Mapping[str, tuple[NestedPath, Schema]],
    chosen: Mapping[str, str],
    taken: set[str],
) -> dict[str, Identifier]:
    """The name of each object, by its key. ``chosen`` holds names for parts of the way, ``taken`` names of others."""
    naming = _Naming(owner, chosen, {name.casefold() for name in taken})
    by_short: dict[str, list[str]] = {}
    for key, (path, _) in objects.items():
        by_short.setdefault(naming.candidates(path)[0].casefold(), []).append(key)
    for keys in by_short.values():
        shapes = [objects[key][1] for key in keys]
        alike = all(shape == shapes[0] for shape in shapes)
        shared: Identifier | None = None
        for key in keys:
            path = objects[key][0]
            candidates = naming.candidates(path)
            if path.options != path.names and not alike:
                candidates = candidates[1:]
            if shared is None or not alike:
                shared = _free(candidates, naming.taken)
            naming.names[key] = shared
    return naming.names


def _free(candidates: list[Identifier], taken: set[str]) -> Identifier:
    last = candidates[-1]
    more = (Identifier(f"{last}_{number}") for number in range(2, 10_000))
    name = next(name for name in chain(candidates, more) if name.casefold() not in taken)
    taken.add(name.casefold())
    return name
