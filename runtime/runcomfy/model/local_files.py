"""Local files in media inputs: recognising them and finding them in a payload.

A path (``os.PathLike``), ``bytes`` or a binary file object is a local file. A string never is: it is sent
unchanged, even if it looks like a file name.
"""

from __future__ import annotations

import os
import stat

from runcomfy.errors import UnresolvedFiles

from .json_values import is_plain, pointer_token
from .media import is_local, pointer_of, walk
from .violation import Violation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from .media import MediaInput

__all__ = [
    "check_stand_ins",
    "fault",
    "find",
    "mapped",
    "name_of",
    "path_of",
    "replaced",
    "require_urls",
]

_WANTED = "must be a URL, a path, bytes or a file opened in binary mode"


def name_of(value: Any) -> str:
    """A short description of a local file for messages: its path, its name, or its size."""
    if isinstance(value, bytes):
        return f"{len(value):,} bytes"
    if hasattr(value, "__fspath__"):
        return str(os.fspath(value))
    name = getattr(value, "name", None)
    return name if isinstance(name, str) and name else f"a {type(value).__name__}"


def path_of(value: Any) -> Any:
    """The path of a local file, with the home folder in the place of ``~``."""
    return os.path.expanduser(value)  # noqa: PTH111  # pathlib is slow to import


def fault(value: Any) -> str:
    """The reason why a local file cannot be read; ``""`` if there is none."""
    try:
        size = len(value) if isinstance(value, bytes) else _size(value)
    except Exception as error:  # noqa: BLE001  # a bad path, a closed file, a damaged archive: it becomes the message
        words = getattr(error, "strerror", None) or str(error) or type(error).__name__
        return f"cannot be read: {words}"
    return "is empty" if size == 0 else ""


def _size(value: Any) -> int | None:
    """The size of a file, ``None`` if only reading it would show. Raises whatever the file raises."""
    if not hasattr(value, "__fspath__"):
        if getattr(value, "closed", False):
            raise ValueError("the file is closed")
        if not (hasattr(value, "seekable") and value.seekable()):
            return None
        place = value.tell()
        value.seek(0, 2)
        size: int = value.tell()
        value.seek(place)
        return size
    value = path_of(value)
    found = os.stat(value)  # noqa: PTH116  # pathlib is slow to import
    if not stat.S_ISREG(found.st_mode):  # opening a pipe would wait for its writer
        raise ValueError("it is not a regular file")
    if not os.access(value, os.R_OK):
        raise PermissionError(0, "permission denied")
    return found.st_size


def replaced(
    inputs: Iterable[MediaInput], payload: Any, replace: Callable[[str, Any], object]
) -> Any:
    """A copy of a plain payload with each local file replaced by ``replace(pointer, value)``."""
    for media in inputs:
        for steps, value in walk(payload, media.path):
            if is_local(value):
                payload = _with(payload, steps, replace(pointer_of(steps), value))
    return payload


def mapped(inputs: Iterable[MediaInput], payload: Any, change: Callable[[Any], object]) -> Any:
    """A copy of a plain payload with each value of a media input replaced by ``change(value)``."""
    for media in inputs:
        for steps, value in walk(payload, media.path):
            new = change(value)
            if new is not value:
                payload = _with(payload, steps, new)
    return payload


def _with(value: Any, steps: tuple[Any, ...], new: object) -> Any:
    """A copy of a value with the part at ``steps`` replaced."""
    if not steps:
        return new
    changed = [*value] if isinstance(value, list) else {**value}
    changed[steps[0]] = _with(value[steps[0]], steps[1:], new)
    return changed


def find(inputs: Iterable[MediaInput], payload: Any) -> dict[str, Any]:
    """The local files of a plain payload, by JSON pointer."""
    found: dict[str, Any] = {}
    replaced(inputs, payload, found.setdefault)
    return found


def require_urls(inputs: Iterable[MediaInput], payload: Any) -> None:
    """Raise ``UnresolvedFiles`` if a payload to be sent contains local files."""
    found = find(inputs, payload)
    if found:
        raise UnresolvedFiles({pointer: name_of(value) for pointer, value in found.items()})


def check_stand_ins(
    check: Callable[[Any], list[Violation]], inputs: tuple[MediaInput, ...], payload: Any
) -> list[Violation]:
    """The violations of a payload with local files replaced by placeholder URLs.

    The final URL is not known yet, so only violations that any string would cause are reported. The payload is
    validated again once the URL is known.
    """
    files: dict[str, object] = {}

    def stand_in(pointer: str, value: object) -> str:
        url = f"https://local.invalid{pointer}"
        files[url] = value
        return url

    violations: list[Violation] = []
    for violation in check(replaced(inputs, payload, stand_in)):
        if not isinstance(violation.value, str) or violation.value not in files:
            violations.append(_with_file_message(violation, inputs))
        elif violation.rule == "type":
            violation.value = files[violation.value]
            violations.append(violation)
    return violations


def _with_file_message(violation: Violation, inputs: Iterable[MediaInput]) -> Violation:
    """The message for a value of a wrong type where a local file is accepted."""
    wants_text = violation.rule == "json" or "string" in str(violation.limit)
    if wants_text and not is_plain(violation.value) and not is_local(violation.value):
        names = [step for step in violation.pointer.split("/")[1:] if not step.isdigit()]
        if any(names == [pointer_token(name) for name in media.path] for media in inputs):
            violation.message = _WANTED
    return violation
