"""Ray for a command: a cluster by its address, or one on this machine that ends with the command."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from .connecting import LOCAL, address_of, connect
from .executor import RayExecutor

__all__ = ["ray_executor"]


@contextmanager
def ray_executor(address: str | None = None) -> Iterator[RayExecutor]:
    """An executor over the Ray cluster at the address (``auto`` or ``host:6379``).

    Without one, over the cluster of ``RAY_ADDRESS``, or else one on this machine, which is stopped afterwards. A
    program that has called ``ray.init`` keeps its connection. Raises ``MissingExtra`` without the library, and
    ``ConfigurationError`` where no cluster responds.
    """
    place = address_of(address)
    started = connect(place)
    import ray

    try:
        yield RayExecutor(ray, here=started and place == LOCAL)
    finally:
        if started:
            ray.shutdown()
