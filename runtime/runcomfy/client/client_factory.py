"""A factory of clients with the same settings in other processes, which find the token there: it is not pickled."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from runcomfy.credentials import VARIABLES
from runcomfy.engines.shards import ClientFactory

if TYPE_CHECKING:
    from .async_client import AsyncClient
    from .preparation import Preparer
    from .settings import ClientSettings

__all__ = ["client_factory"]


def client_factory(
    kind: type[AsyncClient], settings: ClientSettings, preparer: Preparer
) -> ClientFactory:
    """The picklable factory of asynchronous clients for the same account."""
    make = partial(kind, **settings.arguments(), **preparer.arguments())
    token = settings.http_config.token
    return ClientFactory(settings.account, make, lambda: (VARIABLES[0], token.reveal()))
