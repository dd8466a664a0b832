"""Python names for models and inputs. All names are made here and nowhere else.

They come from the model id and the property path, never from titles and never from counters, so the
same model has the same names on every machine. A name that two things would share is an error.
"""

from __future__ import annotations

import keyword
import re
from collections import Counter
from collections.abc import Iterable, Mapping

from runcomfy import model as runtime
from runcomfy_codegen.errors import NameClash, SchemaError
from runcomfy_codegen.schema.model_ids import ModelId

__all__ = [
    "Identifier",
    "class_name",
    "check_unique",
    "chosen_class_name",
    "clash",
    "input_name",
    "input_names",
    "module_name",
    "nested_class_name",
    "output_class_name",
    "owner_package",
    "spelled_out",
]

_WORDS = re.compile(r"[A-Za-z0-9]+")
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_CLASS = re.compile(r"[A-Z][A-Za-z0-9_]*", re.ASCII)
#: Windows opens a device instead of a file of this name, whatever its extension.
_DEVICES = frozenset(
    {
        "con",
        "prn",
        "aux",
        "nul",
        *(f"{port}{digit}" for port in ("com", "lpt") for digit in range(10)),
    }
)
#: The longest identifier: files are named after it, and file systems allow 255 bytes.
_LONGEST_CLASS = 100
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")

#: The words for characters that identifiers cannot contain.
_PUNCTUATION = {
    "-": " Dash ",
    "_": " Underscore ",
    ".": " Dot ",
    " ": " Space ",
    "/": " Slash ",
    "~": " Tilde ",
}

#: Names that an owner's subpackage calls; a module of the same name would shadow them.
_CALLED = frozenset({"load_class", "names_in_index"})

#: The attributes of every request class, and the names that its body refers to.
_RESERVED = frozenset(
    """
    model_id output_type payload from_payload example input_schema replace as_dict mro raw self
    Any Literal Mapping Sequence NotRequired TypedDict Unset UNSET
    bool bytes dict float int list object str tuple type None
    check staticmethod MediaInput MediaRule MediaSource
    """.split()
)

#: What modules with request classes refer to themselves.
_RESERVED_CLASSES = frozenset(
    {
        *"Any Literal Mapping Sequence NotRequired TYPE_CHECKING None True False".split(),
        *runtime.__all__,
    }
)


class Identifier(str):
    """A text that is proved to be an ASCII Python identifier and no keyword."""

    __slots__ = ()

    def __new__(cls, text: str) -> Identifier:
        """Raise ``ValueError`` for any other string."""
        if not (text.isascii() and text.isidentifier()) or keyword.iskeyword(text):
            raise ValueError(f"{text!r} is not a usable Python identifier")
        return super().__new__(cls, text)


def class_name(model_id: ModelId) -> Identifier:
    """The request class: the id without its owner, digits keep their separators.

    >>> class_name(ModelId("wan-ai/wan-2-6/image-to-image"))
    'Wan2_6ImageToImage'
    """
    name = _camel(model_id.partition("/")[2])
    return Identifier(f"{name}Model" if name in _RESERVED_CLASSES else name)


def chosen_class_name(text: str, place: str) -> Identifier:
    """The request class that ``overrides.json`` chose, or a ``SchemaError`` that says what is wrong with it."""
    fits = _CLASS.fullmatch(text) and len(text) <= _LONGEST_CLASS
    if not fits or text in _RESERVED_CLASSES or text.startswith("ALLOWED_"):
        raise SchemaError(
            place,
            f"{text[:_LONGEST_CLASS]!r} cannot name a request class",
            "Use a capital letter followed by letters, digits and underscores, "
            f"at most {_LONGEST_CLASS} in total, and a name that the module does not use.",
        )
    return Identifier(text)


def output_class_name(request_class: str) -> Identifier:
    """The class name of a request's output."""
    return Identifier(f"{request_class}Output")


def nested_class_name(owner: str, path: tuple[str, ...]) -> Identifier:
    """The class of a nested object: its request class and the path to it, without saying a word twice.

    >>> nested_class_name("Classify", ("ClassifyParameters",))
    'ClassifyParameters'
    >>> nested_class_name("Cat", ("voice", "voice_settings", "voice_settings_range"))
    'CatVoiceSettingsRange'
    """
    steps: list[str] = []
    for step in path:
        name = _camel("".join(map(_safe, step)), leading="")
        if steps and steps[-1] and re.match(re.escape(steps[-1]) + "[A-Z0-9_]", name):
            steps.pop()
        steps.append(name)
    if steps and steps[0].startswith(owner) and steps[0] != owner:
        return Identifier("".join(steps))
    return Identifier(owner + "".join(steps))


def spelled_out(step: str) -> str:
    """A step of a path with its punctuation in words, so that ``a-b`` and ``a_b`` differ.

    >>> spelled_out("final-stats")
    'final Dash stats'
    """
    return "".join(_PUNCTUATION.get(character, character) for character in step)


def module_name(model_id: ModelId, chosen_class: str | None = None) -> Identifier:
    """The module: the id without its owner, or the class that was chosen instead, in lower case."""
    text = _HUMP.sub("_", chosen_class) if chosen_class else model_id.partition("/")[2]
    name = _snake(text, leading="model_")
    return Identifier(f"{name}_") if name in _CALLED else name


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
    """The Python names of a model's inputs; ``given`` holds those that ``overrides.json`` chose.

    Inputs that would get one name get longer ones, except one that Python allows as it is.

    >>> input_names(["a_b", "a-b", "a.b"], {}, "here")
    ['a_b', 'a_dash_b_', 'a_dot_b_']
    """
    names = {
        wire: _chosen_input_name(given[wire], place) if wire in given else input_name(wire)
        for wire in wire_names
    }
    for longer in (_spelled_name, _coded_name):
        count = Counter(names.values())
        for wire, name in names.items():
            if count[name] > 1 and name != wire and wire not in given:
                names[wire] = longer(wire)
    advice = 'Name one of them in overrides.json: {"names": {"<input>": "<python name>"}}.'
    seen: dict[str, str] = {}
    for wire, name in names.items():
        if name in seen:
            raise clash(seen[name], wire, name, place, advice)
        seen[name] = wire
    return list(names.values())


def _spelled_name(wire_name: str) -> Identifier:
    """The name of an input with its punctuation in words; of a Python keyword, with what it is."""
    if _IDENTIFIER.fullmatch(wire_name) and not wire_name.startswith("_"):
        return Identifier(f"input_{wire_name}")
    return input_name(
        "".join(_PUNCTUATION[c].lower() if c in _PUNCTUATION else c for c in wire_name)
    )


def _coded_name(wire_name: str) -> Identifier:
    """The name of an input with its punctuation as code points."""
    return input_name("".join(c if c.isalnum() else f"u{ord(c):x}_" for c in wire_name) + " ")


def _chosen_input_name(text: str, place: str) -> Identifier:
    if input_name(text) != text:
        raise SchemaError(
            f"{place}, names in overrides.json",
            f"{text!r} cannot name an input",
            "Use a letter followed by letters, digits and underscores, and a name that request classes do not use.",
        )
    return Identifier(text)


def check_unique(named: Iterable[tuple[str, str]], place: str, advice: str) -> None:
    """Raise ``NameClash`` for the first two of (thing, name) with one name, or names that differ in case only."""
    seen: dict[str, str] = {}
    for thing, name in named:
        folded = name.casefold()
        if folded in seen:
            raise clash(seen[folded], thing, name, place, advice)
        seen[folded] = thing


def clash(first: str, second: str, name: str, place: str, advice: str) -> NameClash:
    """The error of two things that would get one name."""
    return NameClash(place, f"{first!r} and {second!r} would both be named {name!r}", advice)


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
    return Identifier(f"{name}_" if keyword.iskeyword(name) or name in _DEVICES else name)
