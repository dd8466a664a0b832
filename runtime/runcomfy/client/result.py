"""``Result`` and ``AsyncResult``: the result of a request."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, NoReturn, TypeVar

from runcomfy.downloads.config import SAVE_TIMEOUT
from runcomfy.downloads.file import find_files, strange_texts
from runcomfy.downloads.manager import Downloads
from runcomfy.downloads.partial_file import save_targets
from runcomfy.errors import NoFiles
from runcomfy.model.messages import show
from runcomfy.redaction import clean

from .fetched_files import Fetched
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

_FIELDS = ("request_id", "output", "raw", "model_id", "typed", "_downloads")

OutputT_co = TypeVar("OutputT_co", bound="Output", covariant=True)


FileT = TypeVar("FileT", bound="File")


class OutputFiles(list[FileT]):
    """The files of a result; without any, ``files[0]`` raises ``NoFiles``."""

    def __init__(self, files: Iterable[FileT] = (), missing: NoFiles | None = None) -> None:
        super().__init__(files)
        self._missing = missing

    def __getitem__(self, place: Any) -> Any:
        if not self and self._missing is not None and not isinstance(place, slice):
            raise self._missing
        return super().__getitem__(place)


class _ResultBase(Generic[OutputT_co]):
    """The common part of both result classes."""

    __slots__ = ("_downloads", "_fetched", "model_id", "output", "raw", "request_id", "typed")
    request_id: str
    output: OutputT_co
    raw: Mapping[str, Any]
    model_id: str | None
    typed: bool
    _downloads: Any
    _fetched: Fetched

    def __init__(
        self,
        request_id: str,
        output: OutputT_co,
        raw: Mapping[str, Any],
        model_id: str | None = None,
        typed: bool = True,
        downloads: Any = None,
    ) -> None:
        keep = object.__setattr__
        keep(self, "request_id", request_id)
        keep(self, "output", output)
        keep(self, "raw", raw)
        keep(self, "model_id", model_id)
        keep(self, "typed", typed)
        keep(self, "_downloads", downloads or self._default_downloads())
        keep(self, "_fetched", Fetched())

    @staticmethod
    def _default_downloads() -> Any:
        raise NotImplementedError

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"a result cannot be changed: {name}")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"a result cannot be changed: {name}")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, _ResultBase) or type(self) is not type(other):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in _FIELDS[:-1])

    # ``raw`` is a mapping, which has no hash.
    __hash__ = None  # type: ignore[assignment]  # the documented way to say "unhashable"

    def __repr__(self) -> str:
        fields = (f"{name}={getattr(self, name)!r}" for name in _FIELDS[:-1] if name != "raw")
        return f"{type(self).__name__}({', '.join(fields)})"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), tuple(getattr(self, name) for name in _FIELDS)

    def as_dict(self) -> dict[str, object]:
        """The result as plain data, for JSON: the output as received, and its files."""
        return {
            "request_id": self.request_id,
            "model_id": self.model_id,
            "output": self.raw.get("output"),
            "files": [file.as_dict() for file in self._found()],
            "cost": self.cost,
            "created_at": self.raw.get("created_at"),
            "finished_at": self.raw.get("finished_at"),
        }

    def __iter__(self) -> Iterator[tuple[str, object]]:
        """The items of ``as_dict()``, so that ``dict(result)`` is plain data."""
        return iter(self.as_dict().items())

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: object) -> Any:
        """Let pydantic and FastAPI serialise results as plain data."""
        from runcomfy.model.plain_data import plain_data_schema

        return plain_data_schema(cls)

    def _found(self) -> list[File]:
        """The files in the output."""
        base = f"{self._downloads.settings.base_url}/v1/requests/{self.request_id}/result"
        return find_files(self.raw.get("output"), self.request_id, self.model_id, base)

    def _files(self, kind: Callable[..., FileT]) -> list[FileT]:
        """The files in the output, as file objects of this result's client."""
        made = (
            kind(
                one.url,
                one.kind,
                one.name,
                one.request_id,
                one.model_id,
                self._downloads,
                self._fetched,
            )
            for one in self._found()
        )
        return OutputFiles(made, self._no_files())

    def _no_files(self) -> NoFiles | None:
        """The error if the output contains no file."""
        if self._found():
            return None
        strange = strange_texts(self.raw.get("output"))
        reason = "; ".join(strange[:3]) or f"the output is {show(self.raw.get('output'))}"
        return NoFiles(
            f"the output contains no file: {reason}. The output is in result.output and result.raw",
            request_id=self.request_id,
            model_id=self.model_id,
            raw=self.raw,
        )

    def _check_output(self) -> None:
        """Before saving: raise if there are no files, and log the strings that are not saved."""
        missing = self._no_files()
        if missing is not None:
            raise missing
        for warning in strange_texts(self.raw.get("output")):
            _log.warning("request %s: %s; it is not saved", self.request_id, clean(warning))

    def _saved(self, files: Sequence[File], paths: list[Path]) -> list[Path]:
        for file, path in zip(files, paths, strict=True):
            self._fetched.saved(file.url, path)
        return paths

    @property
    def cost(self) -> float | None:
        """The cost of the request in US dollars, if the service reports it."""
        cost = self.raw.get("cost")
        if not isinstance(cost, (int, float)) or isinstance(cost, bool):
            return None
        return cost if 0 <= cost <= _HIGHEST_COST else None  # nor for a number that is none

    @property
    def created_at(self) -> datetime | None:
        """The time when the service accepted the request; ``raw`` has the original string."""
        return _moment(self.raw.get("created_at"))

    @property
    def finished_at(self) -> datetime | None:
        """The time when the service finished the request."""
        return _moment(self.raw.get("finished_at"))


class Result(_ResultBase[OutputT_co]):
    """The result of a request.

    ``output`` has the model's own type; ``typed`` is false when no generated class of the model is
    installed. ``files`` are the files in the output, whatever its shape. ``raw`` is the whole answer. A
    result can be pickled, and its files can still be fetched: that needs no token.

    >>> result = client.run(GptImage2Edit(prompt="add a hat", images=[url]))
    >>> result.output.image, result.files[0].kind
    ('https://…/hat.png', 'image')
    >>> result.save("out")
    [PosixPath('out/8f14e45f-1-hat.png')]
    """

    __slots__ = ()
    _downloads: Downloads
    _default_downloads = staticmethod(Downloads)

    @property
    def files(self) -> list[OutputFile]:
        """The files in the output, in order, without duplicates. Without any, ``files[0]`` raises ``NoFiles``."""
        return self._files(OutputFile)

    def save(
        self,
        folder: str | os.PathLike[str],
        *,
        overwrite: bool = False,
        progress: Progress | None = None,
        timeout: float | None = SAVE_TIMEOUT,
        concurrency: int = 4,
    ) -> list[Path]:
        """Save all files into a folder concurrently. Returns the paths in the order of ``files``.

        The folder is created if needed. A file path (``"hat.png"``) is accepted if the result has a single file.
        Each file gets its ``name``, or a similar one if that exists; with ``overwrite`` it replaces the existing
        file. ``timeout`` covers all files together. If a file cannot be saved, the others are, and
        ``NotAllSaved`` lists it; the error of a single file is raised unchanged. ``progress`` is called in
        other threads, with the file, the bytes received, and the total if known. Raises ``NoFiles`` if the
        output has none.
        """
        self._check_output()
        files = self.files
        targets = save_targets(folder, [one.name for one in files], overwrite=overwrite)
        return self._saved(
            files, self._downloads.save(files, targets, timeout, progress, concurrency)
        )

    def _repr_html_(self) -> str:
        """The result in a notebook."""
        return _html(self, self.files, self._downloads.settings.hosts, self._fetched)


class AsyncResult(_ResultBase[OutputT_co]):
    """``Result`` for ``AsyncClient``: ``save``, and the methods of its files, are awaited.

    >>> result = await client.run(GptImage2Edit(prompt="add a hat", images=[url]))
    >>> await result.save("out")
    [PosixPath('out/8f14e45f-1-hat.png')]
    """

    __slots__ = ()
    _downloads: AsyncDownloads
    _default_downloads = staticmethod(default_async_downloads)

    @property
    def files(self) -> list[AsyncOutputFile]:
        """The files in the output, in order, without duplicates. Without any, ``files[0]`` raises ``NoFiles``."""
        return self._files(AsyncOutputFile)

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
        self._check_output()
        files = self.files
        targets = save_targets(folder, [one.name for one in files], overwrite=overwrite)
        paths = await self._downloads.save(files, targets, timeout, progress, concurrency)
        return self._saved(files, paths)

    def _repr_html_(self) -> str:
        """The result in a notebook."""
        return _html(self, self.files, self._downloads.settings.hosts, self._fetched)


def _html(
    result: Result[Any] | AsyncResult[Any],
    files: Sequence[File],
    hosts: AllowedHosts,
    fetched: Fetched,
) -> str:
    from .html import html_of  # only notebooks need it

    return html_of(result, files, hosts, fetched)


def _moment(value: object) -> datetime | None:
    try:
        if isinstance(value, str):
            return datetime.fromisoformat(value)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        pass
    return None
