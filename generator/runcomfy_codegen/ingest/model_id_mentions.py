"""The model id on a page, from every mention between fixed phrases."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from unicodedata import category
from urllib.parse import unquote

from runcomfy_codegen.errors import SourceError
from runcomfy_codegen.ingest.text import SourceText
from runcomfy_codegen.schema.model_ids import ModelId, parse_model_id

__all__ = ["Mention", "find_mentions", "model_id_of"]

#: Longer than any id, shorter than the way to the next sentence that happens to fit.
_WINDOW: Final = 300


@dataclass(frozen=True, slots=True)
class _Anchor:
    """Fixed words before an id, and those that end it; the first end that comes counts."""

    before: str
    after: tuple[str, ...]
    #: Whether the id is part of a URL: quoted, with percent signs for spaces.
    in_url: bool = False
    #: Whether the text may end instead.
    to_the_end: bool = False


#: An id holds dots and spaces, so neither ends it; every other mark does, of whatever script. HTML may have lost the
#: line end after the URL.
_ANCHORS: Final = (
    _Anchor("/v1/models/", (" --",), in_url=True, to_the_end=True),
    _Anchor("modelApiDoc_getStartedBeforeModel", ("modelApiDoc_",)),
    _Anchor("API to run ", (". For accepted",)),
)

_PLACEHOLDERS: Final = ("{", "<", ":", "$")
#: The marks of ids in URLs.
_IN_IDS: Final = frozenset(" ._-/%")


@dataclass(frozen=True, slots=True)
class Mention:
    """A place that names a model, and the name as it stands there."""

    text: str
    document: SourceText
    offset: int

    @property
    def place(self) -> str:
        """Where the name stands, for messages."""
        return self.document.at(self.offset)

    def names(self, model_id: str) -> bool:
        """Whether it is this id, maybe with words of a sentence after it: an id may hold spaces, so they do not end it."""
        return self.text == model_id or self.text.startswith(f"{model_id} ")


def find_mentions(document: SourceText) -> tuple[Mention, ...]:
    """All ids on a page, in the order of the anchors, not yet checked."""
    return tuple(mention for anchor in _ANCHORS for mention in _mentions(document, anchor))


def _mentions(document: SourceText, anchor: _Anchor) -> Iterator[Mention]:
    text = document.text
    found = text.find(anchor.before)
    while found >= 0:
        start = found + len(anchor.before)
        window = text[start : start + _WINDOW]
        ends = [end for end in (window.find(after) for after in anchor.after) if end >= 0]
        if anchor.in_url:
            ends += [at for at, character in enumerate(window) if _ends_url(character)][:1]
        written = window[: min(ends, default=None)].strip()
        if (ends or anchor.to_the_end) and not _is_other(written, anchor):
            # The full stop of a sentence is none of the id, which never ends in one.
            name = unquote(written.rstrip("./ ")) if anchor.in_url else written
            yield Mention(name, document, start)
        found = text.find(anchor.before, start)


def _ends_url(character: str) -> bool:
    """Whether it is a mark, a sign, a line end or an odd space: no part of an id, and of no word."""
    return character not in _IN_IDS and category(character)[0] in "PSZC"


def _is_other(written: str, anchor: _Anchor) -> bool:
    """Whether the words led elsewhere: to a stand-in for an id, or to a sentence of their own."""
    if anchor.in_url:
        return not written or written.startswith(_PLACEHOLDERS)
    return "\n" in written or anchor.before in written


def model_id_of(
    document: SourceText, mentions: tuple[Mention, ...], given: ModelId | None
) -> ModelId:
    """The one id that the page and the command line agree on."""
    if not mentions and given is not None:
        return given
    if not mentions:
        raise SourceError(
            document.at(0),
            "no model id found (no curl line with …/v1/models/<id>)",
            "Pass the model id: --model-id owner/model.",
        )
    first = min(
        (one for one in mentions if mentions[0].names(one.text)), key=lambda one: len(one.text)
    )
    agreed, where = (first.text, first.place) if given is None else (given, "--model-id")
    others = [mention for mention in mentions if not mention.names(agreed)]
    # Of the ids that a page names, --model-id says which one it is about.
    decided = given is not None and len(others) < len(mentions)
    if others and not decided:
        other = others[0]
        raise SourceError(
            other.place,
            f"two different model ids: {other.text!r} here, {agreed!r} at {where}",
            "Save one model per page, and omit --model-id if the page contains the id.",
        )
    return parse_model_id(agreed, where)
