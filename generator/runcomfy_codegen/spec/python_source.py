"""Values as Python source. The only place where text from a schema becomes part of a program."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Sequence
from typing import Any

from runcomfy.model.json_values import pointer_token

from .names import Identifier

__all__ = ["PythonSource", "docstring", "json_text", "lines_of_text", "literal", "pointer"]


#: The maximum length of a docstring line, unless a word is longer.
_WIDTH = 100
#: A quote at the end that no backslash escapes.
_OPEN_QUOTE = re.compile(r'(?<!\\)(?:\\\\)*"\Z')
#: A schema, its ``properties``, and each of them have lines of their own.
_SCHEMAS_DEEP = 3


#: ``json.dumps`` would make an encoder for each value.
_JSON = json.JSONEncoder(ensure_ascii=False, allow_nan=False)


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


def json_text(value: dict[str, Any]) -> PythonSource:
    """A text that holds ``value`` as JSON in triple quotes, a line for each property of a schema.

    JSON itself escapes what could end the text: it never holds three quotes in a row. What is not printable becomes
    an escape of JSON, half a surrogate pair included, which has no UTF-8.
    """
    text = _json_lines(value, _SCHEMAS_DEEP)
    return PythonSource('r"""' + "\n".join(map(_json_line, text.split("\n"))) + '\n"""')


def _json_lines(value: object, deep: int, indent: str = "") -> str:
    if not deep or not isinstance(value, dict) or not value:
        return _JSON.encode(value)
    inner = indent + " "
    members = (
        f"{inner}{_JSON.encode(name)}: {_json_lines(one, deep - 1, inner)}"
        for name, one in value.items()
    )
    return "{\n" + ",\n".join(members) + f"\n{indent}}}"


def _json_line(line: str) -> str:
    if line.isprintable():
        return line
    return "".join(one if one.isprintable() else _json_escape(one) for one in line)


def _json_escape(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[i : i + 4]}" for i in range(0, len(units), 4))


def lines_of_text(lines: Iterable[str]) -> PythonSource:
    """These lines as a triple-quoted string. They contain nothing that needs escaping except tabs."""
    text = "".join(f"{line}\n" for line in lines)
    if '"' in text or "\\" in text or not text.replace("\n", "").replace("\t", "").isprintable():
        raise ValueError("a line contains characters that ids and names cannot have")
    return PythonSource('"""\\\n' + text.replace("\t", "\\t") + '"""')


def docstring(text: str, indent: int) -> PythonSource:
    """``text`` as a triple-quoted docstring whose lines are indented by ``indent`` spaces.

    Line feeds are kept; backslashes and characters that are not printable are escaped.
    """
    width = _WIDTH - indent - 2 * len('"""')
    first, *others = (
        line
        for given in text.replace("\r\n", "\n").replace("\t", "    ").strip().split("\n")
        for line in _wrapped(given.rstrip(), width)
    )
    body = "\n".join([first, *(" " * indent + line if line else "" for line in others)])
    if _OPEN_QUOTE.search(body):
        body = body[:-1] + r"\""
    return PythonSource(f'"""{body}"""' if not others else f'"""{body}\n{" " * indent}"""')


def _wrapped(line: str, width: int) -> list[str]:
    """A line of a docstring, escaped, as lines of at most ``width`` characters."""
    if not line.strip():
        return [""]
    whole = _escaped(line)
    if len(whole) <= width:
        return [whole]
    text = line.lstrip()
    lead = " " * min(len(line) - len(text), width // 2)
    hang = lead + ("  " if text.startswith(("- ", "* ")) else "")
    lines, current = [], lead
    words = text.split()
    if whole != line or len(max(words, key=len)) > width - len(hang):
        words = [piece for word in words for piece in _pieces(word, width - len(hang))]
    for word in words:
        if current.strip() and len(current) + 1 + len(word) > width:
            lines.append(current)
            current = hang
        current += f"{' ' if current.strip() else ''}{word}"
    return [*lines, current]


def _pieces(word: str, width: int) -> list[str]:
    """A word, escaped; split if it is longer than a line, as in languages without spaces."""
    whole = _escaped(word)
    if len(whole) <= width:
        return [whole]
    pieces = [""]
    for character in word:
        one = r"\"" if character == '"' else _doc_character(character)
        if len(pieces[-1]) + len(one) > width:
            pieces.append("")
        pieces[-1] += one
    return pieces


def _escaped(text: str) -> str:
    if not text.isprintable() or "\\" in text:
        text = "".join(map(_doc_character, text))
    # A quote is escaped if it could close the docstring: before another quote, and at the end.
    return re.sub(r'"(?=")', r"\"", text) if '""' in text else text


def _doc_character(character: str) -> str:
    if character == "\\":
        return "\\\\"
    if character.isprintable():
        return character
    if "\ud800" <= character <= "\udfff":  # Python makes no class whose docstring has no UTF-8
        return f"\\\\u{ord(character):04x}"
    return character.encode("unicode_escape").decode("ascii")
