"""``File``: what is known of an output file before it is fetched, and where an output names files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from runcomfy.downloads.filenames import file_name
from runcomfy.media.formats import kind_of
from runcomfy.redaction import shown_url

__all__ = ["File", "find_files"]

#: What the members of an output mean, whose values are addresses.
_KINDS = {
    "image": "image",
    "images": "image",
    "video": "video",
    "videos": "video",
    "audio": "audio",
    "audios": "audio",
}


_SAME = frozenset({"url", "uri", "href", "src"})


@dataclass(frozen=True, slots=True)
class File:
    """What is known of an output file before it is fetched."""

    #: Where it is.
    url: str
    #: ``image``, ``video``, ``audio`` or ``file``: by the output's field, else by the extension.
    kind: str
    #: The name that it gets in a folder, safe on every system; it starts with the request id.
    name: str
    request_id: str
    model_id: str | None = None

    def __repr__(self) -> str:
        return f"{type(self).__name__}({shown_url(self.url)!r}, kind={self.kind!r}, name={self.name!r})"


def find_files(output: object, request_id: str, model_id: str | None) -> Iterator[File]:
    """The files in an output of any shape, in order, each address once."""
    found: dict[str, str] = {}
    for url, kind in _addresses(output):
        found.setdefault(url, kind)
    for place, (url, kind) in enumerate(found.items(), 1):
        name = file_name(url, request_id, place)
        yield File(url, kind or kind_of(name), name, request_id, model_id)


def _addresses(output: object) -> Iterator[tuple[str, str]]:
    """Each text that is an address, and the kind that the field says, if it says one."""
    waiting: list[tuple[object, str]] = [(output, "")]
    while waiting:
        part, kind = waiting.pop()
        if isinstance(part, str):
            web = part[:8].lower().startswith(("https://", "http://"))
            if web and not any(map(str.isspace, part)):
                yield part, kind
        elif isinstance(part, dict):
            waiting.extend(
                (value, kind if name in _SAME else _KINDS.get(name, ""))
                for name, value in reversed(part.items())
            )
        elif isinstance(part, list):
            waiting.extend((value, kind) for value in reversed(part))
