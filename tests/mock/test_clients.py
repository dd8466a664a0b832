"""Our own clients against the mock: every driver, any event loop, and the pytest fixture."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
import textwrap
import threading

import anyio
import pytest

from runcomfy import errors
from runcomfy.extras import install_command
from runcomfy.mock import Asked, MockService, small_output
from runcomfy.testing import mock_service
from support.callers import BACKENDS, KINDS, TOKEN, Caller, a_request

pytest_plugins = ["pytester"]


@pytest.mark.parametrize("kind", KINDS)
def test_every_client_runs_a_request(kind: str) -> None:
    with mock_service(make_output=small_output) as service:
        seen: list[str] = []
        caller = Caller(kind, service.url)
        result = caller.run(on_status=lambda status: seen.append(status.state))
    assert seen == ["submitted", "in_queue", "in_progress", "completed"]
    assert result.typed
    assert result.cost > 0
    assert result.files[0].url.startswith(service.url)
    assert service.accepted == 1
    assert service.with_token(TOKEN) == service.log


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("reset_after_accept", errors.SubmissionUnknown),
        ("missing_request_id", errors.SubmissionUnknown),
        ("http_401", errors.AuthenticationFailed),
        ("error_200_400002", errors.InsufficientBalance),
    ],
)
def test_a_submit_that_fails_is_accepted_at_most_once(
    kind: str, fault: str, error: type[Exception]
) -> None:
    with mock_service() as service:
        service.fault(fault, on="submit")
        with pytest.raises(error):
            Caller(kind, service.url).run()
    assert service.accepted <= 1
    assert service.count("submit") == 1


def test_its_own_client_needs_no_settings() -> None:
    with mock_service(make_output=small_output) as service, service.client() as client:
        service.fault("http_503", on="status", times=3)
        job = client.submit(a_request())
        assert job.wait(timeout=10).files
    assert (service.accepted, service.count("status")) == (1, 6)


@pytest.mark.parametrize("kind", BACKENDS)
def test_the_service_can_be_used_in_an_event_loop(kind: str) -> None:
    async def main() -> None:
        async with (
            mock_service(make_output=small_output) as service,
            service.async_client() as client,
        ):
            result = await client.run(a_request())
            assert result.files
            assert service.accepted == 1

    anyio.run(main, backend=kind)


def test_a_service_leaves_no_thread_and_no_loop_behind() -> None:
    before = {*threading.enumerate()}
    for _ in range(3):
        with mock_service(make_output=small_output) as service, service.client() as client:
            client.run(a_request())
    assert {*threading.enumerate()} <= before
    with pytest.raises(RuntimeError):
        asyncio.get_running_loop()


def test_services_side_by_side_know_nothing_of_each_other() -> None:
    with mock_service() as one, mock_service() as other:
        one.client().submit(a_request()).cancel()
        assert (one.accepted, other.accepted, other.log) == (1, 0, [])


def test_the_watcher_gets_every_request() -> None:
    message: list[Asked] = []
    with mock_service(watch=message.append, keep_log=False) as service, service.client() as client:
        service.fault("http_503", on="submit")
        with pytest.raises(errors.SubmissionUnknown):
            client.submit(a_request())
    assert [(asked.action, asked.status, asked.fault) for asked in message] == [
        ("submit", 503, "http_503")
    ]
    assert service.log == []


def test_without_its_libraries_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("runcomfy.mock.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "starlette", None)
    for name in [name for name in sys.modules if name.startswith("starlette.")]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(errors.MissingExtra, match=re.escape(install_command("mock"))):
        mock_service()


# The plugin

USER_TESTS = """
    import pytest
    from runcomfy_models.openai import GptImage2Edit

    REQUEST = GptImage2Edit(prompt="a hat", images=["https://example.com/cat.png"])

    def test_one(runcomfy_mock):
        assert runcomfy_mock.client().submit(REQUEST).status().state == "in_queue"
        assert runcomfy_mock.accepted == 1

    def test_two_starts_anew(runcomfy_mock):
        assert runcomfy_mock.log == []

    @pytest.mark.runcomfy_mock(polls_in_queue=7)
    def test_three_has_settings(runcomfy_mock):
        assert runcomfy_mock.client().submit(REQUEST).status().queue_position == 7
"""


def test_the_fixture_gives_each_test_a_fresh_service(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(USER_TESTS)
    done = pytester.runpytest_subprocess("--strict-markers", "-W", "error")
    done.assert_outcomes(passed=3)


def test_the_plugin_costs_a_run_of_pytest_next_to_nothing() -> None:
    """It is loaded by every run, so it loads neither a server nor the client."""
    code = """
        import sys, pytest
        before = {*sys.modules}
        import runcomfy.testing.plugin
        print(sorted(name for name in {*sys.modules} - before))
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True
    )
    loaded = eval(done.stdout)  # noqa: S307  # a list that the line above printed
    assert {name.partition(".")[0] for name in loaded} == {"runcomfy"}
    assert len(loaded) <= 3


def test_a_service_can_be_started_again_but_not_twice() -> None:
    service: MockService = mock_service()
    for _ in range(2):
        with service:
            service.client().submit(a_request())
            with pytest.raises(RuntimeError, match=service.url):
                service.start()
    assert service.accepted == 2


def test_a_service_answers_at_an_ipv6_address() -> None:
    try:
        with mock_service(host="::1") as service:
            assert service.url.startswith("http://[::1]:")
            assert service.client().submit(a_request()).status().state == "in_queue"
    except OSError as error:
        pytest.skip(f"this machine has no IPv6 loopback: {error}")
