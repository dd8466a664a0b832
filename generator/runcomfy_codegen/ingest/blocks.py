"""Finding the JSON blocks of a text."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from runcomfy_codegen.errors import SourceError
from runcomfy_codegen.ingest.text import SourceText

__all__ = ["Block", "BlockScan", "decode_block", "find_blocks", "refusals"]

#: Real schemas nest six levels deep. What is taken in here is walked recursively later on.
MAX_DEPTH: Final = 64

_DECODER: Final = json.JSONDecoder()
_SPACE: Final = re.compile(r"[ \t\r\n]*")

#: What follows the brace of a JSON object, or of one whose quotes a word processor has bent.
#: Other braces are prose: ``/v1/requests/{request_id}/status``.
_AFTER_BRACE: Final = ('"', "}", "“", "”", "„")

_SAVE_AGAIN: Final = "Save the whole page again, or copy the whole block."


@dataclass(frozen=True, slots=True)
class Block:
    """A JSON value and its exact position."""

    document: SourceText = field(repr=False)
    start: int
    end: int
    value: object

    @property
    def text(self) -> str:
        """The value as it is written in the document, to the character."""
        return self.document.text[self.start : self.end]

    @property
    def place(self) -> str:
        """Where the value starts, for messages."""
        return self.document.at(self.start)

    def member(self, name: str) -> Block | None:
        """The value of a name, if this is an object that has it."""
        if not isinstance(self.value, dict):
            return None
        return next((block for key, block in self._members() if key == name), None)

    def elements(self) -> Iterator[Block]:
        """The values of a list, in order."""
        if not isinstance(self.value, list):
            return
        position = self.start
        for _ in self.value:
            block = self._value_at(position + 1)
            yield block
            position = _skip_space(self.document.text, block.end)

    def _members(self) -> Iterator[tuple[object, Block]]:
        text, position = self.document.text, self.start
        while text[position] != "}" and text[_skip_space(text, position + 1)] == '"':
            key = self._value_at(position + 1)
            block = self._value_at(_skip_space(text, key.end) + 1)
            yield key.value, block
            position = _skip_space(text, block.end)

    def _value_at(self, position: int) -> Block:
        start = _skip_space(self.document.text, position)
        value, end = _DECODER.raw_decode(self.document.text, start)
        return Block(self.document, start, end, value)


@dataclass(frozen=True, slots=True)
class BlockScan:
    """The blocks of a document, and their faults."""

    blocks: tuple[Block, ...]
    faults: tuple[SourceError, ...]


def find_blocks(document: SourceText) -> BlockScan:
    """All JSON objects of a text that are not inside another one.

    After a block without a recognisable end nothing more is read: what follows may be inside it.
    """
    blocks: list[Block] = []
    faults: list[SourceError] = []
    position = _next_start(document.text, 0)
    while position is not None:
        try:
            block = decode_block(document, position)
        except SourceError as fault:
            faults.append(fault)
            break
        faults.extend(refusals(block))
        blocks.append(block)
        position = _next_start(document.text, block.end)
    return BlockScan(tuple(blocks), tuple(faults))


def _next_start(text: str, position: int) -> int | None:
    if position == 0 and (start := _list_start(text)) is not None:
        return start
    while (position := text.find("{", position)) >= 0:
        if text.startswith(_AFTER_BRACE, _skip_space(text, position + 1)):
            return position
        position += 1
    return None


def _list_start(text: str) -> int | None:
    """Where a document that is one list of objects starts: a catalogue's answer."""
    start = _skip_space(text, 0)
    is_list = text.startswith("[", start) and text.startswith("{", _skip_space(text, start + 1))
    return start if is_list else None


def _skip_space(text: str, position: int) -> int:
    match = _SPACE.match(text, position)
    return match.end() if match else position


def decode_block(document: SourceText, start: int) -> Block:
    """The JSON value that starts at ``start``. Raises ``SourceError``."""
    try:
        value, end = _DECODER.raw_decode(document.text, start)
    except json.JSONDecodeError as error:
        raise _broken(document, start, error) from None
    except RecursionError:
        raise _too_deep(document.at(start)) from None
    except ValueError as error:  # an integer of more digits than Python converts
        problem = f"this JSON cannot be read: {error}"
        raise SourceError(document.at(start), problem, _SAVE_AGAIN) from None
    return Block(document, start, end, value)


def _broken(document: SourceText, start: int, error: json.JSONDecodeError) -> SourceError:
    began = document.at(start).removeprefix(f"{document.place}:")
    cut_off = error.pos >= len(document.text.rstrip()) or error.msg.startswith("Unterminated")
    problem = (
        f"the JSON block that starts at {began} is cut off ({error.msg})"
        if cut_off
        else f"the JSON block that starts at {began} is invalid here ({error.msg})"
    )
    return SourceError(document.at(error.pos), problem, _SAVE_AGAIN)


def _too_deep(place: str) -> SourceError:
    return SourceError(
        place,
        f"this JSON is nested more than {MAX_DEPTH} levels deep",
        "No model schema is that deep; check that this is the right file.",
    )


def refusals(block: Block) -> Iterator[SourceError]:
    """What the decoder lets pass and no reader agrees on, each at its own place.

    The block is known to be well formed, so a look at single tokens is enough.
    """
    text, position = block.document.text, block.start
    open_names: list[set[object]] = []  # for each open object or list, the names seen in it
    while position < block.end:
        char = text[position]
        if char in '"-0123456789NI':
            value, end = _DECODER.raw_decode(text, position)
            if char == '"' and text.startswith(":", _skip_space(text, end)):
                if value in open_names[-1]:
                    yield _duplicate(block.document.at(position), value)
                open_names[-1].add(value)
            elif isinstance(value, float) and not math.isfinite(value):
                yield _not_finite(block.document.at(position), text[position:end])
            position = end
            continue
        if char in "{[":
            open_names.append(set())
            if len(open_names) > MAX_DEPTH:
                yield _too_deep(block.document.at(position))
                return
        elif char in "}]":
            open_names.pop()
        position += 1


def _duplicate(place: str, name: object) -> SourceError:
    return SourceError(
        place,
        f"the name {name!r} occurs twice in one JSON object, so its value is ambiguous",
        "Remove the wrong one.",
    )


def _not_finite(place: str, number: str) -> SourceError:
    shown = number if len(number) <= 40 else number[:40] + "…"
    return SourceError(
        place,
        f"{shown} is not a JSON number",
        "Write a finite number, or remove the keyword.",
    )
