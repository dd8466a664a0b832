"""Opening connections to checked addresses."""

from __future__ import annotations

import socket
import ssl

import anyio
from anyio.abc import ByteStream

from runcomfy.errors import ConfigurationError
from runcomfy.transports.tls import trusted

from .addresses import AddressPolicy
from .http1 import FAULTS, ConnectionLost, Http1Connection, NotLookedAt, strerror

__all__ = ["Connector", "Origin"]

#: Scheme, host and port.
Origin = tuple[str, str, int]

#: Seconds for one of several addresses, and how many are tried.
_ATTEMPT, _ADDRESSES = 3.0, 4
#: Names that are looked up at once.
_LOOKUPS = 16


class Connector:
    """Opens connections to allowed hosts.

    A name is resolved once. Every address that it has is checked, and a checked address is what is
    connected to, so a response that changes in between changes nothing. TLS still checks the
    certificate against the name.
    """

    def __init__(self, places: AddressPolicy) -> None:
        self.places = places
        self._known: dict[tuple[str, int], list[str]] = {}
        self._locks: dict[tuple[str, int], anyio.Lock] = {}
        self._lookups = anyio.CapacityLimiter(_LOOKUPS)
        self._tls: ssl.SSLContext | None = None

    async def connect(self, origin: Origin) -> Http1Connection:
        """Open a connection. Raises ``NotLookedAt``."""
        scheme, host, port = origin
        refusal = self.places.refuse_name(host, port)
        if refusal:
            raise NotLookedAt(refusal)
        addresses = await self._resolve(host, port)
        if not addresses:
            raise NotLookedAt("its host name does not resolve")
        refusal = self.places.refuse_addresses(host, port, addresses)
        if refusal:
            raise NotLookedAt(refusal)
        fault = "no address responds"
        for address in addresses[:_ADDRESSES]:
            with anyio.move_on_after(_ATTEMPT if len(addresses) > 1 else None):
                try:
                    return Http1Connection(await self._open(scheme, host, address, port))
                except ssl.SSLCertVerificationError as error:
                    raise NotLookedAt(
                        f"its host's certificate is not valid: {error.verify_message}"
                    ) from None
                except (*FAULTS, ssl.SSLError) as error:
                    fault = strerror(error) or fault
        raise ConnectionLost(f"no connection to its host: {fault}")

    async def _open(self, scheme: str, host: str, address: str, port: int) -> ByteStream:
        if scheme == "http":
            return await anyio.connect_tcp(address, port)
        if self._tls is None:
            try:
                self._tls = trusted()
            except ConfigurationError as error:
                raise NotLookedAt(str(error)) from None
        return await anyio.connect_tcp(
            address,
            port,
            ssl_context=self._tls,
            tls_hostname=host,
            tls_standard_compatible=False,
        )

    async def _resolve(self, host: str, port: int) -> list[str]:
        """The addresses of the host, resolved once per host and port."""
        place = (host, port)
        async with self._locks.setdefault(place, anyio.Lock()):
            if place not in self._known:
                # Abandoned at the timeout: DNS may take very long.
                self._known[place] = await anyio.to_thread.run_sync(
                    _addresses, host, port, abandon_on_cancel=True, limiter=self._lookups
                )
        return self._known[place]


def _addresses(host: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return list(dict.fromkeys(str(address[0]) for *_, address in found))
