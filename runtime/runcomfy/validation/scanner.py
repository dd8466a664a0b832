"""The scanner: finds the lines with findings among many, and reports them.

Most lines of a large file are fine. A line counts as clean as soon as that is sure, and cheaply so;
every other line goes to ``examine``. So a report is always the one that ``validate`` gives, whichever
parser read the line first.
"""

from __future__ import annotations

import gc
import pickle
from contextlib import contextmanager
from functools import partial
from itertools import chain, compress, count, islice, starmap
from operator import attrgetter, itemgetter

from runcomfy.model.media import urls
from runcomfy.model.violation import Violation

from .media import GivenFiles
from .msgspec_decoder import are_plain_urls, clean_decoder
from .report import Report
from .validate import examine

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from typing import Any, Self

    from runcomfy.media.probe import MediaInfo, Source
    from runcomfy.model.request import Request

    from .msgspec_decoder import CleanDecoder

    Line = str | bytes

__all__ = ["LINES_OF_A_PIECE", "FaultyLine", "LineScan", "Scanner", "uncollected"]

#: Lines that are looked at together: few enough for their values to stay in the processor's cache, and for the
#: garbage collector not to look through them. Decoded payloads are smaller than dicts.
_BATCH, _CLEAN_BATCH = 64, 256
#: The same for lines out of a short piece of a file, which cannot fill the memory.
LINES_OF_A_PIECE = 1_024
#: Numbers from here on lose digits in orjson, which reads them as floats.
_WIDE = 2**63
#: Scalars that both parsers read alike.
_ALIKE = frozenset({str, int, bool, type(None)})


@contextmanager
def uncollected() -> Iterator[None]:
    """Keep the garbage collector away for some milliseconds: reports hold no circles, and looking through them takes a third of the time."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


class FaultyLine(bytes):
    """A placeholder line for an unreadable row of another format, with the violation to report."""

    fault: Violation

    def __new__(cls, fault: Violation) -> Self:
        """Make the line."""
        line = super().__new__(cls, b"!")
        line.fault = fault
        return line

    def __reduce__(self) -> tuple[Any, ...]:
        return FaultyLine, (self.fault,)


class LineScan:
    """The findings in some lines: reports with their line indexes, and counts.

    Out of another process the reports arrive packed, and are made when they are asked for: until then they are
    nothing that the garbage collector looks through.
    """

    __slots__ = ("_reports", "blank", "lines", "remote")

    def __init__(
        self, lines: int, blank: int, remote: int, reports: list[tuple[int, Report]] | bytes
    ) -> None:
        self.lines = lines
        self.blank = blank
        self.remote = remote
        self._reports = reports

    @property
    def reports(self) -> list[tuple[int, Report]]:
        """The index and the report of each line with findings, in order."""
        if isinstance(self._reports, bytes):
            self._reports = _unpacked(self._reports)
        return self._reports

    def __reduce__(self) -> tuple[Any, ...]:
        # Most reports hold errors alone, and tuples travel between processes in a third of the time.
        packed = pickle.dumps([_packed(index, report) for index, report in self.reports], -1)
        return LineScan, (self.lines, self.blank, self.remote, packed)


#: The arguments of a violation, in order.
_VALUES = attrgetter("pointer", "rule", "value", "limit", "message")


def _packed(index: int, report: Report) -> tuple[Any, ...]:
    if report.warnings or report.unchecked or report.files:
        return index, report
    return index, report.model_id, [*map(_VALUES, report.errors)]


def _unpacked(packed: bytes) -> list[tuple[int, Report]]:
    with uncollected():
        return [
            (index, Report(report, starmap(Violation, *errors)) if errors else report)
            for index, report, *errors in pickle.loads(packed)  # noqa: S301  # written by our own process
        ]


class Scanner:
    """Finds the lines that are not clean, and reports on them."""

    def __init__(
        self,
        cls: type[Request[Any]],
        files: Mapping[str, Source] | None,
        strict: bool,
        exact: bool | None = None,
    ) -> None:
        self.cls = cls
        self.given = dict(files or {})
        self.strict = strict
        self._files = GivenFiles(self.given, list_remote=False)
        #: The URLs whose files are given or were looked at.
        self._at_hand = set(self.given)
        #: Whether a rule could distinguish a wide integer from the float that orjson makes of it.
        self.exact = _minds_digits(cls) if exact is None else exact
        self._load = _reader(self.exact)
        self._clean = clean_decoder(cls)
        self._blank = 0
        self._remote = 0

    def know(self, found: Mapping[str, MediaInfo]) -> None:
        """Take what was found of files behind URLs, for the lines to come."""
        self._files.know(found)
        self._at_hand |= found.keys()

    def knows(self, url: str) -> bool:
        """Whether the file is given or was looked at."""
        return url in self._at_hand

    def scan(self, lines: Iterable[Line], most: int = _CLEAN_BATCH) -> Iterator[LineScan]:
        """Scan the lines, at most so many at a time."""
        waiting = iter(lines)
        scan, size = self._scan, _BATCH
        if self._clean is not None:
            scan, size = partial(self._sift, self._clean), most
        while batch := list(islice(waiting, size)):
            self._blank = self._remote = self._files.remote = 0
            with uncollected():
                reports = scan(batch)
            yield LineScan(len(batch), self._blank, self._remote + self._files.remote, reports)

    def _sift(self, clean: CleanDecoder, lines: list[Line]) -> list[tuple[int, Report]]:
        """Scan the lines that are not recognised as clean while they are decoded."""
        # Only the media values are kept: a payload lives no longer than its line, so that all share some memory.
        found: list[Any] = []
        refused: list[int] = []
        waiting = map(clean.media_values, map(clean.decode, lines))
        while True:
            try:
                # On an error, what was found so far stays in the list, and the line is used up.
                found.extend(waiting)
                break
            except (ValueError, RecursionError):
                refused.append(len(found) + len(refused))
        rules = clean.remote_rules(found, self._at_hand)
        if rules is None:
            rules, refused = self._sift_urls(clean, found, refused, len(lines))
        reports = self._scan([lines[index] for index in refused], refused) if refused else []
        self._remote += rules
        return reports

    def _sift_urls(
        self, clean: CleanDecoder, found: list[Any], refused: list[int], lines: int
    ) -> tuple[int, list[int]]:
        """The rules about files of the payloads whose URLs are fine, and the lines that remain to be scanned."""
        rules = 0
        remaining = set(refused)
        accepted = [index for index in range(lines) if index not in remaining]
        for index, values in zip(accepted, found, strict=True):
            concerned = clean.remote_rules([values], self._at_hand)
            if concerned is None:
                remaining.add(index)
            else:
                rules += concerned
        return rules, sorted(remaining)

    def _scan(
        self, lines: list[Line], places: Sequence[int] | None = None
    ) -> list[tuple[int, Report]]:
        """Check all lines; each report comes with the place of its line, by default the one in ``lines``."""
        payloads = self._parse(lines)
        found = list(map(self.cls._check, payloads))
        odd = {
            index
            for index in compress(count(), found)
            if payloads[index].__class__ is not dict or not _reads_alike(found[index])
        }
        for index in odd:
            payloads[index] = {}  # there is nothing more to look for here
        if not self._are_plain(payloads):
            odd.update(i for i, payload in enumerate(payloads) if not self._are_plain([payload]))
        reports = []
        for index in compress(count(), found) if not odd else range(len(lines)):
            report: Report | None = None
            if index in odd:
                report = self._examine(lines[index])
            elif found[index]:
                report = Report(self.cls.model_id, found[index])
            if report is not None:
                reports.append((places[index] if places else index, report))
        return reports

    def _parse(self, lines: list[Line]) -> list[Any]:
        """The value of each line; a tuple, which is no payload, where it could not be read."""
        payloads: list[Any] = []
        waiting = iter(lines)
        while len(payloads) < len(lines):
            try:
                # On an error, what was read so far stays in the list, and the line is used up.
                payloads.extend(map(self._load, waiting))
            except (ValueError, RecursionError):
                payloads.append(())
        return payloads

    def _are_plain(self, payloads: list[dict[str, Any]]) -> bool:
        """Whether there is surely nothing to say of valid payloads, and their files are remote."""
        if not self.cls._known.issuperset(set().union(*payloads)):
            return False
        if self.cls._members:
            from runcomfy.model.suggestions import (
                unknown_members,  # most models need no suggestions
            )

            if any(unknown_members(self.cls, payload) for payload in payloads):
                return False
        remote = 0
        for media in self.cls._media:
            found = _urls(payloads, media.path)
            try:
                if not are_plain_urls(found):
                    return False
            except TypeError:  # something other than a text stands where a URL belongs
                return False
            if self._at_hand and not self._at_hand.isdisjoint(found):
                return False
            remote += len(found) * len(media.rules)
        self._remote += remote
        return True

    def _examine(self, line: Line) -> Report | None:
        if not line.strip():
            self._blank += 1
            return None
        if isinstance(line, FaultyLine):
            return Report(self.cls.model_id, [line.fault])
        from .json_text import NotJSON, read_json

        try:
            payload = read_json(line, one_line=True)
        except NotJSON as error:
            return Report(self.cls.model_id, [error.violation(line)])
        report = examine(self.cls, payload, files=self._files, strict=self.strict)
        return report if report.errors or report.warnings or report.unchecked else None


def _urls(payloads: list[dict[str, Any]], path: tuple[str, ...]) -> list[Any]:
    """What stands at a media input, in all payloads together."""
    name, *inner = path
    if inner:
        return [url for payload in payloads for url in urls(payload, path)]
    try:
        values = list(map(itemgetter(name), payloads))
    except KeyError:  # an optional input
        values = [payload[name] for payload in payloads if name in payload]
    if set(map(type, values)) == {list}:
        return list(chain.from_iterable(values))
    return [url for value in values for url in (value if value.__class__ is list else [value])]


def _reader(exact: bool) -> Callable[[Any], Any]:
    """The fastest function that reads a line, or raises ``ValueError`` where ``read_json`` must."""
    if not exact:
        try:
            from orjson import loads
        except ImportError:
            pass
        else:
            return loads
    from .json_text import read_line

    return read_line


def _reads_alike(found: list[Violation]) -> bool:
    """Whether every parser reads the values that a report shows; floats may have been wide integers."""
    for violation in found:
        if violation.value.__class__ not in _ALIKE and violation.value != []:
            return False
    return True


def _minds_digits(cls: type[Request[Any]]) -> bool:
    """Whether a rule of the schema could distinguish a wide integer from the nearest float."""
    try:
        waiting: list[Any] = [cls.input_schema()]
    except (OSError, KeyError, ValueError):  # a class that was written by hand
        return False
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            if "multipleOf" in part or "uniqueItems" in part:
                return True
            waiting += part.values()
        elif isinstance(part, list):
            waiting += part
        elif isinstance(part, (int, float)) and abs(part) >= _WIDE:
            return True
    return False
