"""Values as Python source. The only place where text from a schema becomes part of a program."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from runcomfy.model.json_values import pointer_token

from .names import Identifier

__all__ = ["PythonSource", "docstring", "literal", "pointer"]


class PythonSource(str):
    """Python source for one expression, made by this module and safe to put into a template."""

    __slots__ = ()


def literal(value: object) -> PythonSource:
    """The Python expression for a JSON value, a tuple of such, or a mapping of them.

    Raises ``ValueError`` for NaN and infinities, which have no literal, and for other types.
    """
    if value is None or isinstance(value, (bool, int)):
        return PythonSource(repr(value))
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"{value} has no Python literal")
        return PythonSource(repr(value))
    if isinstance(value, list):
        return PythonSource(f"[{', '.join(map(literal, value))}]")
    if isinstance(value, tuple):
        return PythonSource(f"({', '.join(map(literal, value))}{',' if len(value) == 1 else ''})")
    if isinstance(value, dict):
        return PythonSource(
            "{" + ", ".join(f"{literal(key)}: {literal(item)}" for key, item in value.items()) + "}"
        )
    raise ValueError(f"a {type(value).__name__} has no Python literal here")


def _text(value: str) -> PythonSource:
    # repr escapes quotes, controls and separators; what it leaves (lone surrogates included) is
    # printable. str() sheds subclasses, whose repr could be anything.
    return PythonSource(repr(str(value)))


def pointer(steps: Sequence[str | Identifier]) -> PythonSource:
    """The JSON pointer of a place: text steps stay, an ``Identifier`` is an index known at run time.

    >>> pointer(["loras", Identifier("index"), "path"])
    "f'/loras/{index}/path'"
    """
    if not any(isinstance(step, Identifier) for step in steps):
        return _text("".join("/" + pointer_token(step) for step in steps))
    body = "".join(
        f"/{{{step}}}"
        if isinstance(step, Identifier)
        else "/" + _inside_f_string(pointer_token(step))
        for step in steps
    )
    return PythonSource(f"f'{body}'")


def _inside_f_string(text: str) -> str:
    # With a double quote in it, repr quotes with single quotes and escapes those: what an f'' needs.
    return repr(text + '"')[1:-2].replace("{", "{{").replace("}", "}}")


def docstring(text: str, indent: int) -> PythonSource:
    """``text`` as a triple-quoted docstring whose lines are indented by ``indent`` spaces.

    Line feeds stay line feeds; backslashes and everything that is not printable come out escaped.
    """
    first, *others = text.replace("\r\n", "\n").replace("\t", "    ").strip().split("\n")
    lines = [first.rstrip(), *(" " * indent + line.rstrip() for line in others)]
    body = "\n".join("".join(map(_doc_character, line)) if line.strip() else "" for line in lines)
    # A quote is escaped where it could close the docstring: before another one and at the end.
    body = re.sub(r'"(?="|\Z)', r"\"", body)
    return PythonSource(f'"""{body}"""' if not others else f'"""{body}\n{" " * indent}"""')


def _doc_character(character: str) -> str:
    if character == "\\":
        return "\\\\"
    if character.isprintable():
        return character
    if "\ud800" <= character <= "\udfff":  # Python makes no class whose docstring has no UTF-8
        return f"\\\\u{ord(character):04x}"
    return character.encode("unicode_escape").decode("ascii")
