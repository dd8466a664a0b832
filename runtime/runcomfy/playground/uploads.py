"""Files uploaded on the page, kept in a private folder while the playground runs."""

from __future__ import annotations

import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from anyio.to_thread import run_sync

from runcomfy.downloads.filenames import safe_stem
from runcomfy.media.probe import MediaInfo, probe

__all__ = ["FILE", "StoredFile", "Uploads", "UploadRefused"]

#: How a payload of the page names an uploaded file: ``{"$file": ID}``.
FILE = "$file"


class UploadRefused(Exception):
    """The file is too large, or the folder is full; the message is for the page."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """One uploaded file, and the facts from its header."""

    file_id: str
    name: str
    path: Path
    info: MediaInfo

    def as_dict(self) -> dict[str, Any]:
        """The file as the page displays it."""
        return {"id": self.file_id, "name": self.name, "info": self.info.as_dict()}


class Uploads:
    """The folder and its files. ``close`` removes it."""

    def __init__(self, file_bytes: int, all_file_bytes: int) -> None:
        self._most, self._left = file_bytes, all_file_bytes
        self._folder = Path(tempfile.mkdtemp(prefix="runcomfy-playground-"))  # for this user only
        self._files: dict[str, StoredFile] = {}

    def __getitem__(self, file_id: str) -> StoredFile:
        return self._files[file_id]

    async def take(self, name: str, chunks: AsyncIterator[bytes]) -> StoredFile:
        """Store a file. Raises ``UploadRefused``."""
        file_id = secrets.token_urlsafe(12)
        shown = Path(name.replace("\\", "/")).name[:200] or "file"
        path = self._folder / f"{file_id}-{safe_stem(Path(shown).stem)}{Path(shown).suffix[:10]}"
        size = 0
        try:
            with path.open("xb") as stream:
                async for chunk in chunks:
                    size += len(chunk)
                    if size > self._most or size > self._left:
                        limit = min(self._most, self._left)
                        raise UploadRefused(f"{shown} is larger than {limit:,} bytes")
                    await run_sync(stream.write, chunk)
            info = await run_sync(probe, path)
        except OSError as error:
            path.unlink(missing_ok=True)
            raise UploadRefused(f"{shown} cannot be stored: {error.strerror or error}") from None
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        self._left -= size
        stored = self._files[file_id] = StoredFile(file_id, shown, path, info)
        return stored

    def resolved(self, value: Any) -> Any:
        """The payload with each ``{"$file": ID}`` replaced by a path; unknown ids remain."""
        if isinstance(value, Mapping):
            file = self._files.get(str(value.get(FILE))) if set(value) == {FILE} else None
            return file.path if file else {name: self.resolved(one) for name, one in value.items()}
        if isinstance(value, list):
            return [self.resolved(one) for one in value]
        return value

    def named(self, text: str) -> str:
        """The text with the name of a file in the place of its path here."""
        for file in self._files.values():
            text = text.replace(str(file.path), file.name)
        return text

    def close(self) -> None:
        """Remove the folder with its files."""
        shutil.rmtree(self._folder, ignore_errors=True)
        self._files.clear()
