"""Python names for models and inputs. All names are made here and nowhere else.

They come from the model id and the property path, never from titles and never from counters, so the
same model has the same names on every machine. A name that two things would share is an error.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Mapping

from .errors import NameClash, SchemaError
from .model_ids import ModelId

__all__ = [
    "Identifier",
    "class_name",
    "check_unique",
    "identifier",
    "input_name",
    "input_names",
    "module_name",
    "nested_class_name",
    "owner_package",
]

_WORDS = re.compile(r"[A-Za-z0-9]+")
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)

#: What a request class offers itself, and what annotations in its body refer to.
_RESERVED = frozenset(
    """
    model_id output_type payload from_payload example input_schema replace mro raw
    Any Literal Mapping Sequence NotRequired TypedDict Unset UNSET
    bool bytes dict float int list object str tuple type None
    """.split()
)


class Identifier(str):
    """A text that is proved to be an ASCII Python identifier and no keyword."""

    __slots__ = ()

    def __new__(cls, text: str) -> Identifier:
        """Raise ``ValueError`` for anything that is no such identifier."""
        if not _IDENTIFIER.fullmatch(text) or keyword.iskeyword(text):
            raise ValueError(f"{text!r} is not a usable Python identifier")
        return super().__new__(cls, text)


def identifier(text: str, place: str) -> Identifier:
    """``text`` as an ``Identifier``, or a ``SchemaError`` that names the place."""
    try:
        return Identifier(text)
    except ValueError:
        raise SchemaError(
            place, f"{text!r} is no Python identifier", "Choose letters, digits and underscores."
        ) from None


def class_name(model_id: ModelId) -> Identifier:
    """The request class: the id without its owner, digits keep their separators.

    >>> class_name(ModelId("wan-ai/wan-2-6/image-to-image"))
    'Wan2_6ImageToImage'
    """
    return Identifier(_camel(model_id.partition("/")[2]))


def nested_class_name(owner: str, path: tuple[str, ...]) -> Identifier:
    """The class of a nested object: its request class and the path to it."""
    return Identifier(owner + "".join(_camel(step, leading="") for step in path))


def module_name(model_id: ModelId) -> Identifier:
    """The module: the id without its owner, in lower case with underscores."""
    return _snake(model_id.partition("/")[2], leading="model_")


def owner_package(model_id: ModelId) -> Identifier:
    """The subpackage: the id's first segment."""
    return _snake(model_id.partition("/")[0], leading="owner_")


def input_name(wire_name: str) -> Identifier:
    """The Python name of an input, as near to its wire name as Python allows.

    >>> input_name("class"), input_name("33_string"), input_name("prompt")
    ('class_', 'input_33_string', 'prompt')
    """
    if _IDENTIFIER.fullmatch(wire_name) and not wire_name.startswith("_"):
        taken = keyword.iskeyword(wire_name) or wire_name in _RESERVED
        return Identifier(f"{wire_name}_" if taken else wire_name)
    safe = "".join(_safe(character) for character in wire_name).strip("_")
    return Identifier(f"input_{safe}" if not safe or not safe[0].isalpha() else f"{safe}_")


def input_names(wire_names: list[str], given: Mapping[str, str], place: str) -> list[Identifier]:
    """The Python names of a model's inputs; ``given`` holds those that ``overrides.json`` chose."""
    names = [
        identifier(given[wire], place) if wire in given else input_name(wire) for wire in wire_names
    ]
    advice = 'Name one of them in overrides.json: {"names": {"<input>": "<python name>"}}.'
    check_unique(dict(zip(wire_names, names, strict=True)), place, advice)
    return names


def check_unique(names: Mapping[str, str], place: str, advice: str) -> None:
    """Raise ``NameClash`` for the first two things whose names are the same, or differ only in case."""
    seen: dict[str, str] = {}
    for thing, name in names.items():
        other = seen.setdefault(name.casefold(), thing)
        if other != thing:
            raise NameClash(place, f"{other!r} and {thing!r} would both be named {name!r}", advice)


def _safe(character: str) -> str:
    if character.isascii():
        return character if character.isalnum() else "_"
    return f"u{ord(character):x}_"


def _camel(text: str, leading: str = "Model") -> str:
    name = ""
    for word in _WORDS.findall(text):
        apart = name[-1:].isdigit() and word[0].isdigit()
        name += f"{'_' if apart else ''}{word[0].upper()}{word[1:]}"
    return name if name[:1].isalpha() else leading + name


def _snake(text: str, leading: str) -> Identifier:
    name = "_".join(_WORDS.findall(text)).lower()
    if not name[:1].isalpha():
        name = leading + name
    return Identifier(f"{name}_" if keyword.iskeyword(name) else name)
