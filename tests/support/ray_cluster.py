"""A Ray of two workers on this machine, for tests: small, silent, and gone with all its processes afterwards."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psutil  # type: ignore[import-untyped]  # it ships no annotations

__all__ = ["local_ray", "ray_processes"]

_STORE = 100 * 1024 * 1024


@contextmanager
def local_ray() -> Iterator[Any]:
    """The library, connected to a Ray of its own."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # those of Ray's own modules
        import ray
        import ray.data

        before = ray_processes()
        ray.init(
            "local",
            num_cpus=2,
            include_dashboard=False,
            object_store_memory=_STORE,
            log_to_driver=False,
            logging_level=logging.ERROR,
        )
    ray.data.DataContext.get_current().enable_progress_bars = False
    started = ray_processes() - before
    try:
        yield ray
    finally:
        ray.shutdown()
        psutil.wait_procs([psutil.Process(one) for one in started if psutil.pid_exists(one)], 30)
        assert not ray_processes() & started


def ray_processes() -> set[int]:
    """The processes of Ray below this one."""
    return {
        child.pid
        for child in psutil.Process().children(recursive=True)
        if any(word in child.name() for word in ("ray", "gcs", "plasma"))
    }
