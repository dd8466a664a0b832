"""One way to look at remote files, so that a case is written once and run over every event loop."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterable

import anyio

from runcomfy.media.probe import MediaInfo
from runcomfy.media.remote import RemoteLimits, probe_urls, probe_urls_async

__all__ = ["LOOKERS", "Look"]

Look = Callable[[Iterable[str], RemoteLimits], dict[str, MediaInfo]]


def _over(backend: str) -> Look:
    return lambda urls, limits: anyio.run(probe_urls_async, urls, limits, backend=backend)


LOOKERS: dict[str, Look] = {"blocking": probe_urls, "asyncio": _over("asyncio")}
if importlib.util.find_spec("trio"):
    LOOKERS["trio"] = _over("trio")
