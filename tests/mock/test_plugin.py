"""The pytest plugin: a program under test uses the mock without configuration, and nothing else."""

from __future__ import annotations

import pytest

pytest_plugins = ["pytester"]

PLAYED_BY_HAND = """
    import httpx
    from runcomfy import Client

    def test_it(runcomfy_mock):
        payload = {"prompt": "a hat", "images": ["https://example.com/a.png"]}
        with Client() as client:
            result = client.run("openai/gpt-image-2/edit", payload)
        assert result.request_id == runcomfy_mock.jobs[0].request_id
"""


def test_with_the_fixture_a_client_without_arguments_reaches_the_mock(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("RUNCOMFY_TOKEN", "RUNCOMFY_API_TOKEN", "YOUR_API_TOKEN", "RUNCOMFY_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    pytester.makepyfile(PLAYED_BY_HAND)
    pytester.runpytest_inprocess().assert_outcomes(passed=1)


FORBIDDEN = """
    import pytest
    from runcomfy import Client, ConfigurationError

    client = Client("any", base_url="https://127.0.0.1.example.com")

    def test_it(runcomfy_mock):
        with pytest.raises(ConfigurationError, match="runcomfy_mock"):
            client.submit("acme/cat", {}, timeout=2)
"""


def test_with_the_fixture_no_submit_leaves_this_machine(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(FORBIDDEN)
    pytester.runpytest_inprocess().assert_outcomes(passed=1)


@pytest.mark.parametrize(("setting", "passed"), [("true", 1), ("false", 0)])
def test_a_setting_forbids_real_submits_in_every_test(
    pytester: pytest.Pytester, setting: str, passed: int
) -> None:
    pytester.makeini(f"[pytest]\nruncomfy_forbid_submits = {setting}")
    pytester.makepyfile(FORBIDDEN.replace("def test_it(runcomfy_mock)", "def test_it()"))
    pytester.runpytest_inprocess("--timeout=60").assert_outcomes(passed=passed, failed=1 - passed)
