"""Connecting to Ray: a cluster by its address, or one on this machine."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

from runcomfy.errors import ConfigurationError, MissingExtra

__all__ = ["LOCAL", "address_of", "connect"]

#: The address of a cluster that is this machine alone.
LOCAL = "local"
#: The address of the cluster that runs on this machine.
AUTO = "auto"
_VARIABLE = "RAY_ADDRESS"
#: The size of the object store in bytes; by default Ray uses a third of the machine's memory.
_STORE_BYTES = 512 * 1024 * 1024
#: Seconds to connect to a cluster.
_SECONDS = 10.0
#: How gRPC begins, which Ray speaks: the preface of HTTP/2 with empty settings. The server's settings are a frame of type 4.
_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))
_HEAD, _TYPE, _SETTINGS = 9, 3, 4
#: The variable that bounds Ray's attempts to connect.
_ATTEMPTS = "RAY_gcs_server_port_wait_time_s"
#: How Ray's message about different versions begins.
_MISMATCH = "Version mismatch: "


def address_of(address: str | None) -> str:
    """Where the cluster is: the address (``auto`` or ``host:6379``), the variable ``RAY_ADDRESS``, or ``local``.

    With ``auto``, Ray takes the one of the variable first.
    """
    given = os.environ.get(_VARIABLE, "")
    if address == AUTO:
        return given or AUTO
    return address or given or LOCAL


def connect(address: str) -> bool:
    """Connect this program to Ray. Returns ``False`` if it is already connected.

    Raises ``MissingExtra`` without the library, and ``ConfigurationError`` if no cluster responds.
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
        with nullcontext() if address == LOCAL else _one_attempt():
            ray.init(address, **options)
    except (OSError, RuntimeError, ValueError, AssertionError) as error:
        raise _refusal(address, error) from None
    return True


def _refusal(address: str, error: Exception) -> ConfigurationError:
    """The error for a cluster that cannot be used, with the reason that Ray gives."""
    place = f"{address:.80}"
    if address == os.environ.get(_VARIABLE):
        place += f" ({_VARIABLE})"
    words = str(error).strip()
    if words.startswith(_MISMATCH):
        return ConfigurationError(
            f"the Ray cluster at {place} has other versions than this program; nothing was sent. "
            f"{' '.join(words.removeprefix(_MISMATCH).split()):.300}. Install the versions of the cluster here, or run the "
            "command with the Python of its nodes"
        )
    reason, _, _ = words.partition("\n")
    return ConfigurationError(
        f"no Ray cluster responds at {place}: {reason:.300}; nothing was sent. Start one on its head node: ray start --head"
    )


@contextmanager
def _one_attempt() -> Iterator[None]:
    """Let Ray try once, for half a minute, to connect: by itself it does so twenty times."""
    given = os.environ.get(_ATTEMPTS)
    os.environ.setdefault(_ATTEMPTS, "1")
    try:
        yield
    finally:
        if given is None:
            del os.environ[_ATTEMPTS]


def _knock(address: str) -> None:
    """Raise ``OSError`` or ``ValueError`` where no cluster listens: Ray itself would wait for minutes, or end this process."""
    host, colon, port = address.rpartition("://")[2].rpartition(":")
    if not colon:
        if address not in (LOCAL, AUTO):
            raise ValueError("an address is auto or host:port")
        return
    for one in _places(host.strip("[]")):
        with socket.create_connection((one, int(port)), timeout=_SECONDS) as connection:
            if os.environ.get("RAY_USE_TLS") != "1" and not _speaks_grpc(connection):
                raise ValueError(f"what listens at {one}:{port} is not Ray")


def _speaks_grpc(connection: socket.socket) -> bool:
    connection.sendall(_PREFACE)
    head = b""
    while len(head) < _HEAD and (more := connection.recv(_HEAD - len(head))):
        head += more
    return head[_TYPE:][:1] == bytes((_SETTINGS,))


def _places(host: str) -> list[str]:
    """The host, and where Ray looks for it: it takes this machine's own address for a loopback one."""
    if host not in ("localhost", "127.0.0.1", "::1"):
        return [host]
    from ray.util import get_node_ip_address

    return [host, get_node_ip_address()]  # type: ignore[no-untyped-call]  # it declares no types
