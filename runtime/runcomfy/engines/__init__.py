"""What runs a batch: this machine, or a Ray cluster. The folder, its journal, its results and its resume are the same.

``local`` runs a shard of rows in this process, and hands shards to other engines; ``ray`` runs shards on a cluster.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from runcomfy.batch.runner import Runner
from runcomfy.errors import ConfigurationError, MissingExtra

from .shards import Shards

if TYPE_CHECKING:
    from runcomfy.batch.batch import MakeRunner

    from .shards import ClientFactory

__all__ = ["ENGINES", "EngineName", "Shards", "find_engine"]

EngineName: TypeAlias = Literal["local", "ray"]
ENGINES: tuple[EngineName, ...] = ("local", "ray")


def find_engine(name: str, address: str | None, client_factory: ClientFactory) -> MakeRunner:
    """What makes the runner of a batch. ``address`` is that of a cluster; ``client_factory`` makes clients in its processes.

    Raises ``ConfigurationError`` for an engine that is not there, and ``MissingExtra``.
    """
    if name not in ENGINES:
        raise ConfigurationError(
            f"unknown engine {name!r:.80}; the engines are {', '.join(ENGINES)}"
        )
    if name == "local":
        if address is not None:
            raise ConfigurationError("address needs engine='ray' (--engine ray)")
        return Runner
    try:
        from .ray import RayRunner
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "ray":
            raise
        raise MissingExtra("Running a batch on Ray", "ray") from None
    make: Any = partial(RayRunner, address, client_factory)
    return make  # type: ignore[no-any-return]  # a partial has no keyword of its own to check
