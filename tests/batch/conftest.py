"""The command ``runcomfy-py batch`` in this process, against a mock that answers at once."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from runcomfy.cli.command_group import run
from runcomfy.credentials import VARIABLES
from runcomfy.mock import MockService, Settings, small_output
from support.command import Ran

#: Runs ``runcomfy-py`` with these arguments.
Command = Callable[..., Ran]

MODEL = "openai/gpt-image-1-5/text-to-image"


@pytest.fixture
def service() -> Iterator[MockService]:
    with MockService(Settings(make_output=small_output, polls_in_queue=0, polls_running=0)) as one:
        yield one


@pytest.fixture
def command(
    service: MockService,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> Iterator[Command]:
    """The command in a folder and a home of its own; it never ends with a traceback."""
    for name in (*VARIABLES, "RUNCOMFY_CONFIG_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "home" / "state"))
    monkeypatch.setenv("RUNCOMFY_BASE_URL", service.url)
    monkeypatch.setenv("RUNCOMFY_TOKEN", "the-first-token-1234")
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    logger = logging.getLogger("runcomfy")
    before = logger.handlers[:], logger.level, logger.propagate

    def ran(*arguments: object) -> Ran:
        capfd.readouterr()
        status = run([str(one) for one in arguments])
        out, err = capfd.readouterr()
        assert "Traceback" not in err, err
        assert "internal error" not in err, err
        return Ran(status, out, err)

    yield ran
    logger.handlers[:], logger.level, logger.propagate = before


@pytest.fixture
def batch(command: Command) -> Command:
    """``batch MODEL INPUT --out out --price 0.04`` and further options."""

    def ran(given: object, *options: object, model: str = MODEL, out: object = "out") -> Ran:
        return command("batch", model, given, "--out", out, "--price", "0.04", *options)

    return ran
