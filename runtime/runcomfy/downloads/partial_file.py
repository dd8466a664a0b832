"""Sinks of a download: a temporary file next to its target, or memory."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Literal, TypeAlias

from runcomfy.media.formats import HEAD, known_extension, saved_name
from runcomfy.redaction import shown_url
from runcomfy.whole_files import is_special

from .filenames import free_names

__all__ = ["Memory", "PartialFile", "SaveTarget", "save_target", "save_targets"]

#: What to do if the name exists: choose another, raise ``FileExistsError``, or replace the file.
Clash: TypeAlias = Literal["rename", "refuse", "replace"]

#: Bytes of the start that are kept to recognise the format.
_FIRST = HEAD


class Memory:
    """A file in memory."""

    blocks = False

    def __init__(self) -> None:
        self.content = bytearray()

    @property
    def first(self) -> bytes:
        """The first bytes received."""
        return bytes(self.content[:_FIRST])

    def rewind(self, size: int) -> None:
        """Keep the first ``size`` bytes only."""
        del self.content[size:]

    def write(self, data: bytes) -> None:
        """Append a chunk."""
        self.content += data


#: The start of a URL; a single letter is a Windows drive.
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")


@dataclass(frozen=True, slots=True)
class SaveTarget:
    """The target of a file. ``free`` says that the extension may change to that of the content."""

    folder: Path
    name: str
    clash: Clash
    free: bool

    @classmethod
    def inside(cls, folder: str | os.PathLike[str], name: str, *, overwrite: bool) -> SaveTarget:
        """The target in a folder, for a name that the caller did not choose."""
        return cls(_path(folder), name, "replace" if overwrite else "rename", free=True)

    def check(self) -> None:
        """Raise ``FileExistsError`` for what stands in the way, before anything is fetched."""
        _require_folder(self.folder)
        path = self.folder / self.name
        if is_special(path):
            raise FileExistsError(
                17, "is a device or a pipe, not a file; choose another path", str(path)
            )
        if self.clash == "refuse" and os.path.lexists(path):
            raise FileExistsError(17, "file exists; pass overwrite=True to replace it", str(path))

    def part(self) -> PartialFile:
        """The file that is not complete yet."""
        return PartialFile(self)


def save_targets(
    path: str | os.PathLike[str], names: Sequence[str], *, overwrite: bool
) -> list[SaveTarget]:
    """The targets of ``result.save(path)``: in a folder, or a file path for a single file.

    A path with a file extension is a file path, unless it is an existing folder. Raises ``ValueError`` for a file
    path and several files.
    """
    exact = _path(path)
    slash = os.fspath(path).endswith((os.sep, os.altsep or os.sep))
    # Path.is_dir raises without permission.
    if slash or os.path.isdir(exact) or not known_extension(exact.name):  # noqa: PTH112  # see above
        return [SaveTarget.inside(path, name, overwrite=overwrite) for name in names]
    if len(names) > 1:
        raise ValueError(
            f"save needs a folder for {len(names)} files, but {exact.name!r} is a file name: "
            f"save({str(exact.parent)!r}), or result.files[0].save({str(exact)!r})"
        )
    return [save_target(path, name, overwrite=overwrite) for name in names]


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Add the file name to an ``OSError`` without one, such as that of a full disk."""
    try:
        yield
    except OSError as error:
        if error.filename is None:
            error.filename = str(path)
        raise


def _require_folder(folder: Path) -> None:
    """Raise ``FileExistsError`` where a file has the name of the folder."""
    if os.path.lexists(folder) and not os.path.isdir(folder):  # noqa: PTH112  # Path.is_dir may raise
        words = (
            "a file with the name of this folder is there, and is kept; choose another folder, or save one "
            "file over it: result.files[0].save(path, overwrite=True)"
        )
        raise FileExistsError(17, words, str(folder))


def _make_folder(folder: Path) -> None:
    _require_folder(folder)
    folder.mkdir(parents=True, exist_ok=True)


def save_target(
    path: str | os.PathLike[str], name: str, *, overwrite: bool, exact: bool = True
) -> SaveTarget:
    """The target of ``save(path)``: ``name`` in a folder, or that path; its extension may change unless ``exact``."""
    given, place = os.fspath(path), _path(path)
    is_folder = os.path.isdir(place)  # noqa: PTH112  # Path.is_dir raises where it may not look
    if given.endswith((os.sep, os.altsep or os.sep)) or is_folder:
        return SaveTarget.inside(place, name, overwrite=overwrite)
    return SaveTarget(
        place.parent, place.name, "replace" if overwrite else "refuse", free=not exact
    )


def _path(given: str | os.PathLike[str]) -> Path:
    if not os.fspath(given):  # which Path takes for the current folder
        raise ValueError("save needs a folder or a file path, got an empty path")
    if _URL.match(str(given)):  # a Path of "s3://bucket/x" has one slash
        raise ValueError(
            f"save needs a folder or a file path, got a URL: {shown_url(str(given))}; "
            "to save into a bucket: result.files[0].put(bucket)"
        )
    return Path(os.path.expanduser(given))  # noqa: PTH111  # of a home that is not known it stays as it is


class PartialFile:
    """An incomplete file on disk, next to its target under a hidden name.

    ``publish`` gives it its name in one step, so that no half file ever has it. ``discard`` removes it,
    also while another thread writes to it, which then raises ``ValueError``.
    """

    blocks = True

    def __init__(self, target: SaveTarget) -> None:
        self._target = target
        self._path = target.folder / f".{target.name[:40]}.part-{os.urandom(6).hex()}"
        self._lock = Lock()
        self._file: int | None = None
        self._ended = False
        self.first = b""

    def rewind(self, size: int) -> None:
        """Keep the first ``size`` bytes only."""
        with self._lock:
            file = self._open()
            os.ftruncate(file, size)
            os.lseek(file, size, os.SEEK_SET)
            self.first = self.first[:size]

    def write(self, data: bytes) -> None:
        """Append a chunk."""
        if len(self.first) < _FIRST:
            self.first += data[: _FIRST - len(self.first)]
        with self._lock, _naming(self._target.folder / self._target.name):
            file, rest = self._open(), memoryview(data)
            while rest:
                rest = rest[os.write(file, rest) :]

    def publish(self, content_type: str) -> Path:
        """Rename the complete file to its target, and return the path."""
        with self._lock, _naming(self._target.folder / self._target.name):
            file = self._open()
            os.fsync(file)  # otherwise a power failure may keep the name and lose the content
            self._close()
            self._ended = True
            return self._place(self._name(content_type))

    def discard(self) -> None:
        """Remove the file, unless it was published."""
        with self._lock:
            if self._ended:
                return
            self._ended = True
            if self._file is not None:
                self._close()
                self._path.unlink(missing_ok=True)

    def _open(self) -> int:
        if self._ended:
            raise ValueError("the file is no longer written to")
        if self._file is None:
            _make_folder(self._target.folder)
            flags = os.O_RDWR | os.O_CREAT | os.O_EXCL
            # Some systems lack some of these.
            for name in ("O_BINARY", "O_NOFOLLOW", "O_CLOEXEC", "O_NOINHERIT"):
                flags |= getattr(os, name, 0)
            self._file = os.open(self._path, flags, 0o666)
        return self._file

    def _close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _name(self, content_type: str) -> str:
        name = self._target.name
        return saved_name(name, content_type, self.first) if self._target.free else name

    def _place(self, name: str) -> Path:
        """Move the part to its name, or the first free one like it."""
        folder, clash = self._target.folder, self._target.clash
        try:
            if clash == "replace":
                self._path.replace(folder / name)
                return folder / name
            for candidate in free_names(name):
                try:
                    _move_to_free(self._path, folder / candidate)
                except FileExistsError:
                    if clash == "refuse":
                        raise
                else:
                    return folder / candidate
            raise AssertionError("names never end")
        finally:
            self._path.unlink(missing_ok=True)


def _move_to_free(part: Path, path: Path) -> None:
    """Rename the part atomically. Raises ``FileExistsError`` if the name exists, even as a link."""
    try:
        os.link(part, path)
    except FileExistsError:
        raise
    except OSError:
        # A file system without hard links. The name is taken by an empty file, then replaced.
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
        part.replace(path)
