"""What the command says is true of the command: options instead of Python, and the service that is used."""

from __future__ import annotations

import pytest

from runcomfy.cli.command_group import run
from runcomfy.cli.failures import in_words_of_the_command
from runcomfy.cli.next_command import remember_service
from runcomfy.mock import MockService

EDIT = "openai/gpt-image-2/edit"


def told(capfd: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """The exit status of a command, and what it wrote to standard error."""
    status = run(list(arguments))
    return status, capfd.readouterr().err


def test_a_file_name_without_an_at_sign_is_told_in_words_of_the_command(
    service: MockService, capfd: pytest.CaptureFixture[str]
) -> None:
    status, err = told(capfd, "run", EDIT, "prompt=x", "images=cat.png")
    assert (status, service.accepted) == (65, 0)
    assert "; write a local file as NAME=@FILE" in err
    assert "pathlib" not in err


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("skip them: skip_invalid=True (--skip-invalid)", "skip them: --skip-invalid"),
        ("pass one: price=0.05 (--price 0.05), in US dollars", "pass one: --price 0.05, in US dollars"),
        ('resume with client.job("a1", "acme/cat").wait()', "resume with runcomfy-py wait a1 --mock"),
        ("use journal.adopt(client.account)", "use runcomfy-py journal adopt --mock"),
        ("journal.resolve('a', request_id=…, client=client)", "runcomfy-py journal resolve 'a' --request-id REQUEST_ID --mock"),
        ("looked in:\n  the argument token= (not given)\n  the file x", "looked in:\n  the file x"),
    ],
)  # fmt: skip
def test_suggestions_are_commands_for_the_service_in_use(text: str, words: str) -> None:
    remember_service(["--mock"])
    try:
        assert in_words_of_the_command(text) == words
    finally:
        remember_service([])


def test_the_suggested_command_has_the_given_address(
    service: MockService, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    inputs = ["prompt=x", "images=https://example.com/a.png"]
    assert "--base-url" not in told(capfd, "submit", EDIT, *inputs)[1]
    monkeypatch.delenv("RUNCOMFY_BASE_URL")
    _, err = told(capfd, "submit", EDIT, *inputs, "--again", "--base-url", service.url)
    assert err.rstrip().endswith(f"--base-url {service.url}")


def test_a_wrong_option_points_to_the_help_of_its_command(
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert "(see runcomfy-py jobs --help)" in told(capfd, "jobs", "--spend")[1]


def test_an_input_in_the_place_of_the_model_is_named(capfd: pytest.CaptureFixture[str]) -> None:
    status, err = told(capfd, "run", "prompt=x")
    assert (status, "'prompt=x' is an input; the model id comes first" in err) == (64, True)


def test_a_missing_choice_is_told_on_one_line(capfd: pytest.CaptureFixture[str]) -> None:
    status, err = told(capfd, "completion")
    assert (status, err.count("\n")) == (64, 1)
    assert "bash, zsh, fish" in err


def test_a_group_without_a_subcommand_shows_its_help(capfd: pytest.CaptureFixture[str]) -> None:
    status, err = told(capfd, "journal")
    assert status == 64
    assert err.startswith("Usage: runcomfy-py journal")


@pytest.mark.parametrize(
    "command", ["run", "wait", "result", "recover", "batch", "mcp", "gallery", "playground"]
)
def test_every_command_has_the_same_names_for_its_output(
    command: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run([command, "--help"]) == 0
    told_options = capfd.readouterr().out
    assert all(name in told_options for name in ("-o, ", "--out", "--output"))


def test_rules_with_the_same_words_are_shown_once(capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["show", "wan-ai/wan-2-6/image-to-image", "--offline"]) == 0
    assert capfd.readouterr().out.count("at least 384 pixels") == 1


def test_a_list_without_entries_is_told(capfd: pytest.CaptureFixture[str]) -> None:
    status, err = told(capfd, "jobs", "--since", "2026-01-31T18:30")
    assert status == 0
    assert "no such requests in" in err


def test_a_batch_takes_a_package_of_models(capfd: pytest.CaptureFixture[str]) -> None:
    status, err = told(capfd, "batch", EDIT, "rows.csv", "--out", "out", "--package", "no_such")
    assert (status, "'no_such' cannot be imported" in err) == (64, True)
