"""``Result`` and ``AsyncResult``: what a request gave."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from runcomfy.downloads.config import SAVE_TIMEOUT
from runcomfy.downloads.file import find_files
from runcomfy.downloads.manager import Downloads
from runcomfy.downloads.partial_file import SaveTarget

from .output_file import (
    AsyncOutputFile,
    AsyncProgress,
    OutputFile,
    Progress,
    default_async_downloads,
)

if TYPE_CHECKING:
    from runcomfy.downloads.async_manager import AsyncDownloads
    from runcomfy.downloads.file import File
    from runcomfy.model.output import Output
    from runcomfy.protocol.allowed_hosts import AllowedHosts

__all__ = ["AsyncResult", "Result"]

_log = logging.getLogger("runcomfy")

#: Dollars that no request costs; larger numbers cannot be shown or added up.
_HIGHEST_COST = 1e12

OutputT_co = TypeVar("OutputT_co", bound="Output", covariant=True)


@dataclass(frozen=True, slots=True)
class _Given(Generic[OutputT_co]):
    """What both kinds of result know."""

    request_id: str
    output: OutputT_co
    raw: Mapping[str, Any] = field(repr=False)
    model_id: str | None = None
    typed: bool = True

    def _warn_no_files(self) -> None:
        """Say why nothing is saved: the output holds no address of a file."""
        _log.warning("request %s: nothing to save, its output names no file", self.request_id)

    @property
    def cost(self) -> float | None:
        """What the request cost, where the service says it."""
        cost = self.raw.get("cost")
        if not isinstance(cost, (int, float)) or isinstance(cost, bool):
            return None
        return cost if abs(cost) <= _HIGHEST_COST else None  # nor for a number that is none

    @property
    def created_at(self) -> datetime | None:
        """When the service took the request; the text as it came is in ``raw``."""
        return _moment(self.raw.get("created_at"))

    @property
    def finished_at(self) -> datetime | None:
        """When the service was done with it."""
        return _moment(self.raw.get("finished_at"))


@dataclass(frozen=True, slots=True)
class Result(_Given[OutputT_co]):
    """What a request gave.

    ``output`` has the model's own type; ``typed`` is false when no generated class of the model is
    installed. ``files`` are the files in the output, whatever its shape. ``raw`` is the whole answer. A
    result can be pickled, and its files can still be fetched: that needs no token.

    >>> result = client.run(GptImage2Edit(prompt="add a hat", images=[url]))
    >>> result.output.image, result.files[0].kind
    ('https://…/hat.png', 'image')
    >>> result.save("out")
    [PosixPath('out/8f14e45f-1-hat.png')]
    """

    _downloads: Downloads = field(default_factory=Downloads, repr=False, compare=False)

    @property
    def files(self) -> list[OutputFile]:
        """The files in the output, in order, each once."""
        found = find_files(self.raw.get("output"), self.request_id, self.model_id)
        return [
            OutputFile(one.url, one.kind, one.name, one.request_id, one.model_id, self._downloads)
            for one in found
        ]

    def save(
        self,
        folder: str | os.PathLike[str],
        *,
        overwrite: bool = False,
        progress: Progress | None = None,
        timeout: float | None = SAVE_TIMEOUT,
        concurrency: int = 4,
    ) -> list[Path]:
        """Save all files into the folder, several at once; the paths, in the order of ``files``.

        The folder is made if it is not there. Each file gets its ``name``, or one like it if that is
        taken; with ``overwrite`` it replaces what is there. ``timeout`` covers all files together.
        When one cannot be saved, the others are, and ``NotAllSaved`` says which; the error of an only
        file is raised as it is. ``progress`` is called in other threads, with the file, the bytes
        received, and those of the whole file where they are known.
        """
        files = self.files
        if not files:
            self._warn_no_files()
        targets = [SaveTarget.inside(folder, one.name, overwrite=overwrite) for one in files]
        return self._downloads.save(files, targets, timeout, progress, concurrency)

    def _repr_html_(self) -> str:
        """The result in a notebook."""
        return _html(self, self.files, self._downloads.settings.hosts)


@dataclass(frozen=True, slots=True)
class AsyncResult(_Given[OutputT_co]):
    """``Result`` for ``AsyncClient``: ``save``, and the methods of its files, are awaited.

    >>> result = await client.run(GptImage2Edit(prompt="add a hat", images=[url]))
    >>> await result.save("out")
    [PosixPath('out/8f14e45f-1-hat.png')]
    """

    _downloads: AsyncDownloads = field(
        default_factory=default_async_downloads, repr=False, compare=False
    )

    @property
    def files(self) -> list[AsyncOutputFile]:
        """The files in the output, in order, each once."""
        found = find_files(self.raw.get("output"), self.request_id, self.model_id)
        return [
            AsyncOutputFile(
                one.url, one.kind, one.name, one.request_id, one.model_id, self._downloads
            )
            for one in found
        ]

    async def save(
        self,
        folder: str | os.PathLike[str],
        *,
        overwrite: bool = False,
        progress: AsyncProgress | None = None,
        timeout: float | None = SAVE_TIMEOUT,
        concurrency: int = 4,
    ) -> list[Path]:
        """``Result.save``, awaited. ``progress`` is awaited where it returns an awaitable."""
        files = self.files
        if not files:
            self._warn_no_files()
        targets = [SaveTarget.inside(folder, one.name, overwrite=overwrite) for one in files]
        return await self._downloads.save(files, targets, timeout, progress, concurrency)

    def _repr_html_(self) -> str:
        """The result in a notebook."""
        return _html(self, self.files, self._downloads.settings.hosts)


def _html(
    result: Result[Any] | AsyncResult[Any], files: Sequence[File], hosts: AllowedHosts
) -> str:
    from .html import html_of  # only notebooks need it

    return html_of(result, files, hosts)


def _moment(value: object) -> datetime | None:
    try:
        if isinstance(value, str):
            return datetime.fromisoformat(value)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        pass
    return None
