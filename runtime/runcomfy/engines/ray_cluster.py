"""The Ray cluster: its address, the connection, a journal's actor, and the node that has the journal of a folder."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import ray
import ray._private.worker as ray_worker
from ray.experimental import internal_kv

from runcomfy.errors import ConfigurationError, JournalError
from runcomfy.journal import Journal
from runcomfy.ray.connecting import LOCAL
from runcomfy.ray.connecting import address_of as ray_address
from runcomfy.ray.connecting import connect as connect_to_ray

from .shards import ClientFactory

__all__ = [
    "NAMESPACE",
    "address_of",
    "connect",
    "end_actor",
    "keep_sigterm",
    "require_place",
]

#: Of the actors' names.
NAMESPACE = "runcomfy"


def address_of(address: str | None) -> str:
    """Where the cluster is. Raises ``ConfigurationError`` for a place that cannot have the journal."""
    place = ray_address(address)
    if place.startswith("ray://"):
        raise ConfigurationError(
            f"the address {place!r:.80} is that of Ray Client, whose program is not on a node of the cluster; the journal "
            "has to be on one. Run the command on a node, with its folder there: --address auto"
        )
    return place


def connect(address: str, client_factory: ClientFactory) -> bool:
    """Connect to Ray, unless the program has done so; whether that was done here."""
    if ray.is_initialized():
        return False
    with _token_for_children(client_factory) if address == LOCAL else nullcontext():
        connect_to_ray(address)
    # Otherwise Ray prints its workers' logs to the program's standard output.
    ray_worker._worker_logs_enabled = False
    return True


def keep_sigterm() -> None:
    """Put the program's own handler of SIGTERM in place of Ray's, which aborts the process three seconds after one."""
    handler = signal.getsignal(signal.SIGTERM)
    if handler is not None and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, handler)


@contextmanager
def _token_for_children(client_factory: ClientFactory) -> Iterator[None]:
    """Processes that are started here find the token that this one has. It goes into no message and no file of Ray's."""
    if client_factory.token is None:
        yield
        return
    name, value = client_factory.token()
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


def end_actor(name: str) -> None:
    """End the actor with this name, if there is one, and wait until its name is free."""
    while True:
        try:
            ray.kill(ray.get_actor(name, NAMESPACE))
        except ValueError:
            return


def _place(folder: Path) -> bytes:
    return f"{NAMESPACE} {folder}".encode()


def require_place(journal: Journal, folder: Path) -> None:
    """Raise where the cluster knows the folder's batch with a journal on another node, and here is none yet."""
    known = internal_kv._internal_kv_get(_place(folder))
    journal_id, _, node = (known or b"").decode().partition(" ")
    if known and journal_id != journal.journal_id and next(journal.entries(), None) is None:
        raise JournalError(
            f"the batch in {folder} has its journal on the node {node}, and not on this one: here everything would be paid "
            "again, so nothing was submitted. Run the command there, when that node is back, or give another folder"
        )
    node_ip = ray.util.get_node_ip_address()  # type: ignore[no-untyped-call]  # Ray leaves it so
    mine = f"{journal.journal_id} {node_ip}"
    internal_kv._internal_kv_put(_place(folder), mine.encode(), overwrite=True)
