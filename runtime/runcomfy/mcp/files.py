"""Files on this machine: those that an agent names, below the roots only; and where results are saved."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from runcomfy.downloads.filenames import safe_stem
from runcomfy.errors import ConfigurationError
from runcomfy.model.local_files import mapped
from runcomfy.model.request import Request

__all__ = ["folder_of", "with_local_files"]

_REMOTE = re.compile(r"(?i)(https?|data):")


def with_local_files(
    cls: type[Request[Any]], inputs: dict[str, Any], roots: Iterable[Path]
) -> dict[str, Any]:
    """The inputs with a ``Path`` for each local file in a media input, given as a path or ``file:`` URL.

    Raises ``ConfigurationError`` for a file outside of the roots, links resolved.
    """
    allowed = [root.resolve() for root in roots]
    return dict(mapped(cls._media, inputs, lambda value: _local(value, allowed)))


def _local(value: Any, roots: list[Path]) -> Any:
    if not isinstance(value, str) or not value or _REMOTE.match(value):
        return value
    name = unquote(urlsplit(value).path) if value.lower().startswith("file:") else value
    try:
        path = Path(name).resolve()
    except (OSError, ValueError, RuntimeError):
        raise ConfigurationError(f"{value[:200]!r} is not a file path") from None
    if not any(path.is_relative_to(root) for root in roots):
        allowed = ", ".join(map(str, roots)) or "none; start the server with --root FOLDER"
        raise ConfigurationError(
            f"{value[:200]!r} is outside the folders that may be read ({allowed}). Pass a file below one of them, or a URL"
        )
    return path


def folder_of(out: Path, key: str) -> Path:
    """Where the files of a request are saved. Keys that differ in signs only have folders that differ."""
    stem = safe_stem(key, 60)
    digest = hashlib.sha256(key.encode()).hexdigest()[:8]
    return out / (stem if stem == key else "-".join(filter(None, (stem, digest))))
