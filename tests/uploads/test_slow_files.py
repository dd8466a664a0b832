"""Local files that never end: the deadline of the call holds, and nothing is submitted."""

from __future__ import annotations

import io
import os
import threading
from typing import Any

import pytest

from runcomfy import DeadlineExceeded
from runcomfy.mock import small_output
from runcomfy.testing import mock_service
from runcomfy_models.openai import GptImage2Edit
from support.callers import BACKENDS, Caller
from support.stalls import STALL, before_the_stall_ends

KINDS = ["sync", *BACKENDS]


class Slow(io.RawIOBase):
    """A file object whose reads wait. It says that it can seek, or that it cannot."""

    def __init__(self, *, seekable: bool) -> None:
        self.over = threading.Event()
        self._seekable = seekable
        self._at = 0

    def seekable(self) -> bool:
        return self._seekable

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = 0) -> int:
        self._at = 1_000 if whence == io.SEEK_END else offset
        return self._at

    def read(self, _: int = -1) -> bytes:
        self.over.wait(STALL)
        return b""

    def readinto(self, _: Any) -> int:
        self.over.wait(STALL)
        return 0


def run_until_late(kind: str, image: Any) -> None:
    request = GptImage2Edit(prompt="a hat", images=[image])
    with mock_service(make_output=small_output) as service:
        with (
            before_the_stall_ends(),
            pytest.raises(DeadlineExceeded, match="nothing was submitted"),
        ):
            Caller(kind, service.url).run(request, timeout=0.5)
        assert service.count("submit") == 0


@pytest.mark.parametrize("seekable", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_a_file_object_that_waits_ends_at_the_deadline(kind: str, seekable: bool) -> None:
    slow = Slow(seekable=seekable)
    threading.Timer(6, slow.over.set).start()
    run_until_late(kind, slow)
    slow.over.set()


def test_an_open_pipe_ends_at_the_deadline() -> None:
    read, write = os.pipe()
    with os.fdopen(read, "rb") as pipe, os.fdopen(write, "wb"):
        run_until_late("sync", pipe)
