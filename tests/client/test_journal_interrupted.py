"""Ctrl-C at every line of a journalled run: nothing that was accepted is taken for not sent."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from runcomfy import Client, Journal, SubmissionUnknown
from runcomfy.mock import small_output
from runcomfy.testing import mock_service
from runcomfy_models.openai import GptImage2Edit

#: The modules that know what a submit came to, and those that carry it out.
_STRUCK = (
    "client/journalled.py",
    "client/submission.py",
    "drivers/driver.py",
    "journal/claims.py",
    "protocol/lifecycle.py",
    "protocol/context.py",
)


class _Strike:
    """Raises ``KeyboardInterrupt`` at the line with this number, counted as they are run."""

    def __init__(self, line: int) -> None:
        self._left = line
        self.struck = False

    def __call__(self, frame: FrameType, event: str, _: Any) -> Any:
        if not frame.f_code.co_filename.endswith(_STRUCK):
            return None
        if event == "line":
            self._left -= 1
            if self._left == 0:
                self.struck = True
                raise KeyboardInterrupt
        return self

    @contextmanager
    def armed(self) -> Iterator[None]:
        before = sys.gettrace()
        sys.settrace(self)
        try:
            yield
        except KeyboardInterrupt:
            pass
        finally:
            sys.settrace(before)


def _run(client: Client, key: str) -> str | None:
    request = GptImage2Edit(prompt=key, images=["https://example.com/cat.png"])
    try:
        return client.run(request, key=key, timeout=20).request_id
    except SubmissionUnknown:
        return None


def test_ctrl_c_at_any_line_pays_nothing_twice(tmp_path: Path) -> None:
    with (
        mock_service(make_output=small_output) as service,
        Journal(tmp_path / "journal.db") as journal,
        service.client(journal=journal) as client,
    ):
        _run(client, "warm")
        line, struck = 0, True
        while struck:
            line += 5
            strike, key = _Strike(line), f"key-{line}"
            with strike.armed():
                _run(client, key)
            struck = strike.struck
            accepted = [one for one in service.jobs if one.payload["prompt"] == key]
            entry = journal.entry(key)
            if accepted:
                assert entry is not None, line
                assert entry.state in ("submitted", "unknown", "succeeded", "cancelled"), line
                assert entry.request_id in (None, accepted[0].request_id)
            assert journal._opened().submit_slots.free == 4, line
            if accepted and accepted[0].state == "cancelled":
                continue
            request_id = _run(client, key)
            accepted = [one for one in service.jobs if one.payload["prompt"] == key]
            assert len(accepted) <= 1, line
            assert request_id is None or request_id == accepted[0].request_id
    assert line > 60
