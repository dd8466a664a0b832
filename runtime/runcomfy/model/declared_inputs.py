"""The inputs of a model as its schema declares them: types, choices, limits, demo values, file rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .request import Request

__all__ = ["Input", "inputs_of"]

_NAMES_OF_TYPES = {"float": "number", "int": "integer", "bool": "boolean", "str": "string"}
_IN_PLACE = ("allOf", "anyOf", "oneOf")
#: Schemas inside schemas that are followed; a reference may lead in a circle.
_DEEPEST = 8
#: Keyword -> its description.
_LIMITS = {
    "minimum": "at least {}",
    "exclusiveMinimum": "more than {}",
    "maximum": "at most {}",
    "exclusiveMaximum": "less than {}",
    "multipleOf": "a multiple of {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "pattern": "matching {}",
    "minItems": "at least {} items",
    "maxItems": "at most {} items",
}


class Input:
    """One input of a model as its schema declares it, with references and ``allOf`` resolved."""

    def __init__(
        self,
        name: str,
        schema: Mapping[str, Any],
        root: Mapping[str, Any],
        *,
        required: bool = False,
        depth: int = 0,
    ) -> None:
        self.name = name
        self._depth = depth
        self.required = required
        self._root = root
        self._parts = list(_parts(schema, root))
        #: ``"image"``, ``"video"``, ``"audio"`` or ``"file"`` for an input that takes files, else ``""``.
        self.media = ""
        #: The rules for its files, in words.
        self.rules: list[str] = []

    @property
    def types(self) -> frozenset[str]:
        """The accepted JSON types; empty if the schema does not restrict them."""
        found = set()
        for part in self._parts:
            given = part.get("type")
            for one in given if isinstance(given, list) else [given]:
                if isinstance(one, str):
                    found.add(_NAMES_OF_TYPES.get(one.lower(), one.lower()))
        return frozenset(found)

    @property
    def choices(self) -> list[Any]:
        """The values of an enum, or the only one of a ``const``; empty for any other input."""
        for part in self._parts:
            if isinstance(part.get("enum"), list):
                return list(part["enum"])
            if "const" in part:
                return [part["const"]]
        return []

    @property
    def item(self) -> Input | None:
        """The schema of a list's items; ``None`` if there is none."""
        for part in self._parts:
            if isinstance(part.get("items"), dict) and self._depth < _DEEPEST:
                return Input(self.name, part["items"], self._root, depth=self._depth + 1)
        return None

    @property
    def members(self) -> list[Input]:
        """The members of an object, or of each object of a list; empty if the schema names none."""
        found: dict[str, Input] = {}
        for part in self._parts:
            properties, required = part.get("properties"), part.get("required")
            for name, schema in properties.items() if isinstance(properties, dict) else ():
                wanted = isinstance(required, list) and name in required
                declared = schema if isinstance(schema, dict) else {}
                one = Input(name, declared, self._root, required=wanted, depth=self._depth + 1)
                found.setdefault(name, one)
        return list(found.values()) or (self.item.members if self.item else [])

    @property
    def about(self) -> str:
        """The schema's description."""
        words = self._first("description") or self._first("title")
        return words.strip() if isinstance(words, str) else ""

    @property
    def has_demo(self) -> bool:
        """Whether the page shows a demo value."""
        return any("default" in part for part in self._parts)

    @property
    def demo(self) -> Any:
        """The demo value of the model's page. It is never sent unless you pass it."""
        return self._first("default")

    @property
    def kind(self) -> str:
        """The type in a word or two: ``"integer"``, ``"list of images"``."""
        if self.media:
            several = "array" in self.types
            return f"list of {self.media} files" if several else f"{self.media} file"
        if "array" in self.types and self.item is not None and self.item.kind != "any":
            return f"list of {self.item.kind}"
        return " or ".join(sorted(self.types)) or "any"

    @property
    def limits(self) -> list[str]:
        """Its limits in words, items of lists included."""
        from .messages import show

        found = []
        if self.choices:
            found.append("one of " + ", ".join(_choice(one) for one in self.choices))
        for keyword, words in _LIMITS.items():
            value = self._first(keyword)
            if value is not None:
                text = value if isinstance(value, str) else show(value)
                found.append(_singular(words.format(text), value))
        if self.item is not None and not self.media:
            found += [f"each {limit}" for limit in self.item.limits]
        return found

    def as_dict(self) -> dict[str, Any]:
        """The input as plain data, for JSON."""
        document: dict[str, Any] = {
            "name": self.name,
            "required": self.required,
            "types": sorted(self.types),
            "media": self.media or None,
            "about": self.about,
            "choices": self.choices,
            "limits": self.limits,
            "rules": self.rules,
        }
        return {**document, "demo": self.demo} if self.has_demo else document

    def _first(self, keyword: str) -> Any:
        return next((part[keyword] for part in self._parts if keyword in part), None)


def inputs_of(cls: type[Request[Any]]) -> dict[str, Input]:
    """The inputs of a model by the names that are sent, in the order of its page."""
    try:
        root = cls.input_schema()
    except (OSError, ValueError):  # a class that was written by hand
        root = {}
    declared: dict[str, Any] = {}
    for part in _parts(root, root):
        properties = part.get("properties")
        for name, schema in properties.items() if isinstance(properties, dict) else ():
            declared.setdefault(name, schema if isinstance(schema, dict) else {})
    required = {cls._wire_names.get(name, name) for name in cls._required}
    names = [*(name for name in declared if name in cls._known), *cls._wire_names.values()]
    found = {
        name: Input(name, declared.get(name, {}), root, required=name in required)
        for name in dict.fromkeys(names)
    }
    for media in cls._media:
        one = found.get(media.path[0])
        if one is not None and len(media.path) == 1:
            one.media = media.kind
            words = (rule.wording or f"{rule.name} {rule.limit}" for rule in media.rules)
            one.rules = list(dict.fromkeys(words))  # width and height share their words
    return found


def _parts(
    schema: Mapping[str, Any], root: Mapping[str, Any], depth: int = 0
) -> Iterator[Mapping[str, Any]]:
    """The schema and those that apply to the same value: its references and ``allOf``."""
    yield schema
    if depth == _DEEPEST:
        return
    target = _target(schema.get("$ref"), root)
    if target is not None:
        yield from _parts(target, root, depth + 1)
    for keyword in _IN_PLACE:
        branches = schema.get(keyword)
        for branch in branches[:_DEEPEST] if isinstance(branches, list) else ():
            if isinstance(branch, dict):
                yield from _parts(branch, root, depth + 1)


def _target(reference: object, root: Mapping[str, Any]) -> Mapping[str, Any] | None:
    if not isinstance(reference, str) or not reference.startswith("#/"):
        return None
    found: Any = root
    for step in reference[2:].split("/"):
        name = step.replace("~1", "/").replace("~0", "~")
        found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else None


def _choice(value: object) -> str:
    from .messages import show

    return value if isinstance(value, str) and value else show(value)


def _singular(words: str, value: object) -> str:
    return words[:-1] if value == 1 and words.endswith(("items", "characters")) else words
