"""Extracting text from a saved document, with source positions."""

from __future__ import annotations

import hashlib
import html
import re
from bisect import bisect_right
from dataclasses import dataclass, field
from email import message_from_bytes
from html.parser import HTMLParser
from pathlib import PurePath
from typing import Final, Literal

from runcomfy_codegen.errors import SourceError

__all__ = ["SourceText", "Form", "read_document"]

Form = Literal["text", "html"]

#: A web page with all that belongs to it in one file, as Chromium saves it.
_MHTML_SUFFIXES: Final = frozenset({".mhtml", ".mht"})
_HTML_SUFFIXES: Final = frozenset({".html", ".htm", ".xhtml"})

#: Elements that are no text on the screen.
_SKIPPED: Final = frozenset({"script", "style", "template", "noscript"})

#: Line numbers beside a code block: shown, but no part of the code.
_GUTTERS: Final = frozenset(
    {
        "linenumber",
        "line-number",
        "lineno",
        "linenos",
        "line-numbers-rows",
        "hljs-ln-numbers",
        "react-syntax-highlighter-line-number",
    }
)
_GUTTER_TAGS: Final = frozenset({"span", "td"})

#: Elements that start and end on a line of their own.
_BLOCK_TAG_NAMES: Final = (
    "address article aside blockquote body br button dd div dl dt fieldset figcaption figure "
    "footer form h1 h2 h3 h4 h5 h6 head header hr html li main nav ol option p pre section "
    "table tbody td th thead title tr ul"
)
_BLOCK_TAGS: Final = frozenset(_BLOCK_TAG_NAMES.split())

#: Elements that are never closed, since nothing can be inside.
_VOID_TAG_NAMES: Final = "area base br col embed hr img input link meta param source track wbr"
_VOID_TAGS: Final = frozenset(_VOID_TAG_NAMES.split())


#: A JSON string, which ends with its line at the latest; or a space that JSON does not have, as copied from a web page.
_STRING_OR_ODD_SPACE: Final = re.compile(
    r'"(?:[^"\\\n]|\\.)*"?|[\xa0\u1680\u2000-\u200b\u202f\u205f\u3000\ufeff]'
)


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of text that stands together in an HTML source."""

    #: Where the run starts in the extracted text.
    start: int
    #: Where the run starts in the HTML: line and column, both from 1.
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class SourceText:
    """A source as text: its name, its checksum, its words."""

    #: The file name without its folder, or "-" for standard input.
    name: str
    #: The source as the user wrote it, for messages.
    place: str
    sha256: str
    form: Form
    #: The text; for HTML, the text that was extracted from it.
    text: str = field(repr=False)
    pieces: tuple[Piece, ...] = field(default=(), repr=False)

    def at(self, offset: int) -> str:
        """``place:line:column`` of an offset in the text, counted in the source that was saved."""
        if not self.pieces:
            line, column = _line_and_column(self.text[:offset])
            return f"{self.place}:{line}:{column}"
        index = bisect_right(self.pieces, offset, key=lambda piece: piece.start) - 1
        piece = self.pieces[max(index, 0)]
        line, column = _line_and_column(self.text[piece.start : offset])
        column = column if line > 1 else piece.column + column - 1
        return f"{self.place}:{piece.line + line - 1}:{column}"


def read_document(raw: bytes, *, name: str, place: str) -> SourceText:
    """The document that the bytes are; a `SourceError` if they are no UTF-8 text."""
    digest = hashlib.sha256(raw).hexdigest()
    if PurePath(name).suffix.lower() in _MHTML_SUFFIXES:
        raw = _html_in_archive(raw, place)
    text = _decode(raw, place)
    if PurePath(
        name
    ).suffix.lower() not in _HTML_SUFFIXES | _MHTML_SUFFIXES and not text.lstrip().startswith("<"):
        return SourceText(name, place, digest, "text", _with_plain_spaces(text))
    extractor = _Extractor()
    # Behind the last tag there is text only. The parser would look there for the ends of tags
    # again and again, which takes minutes for a file that was cut off at the wrong place.
    markup, bracket, rest = text.rpartition(">")
    extractor.feed(markup + bracket)
    extractor.close()
    extractor.handle_data(html.unescape(rest))
    return SourceText(name, place, digest, "html", extractor.text(), tuple(extractor.pieces))


def _html_in_archive(raw: bytes, place: str) -> bytes:
    """The page in a web archive, in UTF-8; positions count in it."""
    for part in message_from_bytes(raw).walk():
        content = part.get_payload(decode=True) if part.get_content_type() == "text/html" else None
        if isinstance(content, bytes):
            charset = part.get_content_charset("utf-8")
            try:
                return content.decode(charset).encode("utf-8")
            except (LookupError, UnicodeError):
                return content  # whoever reads it as UTF-8 reports the place
    raise SourceError(
        place, "this web archive contains no HTML page", "Save the page as HTML instead."
    )


def _decode(raw: bytes, place: str) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # error.start counts from behind the byte order mark, in error.object.
        before = bytes(error.object)[: error.start].decode("utf-8")
        line, column = _line_and_column(before)
        byte = bytes(error.object)[error.start]
        raise SourceError(
            f"{place}:{line}:{column}",
            f"this is not UTF-8 text (byte 0x{byte:02x})",
            "Save the page again as UTF-8.",
        ) from None


def _with_plain_spaces(text: str) -> str:
    """The text with no-break and other odd spaces outside of strings as plain ones; no character moves.

    Editors and web pages put them between the tokens of JSON.
    """
    return _STRING_OR_ODD_SPACE.sub(lambda found: found[0] if found[0][0] == '"' else " ", text)


def _line_and_column(before: str) -> tuple[int, int]:
    before = before.replace("\r\n", "\n").replace("\r", "\n")
    return before.count("\n") + 1, len(before) - before.rfind("\n")


class _Extractor(HTMLParser):
    """Collects the visible text of an HTML page: entities decoded, tags dropped.

    An element that stands on its own lines breaks the line where the source does not.
    """

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[Piece] = []
        self._parts: list[str] = []
        self._length = 0
        self._break = False
        #: The tags that are open inside a skipped element, that element's first.
        self._skipping: list[str] = []

    def text(self) -> str:
        """The text, with plain spaces outside strings."""
        return _with_plain_spaces("".join(self._parts))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _BLOCK_TAGS:
            self._break = True
        if tag not in _VOID_TAGS and (self._skipping or _is_skipped(tag, attrs)):
            self._skipping.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs  # nothing is inside, so nothing is skipped
        if tag in _BLOCK_TAGS:
            self._break = True

    def handle_endtag(self, tag: str) -> None:
        if tag in _BLOCK_TAGS:
            self._break = True
        if tag in self._skipping:
            while self._skipping.pop() != tag:  # elements inside it that were never closed
                pass

    def handle_data(self, data: str) -> None:
        if self._skipping or not data:
            return
        if self._break and self._parts:
            ended = self._parts[-1].endswith("\n") or data.startswith(("\n", "\r"))
            self._append("" if ended else "\n")
        self._break = False
        line, column = self.getpos()
        self.pieces.append(Piece(self._length, line, column + 1))
        self._append(data)

    def _append(self, text: str) -> None:
        if text:
            self._parts.append(text)
            self._length += len(text)


def _is_skipped(tag: str, attrs: list[tuple[str, str | None]]) -> bool:
    if tag in _SKIPPED:
        return True
    classes = next((value or "" for name, value in attrs if name == "class"), "")
    return tag in _GUTTER_TAGS and not _GUTTERS.isdisjoint(classes.lower().split())
