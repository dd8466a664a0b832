"""Mistakes in a test: the mock service names them, so that no test passes, or waits, because of one."""

from __future__ import annotations

import logging
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from runcomfy import ConfigurationError, RequestRejected
from runcomfy.mock import MockService, Settings, middleware, small_output
from runcomfy.testing import mock_service
from support.callers import a_request
from support.mock_calls import Calls

pytest_plugins = ["pytester"]


@pytest.mark.parametrize(
    "settings",
    [
        {"polls_in_queue": -1},
        {"polls_running": "3"},
        {"queue_seconds": -0.5},
        {"run_seconds": float("nan")},
        {"concurrency": 0},
        {"early_result": "nothing"},
        {"submit_status": 201},
        {"balance": "much"},
        {"drip": None},
        {"tokens": "a-token"},
        {"port": 99_999},
    ],
    ids=str,
)
def test_a_setting_that_cannot_be_meant_is_named(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(settings))):
        mock_service(**settings)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("poll_in_queue", "did you mean 'polls_in_queue'"),
        ("prot", "did you mean 'port'"),
        ("zzz", "the settings are polls_in_queue, "),
    ],
)
def test_a_setting_that_does_not_exist_is_reported_with_those_that_do(
    setting: str, message: str
) -> None:
    with pytest.raises(TypeError, match=f"no setting '{setting}'; {message}"):
        mock_service(**{setting: 3})  # type: ignore[arg-type]  # the mistake


@pytest.mark.parametrize(
    ("fault", "near"), [("HTTP-503", "http_503"), ("answer_list", "answer_lost")]
)
def test_a_fault_that_does_not_exist_is_reported_with_those_that_look_like_it(
    fault: str, near: str
) -> None:
    with mock_service() as service:
        for misspell in (service.fault, lambda name: service.chaos(0.1, faults=[name])):
            with pytest.raises(ValueError, match=f"no fault '{fault}'; did you mean '{near}'"):
                misspell(fault)


@pytest.mark.parametrize(
    "use",
    [
        lambda service: service.url,
        lambda service: service.files_url,
        lambda service: service.elsewhere_url,
        lambda service: service.client(),
        lambda service: service.async_client(),
        lambda service: service.jobs,
        lambda service: service.spent,
        lambda service: service.reset(),
    ],
)
def test_a_service_that_was_not_started_says_so(use: Callable[[MockService], object]) -> None:
    with pytest.raises(RuntimeError, match="is not started"):
        use(mock_service())


def test_what_a_service_noted_is_there_after_its_end() -> None:
    with mock_service(make_output=small_output) as service:
        service.client().run(a_request())
    assert service.count("submit") == service.accepted == len(service.jobs) == 1
    assert service.spent > 0


def test_an_action_that_is_none_is_not_counted_as_never_asked() -> None:
    with mock_service() as service, pytest.raises(ValueError, match="'submits' is not an action"):
        service.count("submits")


@pytest.mark.parametrize(
    ("chaos", "why"),
    [
        ({"on": ["stats"]}, "'stats' is not an action"),
        ({"on": "status"}, "lists"),
        ({"faults": "http_503"}, "lists"),
    ],
)
def test_chance_that_would_strike_nothing_is_refused(chaos: dict[str, Any], why: str) -> None:
    with mock_service() as service, pytest.raises(ValueError, match=why):
        service.chaos(0.5, **chaos)


def test_whatever_keeps_it_from_starting_is_raised_where_it_is_started() -> None:
    with pytest.raises(OSError, match="not known"):
        mock_service(host="nowhere.invalid").start()
    with pytest.raises(TypeError):
        MockService(Settings(), host=b"\0").start()  # type: ignore[arg-type]  # the mistake


@pytest.mark.parametrize(
    "make",
    [
        "CREATE TABLE jobs (something TEXT)",
        "CREATE TABLE jobs (request_id TEXT, created REAL, job TEXT);"
        "INSERT INTO jobs VALUES ('a', 1, '{\"other\": 1}')",
        "CREATE TABLE jobs (request_id TEXT, created REAL, job TEXT);"
        "INSERT INTO jobs VALUES ('a', 1, 'no json')",
    ],
)
def test_a_database_of_another_program_is_refused(make: str, tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    database = sqlite3.connect(path)
    database.executescript(make)
    database.close()
    with pytest.raises(ConfigurationError, match="Use another file"):
        mock_service(path=path).start()


def broken(*_: object, **__: object) -> Any:
    raise LookupError("a mistake in a test")


def test_a_function_of_the_test_that_fails_ends_the_call_at_once_with_its_words(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with mock_service(make_output=broken) as service:
        with pytest.raises(RequestRejected, match="LookupError: a mistake in a test"):
            service.client().run(a_request())
        assert service.count("result") == 1
        service.fault("http_503", on="submit", where=broken)
        with pytest.raises(RequestRejected, match="LookupError: a mistake in a test"):
            service.client().run(a_request())
    told = [one for one in caplog.records if one.name == "runcomfy.mock"]
    assert [one.exc_info is not None and one.exc_info[0] for one in told] == [LookupError] * 2


def test_a_watcher_that_fails_is_reported_and_changes_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.ERROR), mock_service(watch=broken) as service:
        assert service.client().run(a_request()).files
    assert "watch= failed on POST /v1/models/openai/gpt-image-2/edit" in caplog.text


def test_without_its_libraries_the_package_names_the_extra() -> None:
    program = (
        "import sys; sys.modules['{}'] = None\n"
        "from runcomfy import MissingExtra\n"
        "try: from runcomfy.mock import MockService\n"
        "except MissingExtra as error: print(error.extra)"
    )
    for library in ("starlette", "uvicorn", "click", "PIL"):
        done = subprocess.run(
            [sys.executable, "-c", program.format(library)],
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout == "mock\n", library


def test_a_marker_with_a_value_that_has_no_name_is_an_error(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.runcomfy_mock(3)
        def test_one(runcomfy_mock):
            pass
        """
    )
    done = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    done.assert_outcomes(errors=1)
    done.stdout.fnmatch_lines(["*TypeError: mock_service() takes 0 positional arguments*"])


def test_a_token_is_requested_before_a_large_body_is_kept() -> None:
    body = b'{"prompt": "' + b"x" * 3_000_000 + b'"}'
    with mock_service() as service, Calls(service, token=None) as calls:
        answer = calls.http.post("/v1/models/openai/gpt-image-2/edit", content=body)
        assert answer.json()["error_code"] == 400004
        assert [len(asked.body) for asked in service.log] == [0]


def test_a_body_beyond_the_limit_is_refused_and_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(middleware, "_LONGEST_BODY", 100_000)
    with mock_service() as service, Calls(service) as calls:
        answer = calls.http.post("/v1/models/openai/gpt-image-2/edit", content=b"x" * 3_000_000)
        assert (answer.status_code, answer.json()["error_code"]) == (413, 413001)
        assert [len(asked.body) for asked in service.log] == [0]


@pytest.mark.skipif(os.name != "posix", reason="there are no modes")
@pytest.mark.parametrize("there", [False, True])
def test_nobody_else_can_read_the_database(tmp_path: Path, there: bool) -> None:
    path = tmp_path / "mock.db"
    if there:
        path.touch(0o644)
    with mock_service(path=path) as service, Calls(service) as calls:
        calls.submit()
        assert {
            file.name: oct(file.stat().st_mode & 0o777) for file in tmp_path.iterdir()
        } == dict.fromkeys(("mock.db", "mock.db-wal", "mock.db-shm"), "0o600")
