"""Requests move on with polls or with the time, take turns, and survive a restart."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from runcomfy.errors import ConfigurationError
from runcomfy.mock import small_output
from runcomfy.testing import mock_service
from support.mock_calls import MODEL, Calls


class Clock:
    """A clock that stands until somebody moves it."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


def test_without_polls_to_wait_for_a_request_is_completed_at_once() -> None:
    with mock_service(polls_in_queue=0, polls_running=0) as service, Calls(service) as calls:
        assert calls.states(calls.submitted(), 1) == ["completed"]


def test_a_request_that_nobody_asks_about_stays_where_it_is() -> None:
    with mock_service() as service, Calls(service) as calls:
        request_id = calls.submitted()
        for _ in range(5):
            assert calls.result(request_id).json()["status"] == "in_queue"


def test_a_request_moves_on_with_the_time() -> None:
    clock = Clock()
    settings: dict[str, Any] = {"queue_seconds": 30, "run_seconds": 10, "clock": clock}
    with mock_service(**settings) as service, Calls(service) as calls:
        request_id = calls.submitted()
        seen = []
        for _ in range(5):
            one = calls.status(request_id)
            seen.append((one["status"], one.get("queue_position")))
            clock.now += 10
        assert seen == [
            ("in_queue", 3),
            ("in_queue", 2),
            ("in_queue", 1),
            ("in_progress", None),
            ("completed", None),
        ]
        document = calls.result(request_id).json()
    assert document["created_at"] == "2027-01-15T08:00:00.000Z"
    assert document["finished_at"] == "2027-01-15T08:00:40.000Z"


def test_time_passes_for_requests_that_nobody_asks_about() -> None:
    clock = Clock()
    settings: dict[str, Any] = {"queue_seconds": 30, "run_seconds": 10, "clock": clock}
    with mock_service(**settings) as service, Calls(service) as calls:
        request_id = calls.submitted()
        clock.now += 1000
        assert calls.result(request_id).json()["finished_at"] == "2027-01-15T08:00:40.000Z"
        assert calls.cancel(request_id).json()["outcome"] == "not_cancellable"


def test_only_so_many_requests_run_at_the_same_time() -> None:
    settings: dict[str, Any] = {"polls_in_queue": 0, "polls_running": 2, "concurrency": 1}
    with mock_service(**settings) as service, Calls(service) as calls:
        first, second, third = (calls.submitted() for _ in range(3))
        assert calls.states(first, 2) == ["in_progress"] * 2
        assert calls.status(third)["queue_position"] == 2
        assert calls.status(second)["queue_position"] == 1
        assert calls.states(first, 1) == ["completed"]
        assert calls.states(second, 1) == ["in_progress"]
        assert calls.status(third)["queue_position"] == 1


def test_queued_requests_start_when_time_makes_room() -> None:
    clock = Clock()
    settings: dict[str, Any] = {"run_seconds": 10, "concurrency": 1, "clock": clock}
    with mock_service(**settings) as service, Calls(service) as calls:
        first, second = calls.submitted(), calls.submitted()
        assert calls.states(second, 1) == ["in_queue"]
        clock.now += 11
        assert calls.states(second, 1) == ["in_progress"]
        assert calls.states(first, 1) == ["completed"]


def test_requests_survive_a_restart_with_their_files(tmp_path: Path) -> None:
    path = tmp_path / "mock.db"
    with mock_service(path=path) as service, Calls(service) as calls:
        queued, ended = calls.submitted(), calls.submitted()
        calls.states(ended, 3)
        address = calls.result(ended).json()["output"]["image"]
        before = calls.http.get(address).content
    with mock_service(path=path) as service, Calls(service) as calls:
        assert calls.states(queued, 3) == ["in_queue", "in_progress", "completed"]
        output = calls.result(ended).json()["output"]
        assert calls.http.get(output["image"]).content == before
        assert len(service.jobs) == 2
        service.reset()
    with mock_service(path=path) as service:
        assert service.jobs == []


def test_the_database_is_written_ahead(tmp_path: Path) -> None:
    """A program that is killed loses nothing that it was told: each answer is written first."""
    path = tmp_path / "mock.db"
    with mock_service(path=path) as service, Calls(service) as calls:
        request_id = calls.submitted()
        other = sqlite3.connect(path)
        assert other.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert other.execute("SELECT request_id FROM jobs").fetchall() == [(request_id,)]
        other.close()


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("this is no database" * 100, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"notes\.txt"):
        mock_service(path=path).start()
    assert path.read_text(encoding="utf-8").startswith("this is no database")


def test_a_models_own_output_can_be_given() -> None:
    """Programs are tested with the outputs that matter to them."""

    def odd(_cls: object, payload: dict[str, Any], *, request_id: str) -> Any:
        document, files = small_output(object, payload, request_id=request_id)  # type: ignore[arg-type]  # it looks at none
        return {**document, "seed": len(payload["prompt"])}, files

    settings: dict[str, Any] = {"polls_in_queue": 0, "polls_running": 0, "make_output": odd}
    with mock_service(**settings) as service, Calls(service) as calls:
        output = calls.result(calls.submitted(model=MODEL)).json()["output"]
    assert output["seed"] == len("add a hat")
