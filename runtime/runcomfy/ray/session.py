"""Ray for a command: a cluster by its address, or one on this machine that ends with the command."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from runcomfy.errors import ConfigurationError, MissingExtra

from .executor import RayExecutor

__all__ = ["ray_executor"]

#: The address that makes a cluster of this machine alone, and the memory of its object store: Ray takes a third.
_LOCAL, _STORE_BYTES = "local", 512 * 1024 * 1024
#: Seconds for a cluster to take a connection.
_SECONDS = 10.0


@contextmanager
def ray_executor(address: str | None = None) -> Iterator[RayExecutor]:
    """An executor over the Ray cluster at the address (``auto`` or ``host:6379``).

    Without one, over the cluster of ``RAY_ADDRESS``, or else one on this machine, which is stopped afterwards. A
    program that has called ``ray.init`` keeps its connection. Raises ``MissingExtra`` without the library, and
    ``ConfigurationError`` where no cluster answers.
    """
    # Ray tells its makers how it is used unless it is told not to.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
    except ImportError:
        raise MissingExtra("Working on a Ray cluster", "ray") from None
    if ray.is_initialized():
        yield RayExecutor(ray, here=False)
        return
    place = address or os.environ.get("RAY_ADDRESS") or _LOCAL
    _connect(ray, place)
    try:
        yield RayExecutor(ray, here=place == _LOCAL)
    finally:
        ray.shutdown()


def _connect(ray: Any, place: str) -> None:
    options: dict[str, Any] = {}
    if place == _LOCAL:
        options = {"include_dashboard": False, "object_store_memory": _STORE_BYTES}
    try:
        _knock(place)
        ray.init(place, log_to_driver=False, logging_level=logging.ERROR, **options)
    except (OSError, RuntimeError, ValueError, AssertionError) as error:
        reason = str(error).strip().partition("\n")[0][:300]
        raise ConfigurationError(
            f"no Ray cluster responds at {place}: {reason}; start one on its head node: ray start --head"
        ) from None


def _knock(place: str) -> None:
    """Raise ``OSError`` or ``ValueError`` where nothing listens: Ray itself would end this process."""
    host, colon, port = place.rpartition("://")[2].rpartition(":")
    if colon:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_SECONDS).close()
    elif place not in (_LOCAL, "auto"):
        raise ValueError("an address is auto or host:port")
