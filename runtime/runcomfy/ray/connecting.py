"""Connecting to Ray: a cluster by its address, or one on this machine."""

from __future__ import annotations

import logging
import os
import socket
from typing import Any

from runcomfy.errors import ConfigurationError, MissingExtra

__all__ = ["LOCAL", "address_of", "connect"]

#: The address of a cluster that is this machine alone.
LOCAL = "local"
#: The size of the object store in bytes; by default Ray uses a third of the machine's memory.
_STORE_BYTES = 512 * 1024 * 1024
#: Seconds to connect to a cluster.
_SECONDS = 10.0


def address_of(address: str | None) -> str:
    """Where the cluster is: the address (``auto`` or ``host:6379``), the variable ``RAY_ADDRESS``, or ``local``."""
    return address or os.environ.get("RAY_ADDRESS") or LOCAL


def connect(address: str) -> bool:
    """Connect this program to Ray. Returns ``False`` if it is already connected.

    Raises ``MissingExtra`` without the library, and ``ConfigurationError`` where no cluster responds.
    """
    # Ray sends usage statistics by default.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
    except ImportError:
        raise MissingExtra("Working on a Ray cluster", "ray") from None
    if ray.is_initialized():
        return False
    options: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    if address == LOCAL:
        options |= {"include_dashboard": False, "object_store_memory": _STORE_BYTES}
    try:
        _knock(address)
        ray.init(address, **options)
    except (OSError, RuntimeError, ValueError, AssertionError) as error:
        reason = str(error).strip().partition("\n")[0][:300]
        raise ConfigurationError(
            f"no Ray cluster responds at {address:.80}: {reason}; nothing was sent. Start one on its head node: "
            "ray start --head"
        ) from None
    return True


def _knock(address: str) -> None:
    """Raise ``OSError`` or ``ValueError`` where nothing listens: Ray itself would wait, or end this process."""
    host, colon, port = address.rpartition("://")[2].rpartition(":")
    if colon:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_SECONDS).close()
    elif address not in (LOCAL, "auto"):
        raise ValueError("an address is auto or host:port")
