"""Sockets: connecting within a time limit, and whether a connection is still good."""

from __future__ import annotations

import select
import socket
import ssl
import threading
from ipaddress import ip_address
from time import monotonic
from typing import Any

from ._transport import Origin, no_connection

__all__ = ["connect", "is_number", "quiet", "some"]


def connect(origin: Origin, seconds: float) -> socket.socket:
    """A connection to the origin, name lookup and TLS included; ``NotConnected`` without one."""
    ends = monotonic() + seconds
    error: Exception | None = None
    try:
        for family, kind, protocol, _, address in _addresses(origin, seconds):
            try:
                return _connected(origin, socket.socket(family, kind, protocol), address, ends)
            except OSError as failed:
                error = failed
    except (OSError, UnicodeError) as failed:  # UnicodeError: nothing can have such a name
        error = failed
    raise no_connection(error) from error


def _connected(origin: Origin, plain: socket.socket, address: Any, ends: float) -> socket.socket:
    try:
        plain.settimeout(some(ends - monotonic()))
        plain.connect(address)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if origin.tls is None:
            return plain
        plain.settimeout(some(ends - monotonic()))
        return origin.tls.wrap_socket(plain, server_hostname=origin.host)
    except BaseException:
        plain.close()
        raise


def _addresses(origin: Origin, seconds: float) -> list[Any]:
    """The addresses of the origin. A lookup cannot be interrupted, so it gets a thread of its own."""
    found: list[Any] = []

    def look_up() -> None:
        try:
            found.append(socket.getaddrinfo(origin.host, origin.port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            found.append(error)

    if is_number(origin.host):
        look_up()
    else:
        thread = threading.Thread(target=look_up, name="runcomfy lookup", daemon=True)
        thread.start()
        thread.join(seconds)
    if not found:
        raise TimeoutError(f"the address of {origin.host} was not found in time")
    if isinstance(found[0], Exception):
        raise found[0]
    addresses: list[Any] = found[0]
    return addresses


def is_number(host: str) -> bool:
    """Whether the host is an IP address, which needs no lookup."""
    try:
        return bool(ip_address(host))
    except ValueError:
        return False


def quiet(connection: socket.socket) -> bool:
    """Whether an idle connection is open and nothing has come in: no unasked answer, no end."""
    if connection.fileno() < 0:
        return False
    if isinstance(connection, ssl.SSLSocket) and connection.pending():
        return False
    if not hasattr(select, "poll"):  # Windows
        return not select.select([connection], [], [], 0)[0]
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    return not poll.poll(0)


def some(seconds: float) -> float:
    """A time limit for a socket, which takes 0 for "do not wait at all"."""
    if seconds <= 0:
        raise TimeoutError("the timeout of the call ran out")
    return seconds
