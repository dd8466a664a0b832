"""An S3-compatible server on loopback with one bucket, in this process or in another one."""

from __future__ import annotations

import logging
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

import httpx
import psutil  # type: ignore[import-untyped]  # it ships no annotations
from moto.server import ThreadedMotoServer

__all__ = ["KEY", "REGION", "SECRET", "Watch", "bucket_server", "environment", "other_process"]

KEY, SECRET, REGION = "AKIAEXAMPLE", "wJalrXUtnFEMI-example", "eu-central-1"


@contextmanager
def bucket_server() -> Iterator[str]:
    """The address of a server in this process, which has the bucket ``bucket``."""
    logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        httpx.put(f"http://{host}:{port}/bucket", trust_env=False).raise_for_status()
        yield f"http://{host}:{port}"
    finally:
        server.stop()


@contextmanager
def other_process(folder: Path) -> Iterator[str]:
    """The same server, elsewhere: what it holds does not count as ours."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-p", str(port)],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        made = None
        while made is None:
            assert server.poll() is None
            with suppress(httpx.ConnectError):
                made = httpx.put(f"http://127.0.0.1:{port}/bucket", trust_env=False)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.kill()
        server.wait()


def environment(endpoint: str) -> dict[str, str]:
    """What a URL such as ``s3://bucket`` needs to lead to the server."""
    return {
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_REGION": REGION,
        "AWS_ENDPOINT": endpoint,
        "AWS_ALLOW_HTTP": "true",
    }


class Watch:
    """How much the memory of this process grows at most."""

    def __init__(self) -> None:
        self.grown = 0
        self._over = threading.Event()

    def __enter__(self) -> Self:
        self._start = psutil.Process().memory_info().rss
        self._thread = threading.Thread(target=self._look)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(0.01):
            self.grown = max(self.grown, psutil.Process().memory_info().rss - self._start)
