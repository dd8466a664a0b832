"""``OutputFile`` and ``AsyncOutputFile``: a file that a request gave, to be read or saved."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from runcomfy.downloads.config import SAVE_TIMEOUT
from runcomfy.downloads.file_types import kind_of
from runcomfy.downloads.filenames import file_name
from runcomfy.downloads.manager import Downloads
from runcomfy.downloads.partial_file import target_for
from runcomfy.redaction import shown_url

if TYPE_CHECKING:
    from runcomfy.downloads.async_manager import AsyncDownloads

__all__ = ["AsyncOutputFile", "File", "OutputFile", "default_async_downloads", "find_files"]

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


@dataclass(frozen=True, slots=True, repr=False)
class OutputFile(File):
    """A file that a request gave.

    It is fetched without the token, from allowed hosts only, and no longer than ``timeout`` seconds
    for all attempts together. Raises ``DownloadRefused``, ``DownloadFailed``, ``DeadlineExceeded``.

    >>> file = result.files[0]
    >>> file.save("hat.png")
    PosixPath('hat.png')
    """

    _downloads: Downloads = field(default_factory=Downloads, compare=False)

    def read(self, *, timeout: float | None = SAVE_TIMEOUT, max_bytes: int | None = None) -> bytes:
        """The content. A file of more than ``max_bytes`` is refused; else the client's limit holds."""
        return self._downloads.read(self, timeout, max_bytes)

    def save(
        self,
        path: str | os.PathLike[str],
        *,
        overwrite: bool = False,
        progress: Progress | None = None,
        timeout: float | None = SAVE_TIMEOUT,
    ) -> Path:
        """Save into a folder, which is there or ends with a slash, or as the file at ``path``.

        In a folder the file gets its ``name``, or one like it if that is taken. A file that is there is
        replaced with ``overwrite`` only; ``FileExistsError`` if it is at ``path``. The file has its
        name only when it is complete. ``progress`` is called in another thread, with the file, the
        bytes received, and those of the whole file where they are known.
        """
        target = target_for(path, self.name, overwrite=overwrite)
        return self._downloads.save([self], [target], timeout, progress)[0]


def default_async_downloads() -> AsyncDownloads:
    """What fetches a file that no client made."""
    from runcomfy.downloads.async_manager import AsyncDownloads

    return AsyncDownloads()


@dataclass(frozen=True, slots=True, repr=False)
class AsyncOutputFile(File):
    """``OutputFile`` for ``AsyncClient``: the same methods, awaited.

    >>> content = await result.files[0].read()
    """

    _downloads: AsyncDownloads = field(default_factory=default_async_downloads, compare=False)

    async def read(
        self, *, timeout: float | None = SAVE_TIMEOUT, max_bytes: int | None = None
    ) -> bytes:
        """The content. A file of more than ``max_bytes`` is refused; else the client's limit holds."""
        return await self._downloads.read(self, timeout, max_bytes)

    async def save(
        self,
        path: str | os.PathLike[str],
        *,
        overwrite: bool = False,
        progress: AsyncProgress | None = None,
        timeout: float | None = SAVE_TIMEOUT,
    ) -> Path:
        """``OutputFile.save``, awaited. ``progress`` is awaited where it returns an awaitable."""
        target = target_for(path, self.name, overwrite=overwrite)
        return (await self._downloads.save([self], [target], timeout, progress))[0]


#: Called with the file, the bytes received, and those of the whole file where they are known.
Progress: TypeAlias = Callable[[OutputFile, int, int | None], object]
AsyncProgress: TypeAlias = Callable[[AsyncOutputFile, int, int | None], Awaitable[object] | object]


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
