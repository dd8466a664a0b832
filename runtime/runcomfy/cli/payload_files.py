"""The payload files of a command: names, patterns, folders, standard input, bucket objects."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from typing import Any

import click

from runcomfy.buckets.opening import is_bucket_url

__all__ = ["extension", "named", "opened", "payload_files"]

#: The files that are read in a folder.
_PAYLOADS = {".json", ".jsonl", ".ndjson"}


def payload_files(given: tuple[str, ...]) -> Iterator[str]:
    """The files that are given, and those in the folders and behind the patterns that are given, sorted."""
    for one in given:
        if is_bucket_url(one):
            yield from _objects(one)
        elif one != "-" and os.path.isdir(one):  # noqa: PTH112  # pathlib is slow to import
            tree = os.walk(one)
            found = [os.path.join(folder, name) for folder, _, names in tree for name in names]  # noqa: PTH118  # likewise
            yield from sorted(name for name in found if extension(name) in _PAYLOADS)
        elif _is_pattern(one) and not os.path.lexists(one):
            yield from _behind(one)
        else:
            yield one


def extension(name: str) -> str:
    """The extension in lower case."""
    return os.path.splitext(name)[1].lower()  # noqa: PTH122  # likewise


def named(source: str) -> str:
    """The display name of a source."""
    return "standard input" if source == "-" else source


def opened(source: str) -> Any:
    """The open file. Raises ``UsageError`` for one that cannot be read."""
    if source == "-":
        if sys.stdin is None:
            raise click.UsageError("There is no standard input to read from.")
        return click.open_file("-", "rb")
    if is_bucket_url(source):
        from runcomfy.buckets.reading import open_object

        return open_object(source)
    try:
        return open(source, "rb")  # noqa: PTH123  # the caller closes it
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise click.UsageError(f"The payload {source!r} cannot be read: {reason}.") from None


def _objects(url: str) -> Iterator[str]:
    from runcomfy.buckets.reading import find_objects

    folder, pattern = url.endswith("/"), _is_pattern(url)
    found = [name for name, _ in find_objects(url)]
    if not found and not folder and not pattern:
        raise click.UsageError(f"The payload {url!r} cannot be read: No such object.")
    yield from (name for name in found if not folder or extension(name) in _PAYLOADS)


def _behind(pattern: str) -> Iterator[str]:
    from glob import glob

    yield from sorted(name for name in glob(pattern, recursive=True) if os.path.isfile(name))  # noqa: PTH113, PTH207  # likewise


def _is_pattern(name: str) -> bool:
    return any(one in name for one in "*?[")
