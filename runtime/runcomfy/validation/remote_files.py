"""Inspecting the remote files of many payloads, a chunk of lines at a time."""

from __future__ import annotations

from itertools import islice

from runcomfy.media.remote.probe import probe_urls

from .json_text import NotJSON, read_json
from .media import remote_urls

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from runcomfy.media.remote.probe import RemoteLimits

    from .scanner import Line, Scanner

__all__ = ["looked_at"]

#: Lines whose files are inspected together.
_PORTION = 256


def looked_at(
    scanner: Scanner, lines: Iterable[Line], limits: RemoteLimits | None
) -> Iterator[Line]:
    """The same lines, each after the scanner has the facts of the files behind its URLs."""
    waiting = iter(lines)
    while portion := list(islice(waiting, _PORTION)):
        wanted = {url: None for line in portion for url in _urls(scanner, line)}
        if wanted:
            scanner.know(probe_urls(wanted, limits))
        yield from portion


def _urls(scanner: Scanner, line: Line) -> Iterator[str]:
    try:
        payload = read_json(line, one_line=True)
    except NotJSON:  # which the scanner reports
        return
    for url in remote_urls(scanner.cls._media, payload):
        if not scanner.knows(url):
            yield url
