"""``Store``: the jobs of a mock service, in memory and, when given a path, in SQLite."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from threading import RLock
from typing import Any
from uuid import uuid4

from runcomfy.errors import ConfigurationError

from .jobs import MockJob, advance, cancel, queue_position
from .settings import Settings

__all__ = ["JobStore"]

_SCHEMA = "CREATE TABLE IF NOT EXISTS jobs (request_id TEXT PRIMARY KEY, created REAL, job TEXT)"
_WRITE = (
    "INSERT INTO jobs VALUES (?, ?, ?) ON CONFLICT (request_id) DO UPDATE SET job = excluded.job"
)


class JobStore:
    """The jobs, by request id. With a path, they survive a restart.

    The files of a job are not stored: the same request gives the same bytes again.
    """

    def __init__(self, settings: Settings, path: str | Path | None = None) -> None:
        self._settings = settings
        self._lock = RLock()
        self._jobs: dict[str, MockJob] = {}
        self._database: sqlite3.Connection | None = None
        if path is not None:
            self._database, self._jobs = _open(path)

    def add(
        self, model_id: str, payload: dict[str, Any], cost: float, facts: Mapping[str, Any]
    ) -> MockJob | None:
        """Accept a request; ``None`` if the balance is too small for its cost.

        ``facts`` are members of the job that are not as usual, such as how it ends.
        """
        with self._lock:
            balance = self._settings.balance
            if balance is not None and self.spent() + cost > balance:
                return None
            now = self._settings.clock()
            job = MockJob(
                str(uuid4()), model_id, payload, created=now, cost=cost, entered=now, **facts
            )
            self._jobs[job.request_id] = job
            self._advance(job)
            return job

    def get(self, request_id: str) -> MockJob | None:
        """The job as it is now."""
        with self._lock:
            job = self._jobs.get(request_id)
            if job and self._settings.timed:
                self._advance(job)
            return job

    def poll(self, request_id: str) -> tuple[MockJob, int | None] | None:
        """The job after one more question for its status, and its place while it is in the queue."""
        with self._lock:
            job = self._jobs.get(request_id)
            if job is None:
                return None
            self._advance(job, polled=True)
            if job.state != "in_queue":
                return job, None
            return job, queue_position(
                job, self._settings, self._settings.clock(), self._ahead(job)
            )

    def cancel(self, request_id: str) -> tuple[MockJob, bool] | None:
        """The job after a wish to cancel it, and whether it was granted."""
        with self._lock:
            job = self.get(request_id)
            if job is None:
                return None
            granted = cancel(job, self._settings.clock())
            self._write(job)
            return job, granted

    def change(self, request_id: str, **facts: Any) -> None:
        """Change members of a job, such as its final state."""
        with self._lock:
            job = self._jobs.get(request_id)
            if job is not None:
                for name, value in facts.items():
                    setattr(job, name, value)
                self._write(job)

    def jobs(self) -> list[MockJob]:
        """All jobs, the first one first."""
        with self._lock:
            return [*self._jobs.values()]

    def spent(self) -> float:
        """US dollars that the jobs cost so far; cancelled ones cost nothing."""
        with self._lock:
            return sum(job.cost for job in self._jobs.values() if job.state != "cancelled")

    def clear(self) -> None:
        """Forget all jobs."""
        with self._lock:
            self._jobs.clear()
            if self._database:
                with self._database:
                    self._database.execute("DELETE FROM jobs")

    def close(self) -> None:
        """Close the database."""
        with self._lock:
            if self._database:
                self._database.close()

    def _advance(self, job: MockJob, *, polled: bool = False) -> None:
        limit = self._settings.concurrency
        now = self._settings.clock()
        if limit is None:
            advance(job, self._settings, now, polled=polled)
        else:
            if self._settings.timed:
                self._settle(now, limit)
            room = self._running() < limit
            advance(job, self._settings, now, polled=polled, room=room)
        self._write(job)

    def _settle(self, now: float, limit: int) -> None:
        """Advance all jobs by time: end running ones, then start queued ones."""
        for state in ("in_progress", "in_queue"):
            for job in [job for job in self._jobs.values() if job.state == state]:
                advance(job, self._settings, now, room=self._running() < limit)

    def _running(self) -> int:
        return sum(job.state == "in_progress" for job in self._jobs.values())

    def _ahead(self, job: MockJob) -> int:
        if self._settings.concurrency is None:
            return 0
        queued = [one.request_id for one in self._jobs.values() if one.state == "in_queue"]
        return queued.index(job.request_id)

    def _write(self, job: MockJob) -> None:
        if self._database:
            with self._database:
                row = (job.request_id, job.created, json.dumps(asdict(job)))
                self._database.execute(_WRITE, row)


def _open(path: str | Path) -> tuple[sqlite3.Connection, dict[str, MockJob]]:
    """The database, and the jobs in it."""
    try:
        _make_private(Path(path))
        # The server's thread and the one that closes it are not the same; the lock keeps them apart.
        database = sqlite3.connect(path, check_same_thread=False)
        try:
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA synchronous = NORMAL")
            with database:
                database.execute(_SCHEMA)
            return database, _read(database)
        except BaseException:
            database.close()
            raise
    except (
        OSError,
        sqlite3.Error,
        ValueError,
        TypeError,
    ) as error:  # the last two: rows that are no jobs
        raise ConfigurationError(
            f"{path} cannot store the requests of a mock service: {error}. Use another file"
        ) from error


def _make_private(path: Path) -> None:
    """Make the database readable by this user only, because it contains prompts; SQLite's other files get the same mode."""
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0)
    os.close(os.open(path, flags, 0o600))
    with suppress(OSError):  # it belongs to someone else, or the file system has no modes
        path.chmod(0o600)


def _read(database: sqlite3.Connection) -> dict[str, MockJob]:
    rows = database.execute("SELECT request_id, job FROM jobs ORDER BY created")
    return {request_id: MockJob(**json.loads(text)) for request_id, text in rows}
