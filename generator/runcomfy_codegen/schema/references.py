"""References inside a document: where they lead.

``localise`` rewrites every reference that stays in the document, whether by ``$anchor``, by ``$id`` or by a pointer to
any place, as a pointer to a place where schemas stand. What leads out of the document stays as it is written.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urldefrag, urljoin

from .keywords import KEYWORDS, Schema, parts_of, schemas_in, step

__all__ = ["METASCHEMAS", "localise", "pointed_at", "ref_to", "target_of"]

#: The base of a document that names none. References of others do not start with it.
_HERE = "https://document.invalid/"
#: The schemas of schemas: they lie in the jsonschema library, so nothing is fetched for them.
METASCHEMAS = frozenset(
    {f"https://json-schema.org/draft/{year}/schema" for year in ("2019-09", "2020-12")}
    | {f"http://json-schema.org/draft-0{n}/schema{end}" for n in (3, 4, 6, 7) for end in ("", "#")}
)
#: Words that name a schema, or its place, and that nothing has to be said about once references are pointers.
_NAMING = {"$id", "$anchor", "$dynamicAnchor", "$vocabulary"}


def ref_to(place: str) -> str:
    """The reference to a place of the document."""
    return "#" + place.replace("%", "%25")


def target_of(ref: object) -> str | None:
    """The place that a local reference names; ``None`` for any other."""
    if not isinstance(ref, str) or (ref != "#" and not ref.startswith("#/")):
        return None
    return unquote(ref[1:])


def pointed_at(root: Any, place: str) -> Any:
    """What stands at a place of a document. Raises ``LookupError`` where nothing does."""
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
    #: Place that is referred to -> its name among the definitions.
    moved: dict[str, str] = field(default_factory=dict)
    waiting: list[str] = field(default_factory=list)

    def whole(self) -> Schema:
        self._index(self.root, "", _HERE)
        made: Schema = self._rewritten(self.root, "")
        given = made.get("$defs")
        definitions = dict(given) if isinstance(given, dict) else {}
        while self.waiting:
            place = self.waiting.pop(0)
            part = pointed_at(self.root, place)
            definitions[self.moved[place]] = self._rewritten(part, place)
        if self.moved:
            made["$defs"] = definitions
            for keyword in {place.split("/")[1] for place in self.moved} - KEYWORDS:
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

    def base_of(self, place: str) -> str:
        while place not in self.bases and place:
            place = place.rpartition("/")[0]
        return self.bases.get(place, _HERE)

    def _resource_of(self, place: str) -> str:
        while place not in self.bases:
            place = place.rpartition("/")[0]
        return place

    def _rewritten(self, part: Any, place: str) -> Any:
        if not isinstance(part, dict):
            return part
        made = {k: v for k, v in part.items() if k not in _NAMING}
        for keyword in ("$dynamicRef", "$ref"):
            if isinstance(part.get(keyword), str):
                target = self._target(part[keyword], place, dynamic=keyword == "$dynamicRef")
                ref = self._foreign(part[keyword], place) if target is None else self._ref(target)
                if keyword == "$dynamicRef":
                    del made[keyword]
                    if "$ref" in made:  # both apply
                        made["allOf"] = [*made.get("allOf", ()), {"$ref": ref}]
                        continue
                made["$ref"] = ref
        for steps, inner in parts_of(part):
            new = self._rewritten(inner, step(place, *steps))
            if len(steps) == 1:
                made[str(steps[0])] = new
                continue
            keyword, name = str(steps[0]), steps[1]
            if made[keyword] is part[keyword]:
                made[keyword] = part[keyword].copy()
            made[keyword][name] = new
        return made

    def _target(self, ref: str, place: str, *, dynamic: bool) -> str | None:
        """The place that a reference leads to; ``None`` for one that leads out of the document, or nowhere."""
        uri, _, fragment = _joined(self.base_of(place), ref).partition("#")
        fragment = unquote(fragment)
        if not fragment.startswith("/") and fragment:
            found = self.named.get(f"{uri}#{fragment}")
            return self._outermost(fragment, found) if dynamic else found
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

    def _outermost(self, anchor: str, found: str | None) -> str | None:
        """Validation starts at the root, so an anchor of the root's own resource is the outermost one."""
        places = self.dynamic.get(anchor, [])
        if found not in places or len(places) == 1:
            return found
        of_root = [place for place in places if not self._resource_of(place)]
        return of_root[0] if of_root else None

    def _ref(self, target: str) -> str:
        if target in self.known:
            return ref_to(target)
        if target not in self.moved:
            self.moved[target] = self._free_name(target)
            self.waiting.append(target)
        return ref_to(step("/$defs", self.moved[target]))

    def _free_name(self, target: str) -> str:
        given = self.root.get("$defs")
        taken = {*(given if isinstance(given, dict) else ()), *self.moved.values()}
        steps = [one.replace("~1", "/").replace("~0", "~") for one in target.split("/")[1:]]
        for length in range(1, len(steps) + 1):
            name = " ".join(steps[-length:])
            if name not in taken:
                return name
        return target


def _joined(base: str, ref: str) -> str:
    if ref.startswith("#"):
        return base + ref
    try:
        return urljoin(base, ref)
    except ValueError:
        return ref
