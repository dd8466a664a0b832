"""Resolving the references inside a document.

``localise`` rewrites every reference that stays in the document, whether by ``$anchor``, by ``$id`` or by a pointer to
any place, as a pointer to a place where schemas stand. What leads out of the document stays as it is written.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count
from typing import Any
from urllib.parse import unquote, urldefrag, urljoin

from .keywords import KEYWORDS, Schema, parts_of, schemas_in, step

__all__ = ["METASCHEMAS", "localise", "pointed_at", "ref_to", "target_of"]

#: The base URL of a document without one. No other document's references start with it.
_HERE = "https://document.invalid/"
#: The metaschemas, which come with the jsonschema library, so that nothing is fetched.
METASCHEMAS = frozenset(
    {f"https://json-schema.org/draft/{year}/schema" for year in ("2019-09", "2020-12")}
    | {f"http://json-schema.org/draft-0{n}/schema{end}" for n in (3, 4, 6, 7) for end in ("", "#")}
)
#: Words that name a schema, or its place, and that nothing has to be said about once references are pointers.
_NAMING = {"$id", "$anchor", "$dynamicAnchor", "$vocabulary"}
#: Dynamic anchors that stand in several resources, each with the place of the outermost one that leads here.
_Scope = tuple[tuple[str, str], ...]


def ref_to(place: str) -> str:
    """The reference to a place of the document."""
    return "#" + place.replace("%", "%25")


def target_of(ref: object) -> str | None:
    """The place that a local reference names; ``None`` for any other."""
    if not isinstance(ref, str) or (ref != "#" and not ref.startswith("#/")):
        return None
    return unquote(ref[1:])


def pointed_at(root: Any, place: str) -> Any:
    """The value at a place of a document. Raises ``LookupError`` if there is none."""
    part = root
    for one in place.split("/")[1:]:
        name = one.replace("~1", "/").replace("~0", "~")
        if isinstance(part, list):
            if not name.isdecimal():
                raise LookupError(place)
            part = part[int(name)]
        elif isinstance(part, dict):
            part = part[name]
        else:
            raise LookupError(place)
    return part


def localise(schema: Schema) -> Schema:
    """The schema with local references as pointers, and with what they lead to where schemas stand.

    It is the very one that was given where there is nothing to rewrite.
    """
    parts = dict(schemas_in(schema))
    if not any(_NAMING & part.keys() or _leads_elsewhere(part, parts) for part in parts.values()):
        return schema
    return _Localiser(schema).whole()


def _leads_elsewhere(part: Schema, parts: dict[str, Schema]) -> bool:
    ref = part.get("$ref")
    return "$dynamicRef" in part or (
        isinstance(ref, str) and ref != "#" and target_of(ref) not in parts
    )


@dataclass(slots=True)
class _Localiser:
    root: Schema
    #: Place of a resource -> its URI; the root is one.
    bases: dict[str, str] = field(default_factory=dict)
    #: URI with its anchor -> place.
    named: dict[str, str] = field(default_factory=dict)
    #: Name of a dynamic anchor -> the places that have it.
    dynamic: dict[str, list[str]] = field(default_factory=dict)
    #: Places of the schemas that stand where schemas do.
    known: set[str] = field(default_factory=set)
    #: Place that is referred to, and the scope that it is read in -> its name among the definitions.
    moved: dict[tuple[str, _Scope], str] = field(default_factory=dict)
    waiting: list[tuple[str, _Scope]] = field(default_factory=list)

    def whole(self) -> Schema:
        self._index(self.root, "", _HERE)
        self._index_components()
        made: Schema = self._rewritten(self.root, "", self._scope_at(""))
        given = made.get("$defs")
        definitions = dict(given) if isinstance(given, dict) else {}
        while self.waiting:
            place, scope = self.waiting.pop(0)
            part = pointed_at(self.root, place)
            definitions[self.moved[place, scope]] = self._rewritten(part, place, scope)
        if self.moved:
            made["$defs"] = definitions
            for keyword in {place.split("/")[1] for place, _ in self.moved if place} - KEYWORDS:
                made.pop(keyword, None)  # all of it that counts is among the definitions now
        return made

    def _index(self, part: object, place: str, base: str) -> None:
        if isinstance(part, bool):
            self.known.add(place)
        if not isinstance(part, dict):
            return
        self.known.add(place)
        given = part.get("$id")
        if isinstance(given, str) and given.startswith("#"):  # how drafts 4 to 7 write an anchor
            self.named.setdefault(base + given, place)
        elif isinstance(given, str):
            base = urldefrag(_joined(base, given))[0]
        if not place or base != self.base_of(place):
            self.bases[place] = base
            self.named.setdefault(base, place)
        for keyword in ("$anchor", "$dynamicAnchor"):
            if isinstance(part.get(keyword), str):
                self.named.setdefault(f"{base}#{part[keyword]}", place)
        if isinstance(part.get("$dynamicAnchor"), str):
            self.dynamic.setdefault(part["$dynamicAnchor"], []).append(place)
        for steps, inner in parts_of(part):
            self._index(inner, step(place, *steps), base)

    def _index_components(self) -> None:
        """Find the names in the schemas of an OpenAPI document, which stand where no keyword puts them."""
        standing = set(self.known)
        components = self.root.get("components")
        schemas = components.get("schemas") if isinstance(components, dict) else None
        for name, part in schemas.items() if isinstance(schemas, dict) else ():
            self._index(part, step("/components/schemas", name), self.base_of(""))
        self.known = standing

    def base_of(self, place: str) -> str:
        while place not in self.bases and place:
            place = place.rpartition("/")[0]
        return self.bases.get(place, _HERE)

    def _resource_of(self, place: str) -> str:
        while place not in self.bases:
            place = place.rpartition("/")[0]
        return place

    def _within(self, scope: _Scope, resource: str) -> _Scope:
        """The scope in a resource: an anchor of an outer one goes first."""
        anchors = dict(scope)
        for anchor, places in self.dynamic.items():
            if len(places) > 1:
                for place in places:
                    if self._resource_of(place) == resource:
                        anchors.setdefault(anchor, place)
        return tuple(anchors.items())

    def _scope_at(self, place: str) -> _Scope:
        """The scope of a place that is reached from the root without any reference."""
        scope: _Scope = ()
        for length in range(place.count("/") + 1):
            outer = "/".join(place.split("/")[: length + 1])
            scope = self._within(scope, outer) if outer in self.bases else scope
        return scope

    def _rewritten(self, part: Any, place: str, scope: _Scope) -> Any:
        if not isinstance(part, dict):
            return part
        if place in self.bases:
            scope = self._within(scope, place)
        made = {k: v for k, v in part.items() if k not in _NAMING}
        for keyword in ("$dynamicRef", "$ref"):
            if isinstance(part.get(keyword), str):
                target = self._target(part[keyword], place)
                if keyword == "$dynamicRef":
                    target = self._outermost(part[keyword], target, scope)
                if target is None:
                    ref = self._foreign(part[keyword], place)
                else:
                    ref = self._ref(target, scope)
                if keyword == "$dynamicRef":
                    del made[keyword]
                    if "$ref" in made:  # both apply
                        made["allOf"] = [*made.get("allOf", ()), {"$ref": ref}]
                        continue
                made["$ref"] = ref
        for steps, inner in parts_of(part):
            new = self._rewritten(inner, step(place, *steps), scope)
            if len(steps) == 1:
                made[str(steps[0])] = new
                continue
            keyword, name = str(steps[0]), steps[1]
            if made[keyword] is part[keyword]:
                made[keyword] = part[keyword].copy()
            made[keyword][name] = new
        return made

    def _target(self, ref: str, place: str) -> str | None:
        """The place that a reference leads to; ``None`` for one that leads out of the document, or nowhere."""
        uri, _, fragment = _joined(self.base_of(place), ref).partition("#")
        fragment = unquote(fragment)
        if not fragment.startswith("/") and fragment:
            return self.named.get(f"{uri}#{fragment}")
        resource = self.named.get(uri)
        if resource is None:
            return None
        target = resource + fragment
        try:
            part = pointed_at(self.root, target)
        except LookupError:
            return None
        return target if isinstance(part, (dict, bool)) else None

    def _foreign(self, ref: str, place: str) -> str:
        """A reference that leads to no place of the document, so that it cannot hit one by chance."""
        return _joined(self.base_of(place), ref) if self._resource_of(place) else ref

    def _outermost(self, ref: str, found: str | None, scope: _Scope) -> str | None:
        """The outermost anchor of the name that a dynamic reference has, where it leads to such an anchor."""
        anchor = unquote(ref.partition("#")[2])
        return dict(scope).get(anchor, found) if found in self.dynamic.get(anchor, ()) else found

    def _ref(self, target: str, scope: _Scope) -> str:
        scope = self._within(scope, self._resource_of(target))
        if target in self.known and scope == self._scope_at(target):
            return ref_to(target)
        if (target, scope) not in self.moved:
            self.moved[target, scope] = self._free_name(target)
            self.waiting.append((target, scope))
        return ref_to(step("/$defs", self.moved[target, scope]))

    def _free_name(self, target: str) -> str:
        given = self.root.get("$defs")
        taken = {*(given if isinstance(given, dict) else ()), *self.moved.values()}
        steps = [one.replace("~1", "/").replace("~0", "~") for one in target.split("/")[1:]]
        for length in range(1, len(steps) + 1):
            name = " ".join(steps[-length:])
            if name not in taken:
                return name
        return next(name for i in count(2) if (name := f"{target} {i}") not in taken)


def _joined(base: str, ref: str) -> str:
    if ref.startswith("#"):
        return base + ref
    try:
        return urljoin(base, ref)
    except ValueError:
        return ref
