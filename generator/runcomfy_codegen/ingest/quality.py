"""The quality of a page, for comparing pages of one model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from runcomfy_codegen.ingest.blocks import Block

__all__ = ["PLACEHOLDER", "Dialect", "Quality", "Texts", "dialect_of", "judge_texts"]

Dialect = Literal["page", "catalogue"]

#: A text that the site failed to look up starts so.
PLACEHOLDER: Final = "modelApiDoc_"

#: Phrases of the English page; one of them is enough, for markup can fall between any two words.
_ENGLISH: Final = (
    "API to run",
    "For accepted inputs and outputs",
    "Submit an asynchronous generation job",
    "Provide a publicly reachable HTTPS URL",
)

#: Lines of a curl command: no prose in any language.
_COMMAND_LINES: Final = ("curl ", "--url", "--header", "--data", "}'", "'")

#: Fewer letters outside the JSON than this are no prose that could be judged.
_PROSE: Final = 60


@dataclass(frozen=True, slots=True)
class Texts:
    """How the words of a page came out."""

    #: Placeholder keys instead of texts.
    placeholders: bool
    #: Titles, descriptions or the prose are not in English.
    translated: bool
    #: It is the page as the browser shows it, with its indentation.
    rendered: bool


@dataclass(frozen=True, slots=True, order=True)
class Quality:
    """What speaks for a page, the weightiest first: qualities compare in this order."""

    has_output: bool
    has_example: bool
    free_of_placeholders: bool
    english: bool
    titled: bool
    rendered: bool

    @classmethod
    def of(cls, *, output: bool, example: bool, texts: Texts, dialect: Dialect) -> Quality:
        """The quality of a page with these properties."""
        return cls(
            has_output=output,
            has_example=example,
            free_of_placeholders=not texts.placeholders,
            english=not texts.translated,
            titled=dialect == "page",
            rendered=texts.rendered,
        )


def dialect_of(schema: object) -> Dialect:
    """Where a schema's form comes from: the page, or the catalogue.

    The catalogue writes no titles, puts a list's media format on the list itself, and sorts keys.
    """
    if not isinstance(schema, dict):
        return "page"
    parts = [schema, *_properties(schema)]
    if any(isinstance(part.get("title"), str) for part in parts):
        return "page"
    if any(part.get("type") == "array" and "format" in part for part in parts):
        return "catalogue"
    return "catalogue" if all(list(part) == sorted(part) for part in parts) else "page"


def judge_texts(blocks: Sequence[Block], *, whole_page: bool) -> Texts:
    """How the words came out: of the whole page, or, in a catalogue, of one model's blocks."""
    document = blocks[0].document
    words = document.text if whole_page else "".join(block.text for block in blocks)
    placeholders = PLACEHOLDER in words
    foreign = any(_is_foreign(block.value) for block in blocks)
    if whole_page and not placeholders:
        foreign = foreign or not _is_english_page(words)
    first = blocks[0].text.partition("\n")[2]
    return Texts(
        placeholders=placeholders,
        translated=foreign,
        rendered=whole_page and first.startswith((" ", "\t")),
    )


def _properties(schema: dict[str, object]) -> list[dict[str, object]]:
    properties = schema.get("properties")
    values = properties.values() if isinstance(properties, dict) else ()
    return [value for value in values if isinstance(value, dict)]


def _is_foreign(schema: object) -> bool:
    """Whether titles and descriptions are in another script, not counting a quoted word or two."""
    texts = [text for text in _texts(schema) if not text.startswith(PLACEHOLDER)]
    return sum(map(_is_foreign_text, texts)) * 10 > len(texts)


def _texts(schema: object) -> Iterator[str]:
    if isinstance(schema, dict):
        for part in (schema, *_properties(schema)):
            yield from (
                text
                for text in (part.get("title"), part.get("description"))
                if isinstance(text, str) and text
            )


def _is_foreign_text(text: str) -> bool:
    letters = [char for char in text if char.isalpha()]
    return sum(not char.isascii() for char in letters) * 10 > len(letters)


def _is_english_page(text: str) -> bool:
    if any(phrase in text for phrase in _ENGLISH):
        return True
    return sum(map(str.isalpha, _prose(text))) < _PROSE


def _prose(text: str) -> str:
    """The lines that are neither JSON nor a command, roughly: enough to see whether there are any."""
    lines = (line.strip() for line in text.splitlines())
    marks = ('"', "{", "}", "[", "]", *_COMMAND_LINES)
    return " ".join(line for line in lines if not line.startswith(marks))
