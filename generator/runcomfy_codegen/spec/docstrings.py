"""The docstrings of inputs and output fields: meaning, limits, demo value.

Placeholder keys that leaked from the site's translation files never surface; the few whose English is known
from rendered pages are replaced by it.
"""

from __future__ import annotations

import re
from typing import Any

from runcomfy_codegen.schema.keywords import Schema
from runcomfy_codegen.schema.media_rules import SchemaRule

__all__ = [
    "clipped",
    "describe_input",
    "describe_output",
    "file_words",
    "is_placeholder",
    "limits_of",
    "one_line",
    "readable",
    "with_readable_texts",
]

_PLACEHOLDER = re.compile(r"modelApiDoc_\w*", re.ASCII)
#: The texts that rendered pages show for these keys.
_ENGLISH = {
    "modelApiDoc_navInputSchema": "Input",
    "modelApiDoc_outDescImage": "single image URL",
    "modelApiDoc_outDescImages": "multiple image URLs",
    "modelApiDoc_outDescVideo": "single video URL",
    "modelApiDoc_outDescVideos": "multiple video URLs",
}
_DEMO = 74
_EXAMPLES = 5
_VALUE = 400
_PARAGRAPH = 4_000


def is_placeholder(text: object) -> bool:
    """Whether ``text`` is a leaked translation key."""
    return isinstance(text, str) and _PLACEHOLDER.fullmatch(text.strip()) is not None


def readable(text: object) -> str:
    """``text`` without placeholder keys and outer white space; ``""`` if nothing remains."""
    if not isinstance(text, str):
        return ""
    return _PLACEHOLDER.sub(lambda key: _ENGLISH.get(key[0], ""), text).strip()


#: Keywords whose texts are for people.
_TEXTS = {"title", "description", "validation_error"}
#: Where the members of an object are named by the schema's author.
_NAMED = {"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"}


def with_readable_texts(schema: Any, *, named: bool = False) -> Any:
    """A copy of a schema whose texts for people hold no placeholder keys.

    ``named``: whether ``schema`` maps names to schemas, so that its members are not keywords.
    """
    if isinstance(schema, list):
        return [with_readable_texts(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    copied = {}
    for name, value in schema.items():
        if named:
            copied[name] = with_readable_texts(value)
        elif name in _TEXTS and isinstance(value, str):
            if "modelApiDoc_" in value and not readable(value):
                continue
            copied[name] = readable(value) if "modelApiDoc_" in value else value
        elif name in ("default", "enum", "const", "example", "examples"):
            copied[name] = value
        else:
            copied[name] = with_readable_texts(value, named=name in _NAMED)
    return copied


def describe_input(
    wire_name: str,
    name: str,
    raw: Schema,
    cleaned: Schema,
    hint: str,
    file: str,
    rules: list[SchemaRule],
) -> str:
    """The docstring of an input: meaning, limits, which file it is, that file's rules, demo value.

    It repeats neither the name nor the choices in ``hint``; ``""`` if nothing remains.
    """
    meaning = clipped(readable(raw.get("description"))) or readable(raw.get("title"))
    limits = [*limits_of(cleaned, with_values="Literal[" in hint), *([file] if file else [])]
    paragraphs = [] if _same_words(meaning, wire_name) else [_sentence(meaning)]
    if raw.get("deprecated") is True:
        paragraphs.append("Deprecated.")
    if limits:
        paragraphs.append(" ".join(_sentence(_capital(limit)) for limit in limits))
    if rules:
        paragraphs.append(_rules(rules))
    if name != wire_name:
        paragraphs.append(f"Sent as {one_line(wire_name)!r}.")
    if "default" in raw:
        paragraphs.append(f"Demo value: {_demo(raw['default'])}")
    if examples := _examples(raw):
        paragraphs.append(f"Examples: {', '.join(map(_demo, examples))}")
    return "\n\n".join(paragraphs)


def describe_output(raw: Schema, cleaned: Schema) -> str:
    """The docstring of an output field, ``""`` if nothing is known."""
    meaning = readable(raw.get("description")) or readable(raw.get("title"))
    paragraphs = [_sentence(_capital(clipped(meaning)))] if meaning else []
    if "enum" in cleaned:
        paragraphs.append(f"Documented values: {_choices(cleaned)}.")
    return "\n\n".join(paragraphs)


def one_line(text: str, length: int = _DEMO) -> str:
    """``text`` on one line, cut to ``length``."""
    flat = " ".join(text.split())
    return flat if len(flat) <= length else flat[: length - 1].rstrip() + "…"


def file_words(kind: str | None, hint: str) -> str:
    """What a media input of this kind and type accepts; ``""`` for any other input (``kind`` is ``None``)."""
    if kind is None:
        return ""
    file = "file" if kind == "file" else f"{kind} file"
    many = "Sequence[" in hint
    words = f"URLs of {file}s" if many else f"URL of {'an' if file[0] in 'aeiou' else 'a'} {file}"
    if "MediaSource" not in hint:
        return words
    return words + (", or local files" if many else ", or a local file")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?", "。", ":", "！", "？")) else text + "."


def clipped(text: str) -> str:
    """``text``, cut to the maximum length of a paragraph."""
    return text if len(text) <= _PARAGRAPH else text[:_PARAGRAPH] + "…"


def _demo(value: object) -> str:
    return one_line(repr(value)).replace("\\n", " ")


def _examples(raw: Schema) -> list[object]:
    given = raw.get("examples")
    examples = given if isinstance(given, list) else []
    return [*([raw["example"]] if "example" in raw else []), *examples][:_EXAMPLES]


def _brief(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= _VALUE else shown[:_VALUE] + "…"


def _rules(rules: list[SchemaRule]) -> str:
    described = (
        f"- ``{rule.metric}{rule.operator}`` {one_line(str(rule.limit), 300)}: "
        f"{one_line(rule.wording, 300)}".rstrip(": ")
        for rule in rules
    )
    return "Rules for each file:\n\n" + "\n".join(described)


#: (lower keyword, upper keyword, unit): pairs of bounds that are described in one phrase.
_RANGES = (
    ("minimum", "maximum", ""),
    ("minLength", "maxLength", "characters"),
    ("minItems", "maxItems", "items"),
    ("minProperties", "maxProperties", "members"),
)
_SINGLE = {
    "exclusiveMinimum": "more than {}",
    "exclusiveMaximum": "less than {}",
    "multipleOf": "a multiple of {}",
    "pattern": "matches {}",
    "const": "always {}",
}


def _same_words(text: str, name: str) -> bool:
    """Whether a text only repeats the name."""
    return not text or _letters(text) == _letters(name)


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text)).casefold()


def limits_of(cleaned: Schema, *, with_values: bool) -> list[str]:
    """The limits of a value, without its choices if the type hint has them."""
    choices = ("enum", "const") if with_values else ()
    cleaned = {word: limit for word, limit in cleaned.items() if word not in choices}
    limits = []
    for lower, upper, unit in _RANGES:
        low, high = cleaned.get(lower), cleaned.get(upper)
        if low is not None and high is not None:
            limits.append(f"{low} to {high} {unit}".strip())
        elif low is not None:
            limits.append(f"at least {low} {unit}".strip())
        elif high is not None:
            limits.append(f"at most {high} {unit}".strip())
    limits += [words.format(_brief(cleaned[k])) for k, words in _SINGLE.items() if k in cleaned]
    if "enum" in cleaned:
        limits.append(f"one of {_choices(cleaned)}")
    return limits


def _choices(cleaned: Schema) -> str:
    return one_line(", ".join(map(repr, cleaned["enum"])), 400)
