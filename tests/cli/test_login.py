"""login, logout and whoami: where the token is stored, and that it is never shown."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from runcomfy.credentials import find_token
from runcomfy.mock import MockService
from runcomfy.testing import mock_service
from support.command import PROGRAM, run
from support.terminal import END, spawn

TOKEN = "a-token-of-the-account-9876"  # noqa: S105  # it opens nothing
#: A keyring that keeps its entries in a file beside it.
KEYRING = """
import json
from pathlib import Path
from keyring.backend import KeyringBackend

STORE = Path(__file__).with_name("keyring.json")

class Keyring(KeyringBackend):
    priority = 1

    def _read(self):
        return json.loads(STORE.read_text()) if STORE.exists() else {}

    def get_password(self, service, username):
        return self._read().get(f"{service}/{username}")

    def set_password(self, service, username, password):
        STORE.write_text(json.dumps({**self._read(), f"{service}/{username}": password}))

    def delete_password(self, service, username):
        STORE.write_text("{}")
"""


@pytest.fixture(autouse=True)
def no_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")


def login(*options: str, token: str = TOKEN) -> None:
    ran = run("login", "--no-check", *options, given=f"{token}\n".encode())
    assert ran.status == 0, ran.err
    assert token not in ran.out + ran.err


def test_a_token_from_standard_input_is_kept_in_a_file_of_mode_0600(home: Path) -> None:
    login()
    path = home / "config" / "runcomfy" / "login.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert find_token().reveal() == TOKEN
    assert [one.name for one in path.parent.iterdir()] == ["login.json"]


def test_a_token_is_kept_in_the_keyring_where_there_is_one(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "filed_keyring.py").write_text(KEYRING, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "filed_keyring.Keyring")
    login()
    files = [path.read_text(encoding="utf-8") for path in home.rglob("*") if path.is_file()]
    assert files == ['{"keyring": true}']
    shown = run("whoami", "--json").json[0]
    assert (shown["token"], shown["source"]) == ("…9876", "the keyring")
    assert run("logout").status == 0
    assert (tmp_path / "keyring.json").read_text(encoding="utf-8") == "{}"
    assert run("whoami").status == 77
    login("--no-keyring")
    assert run("whoami", "--json").json[0]["source"].endswith("login.json")


def test_a_token_is_read_hidden_from_a_terminal(home: Path) -> None:
    asked = spawn(PROGRAM[0], [*PROGRAM[1:], "login", "--no-check"])
    asked.expect("API token: ")
    asked.sendline(TOKEN)
    asked.expect(END)
    asked.close()
    assert asked.exitstatus == 0
    assert TOKEN not in str(asked.before)
    assert find_token().reveal() == TOKEN


def test_a_token_is_never_taken_from_an_argument() -> None:
    ran = run("login", TOKEN)
    assert ran.status == 64
    assert not any(option.startswith("--token") for option in run("login", "--help").out.split())


@pytest.mark.parametrize("given", ["", "\n", "a token with spaces\n", "t\x1b[2Jok\n"])
def test_what_is_no_token_is_refused_and_nothing_is_kept(home: Path, given: str) -> None:
    ran = run("login", "--no-check", given=given.encode())
    assert ran.status == 64
    assert not list(home.rglob("*.json"))


def test_a_token_that_the_service_refuses_is_not_kept(home: Path) -> None:
    with mock_service(tokens=["another"]) as service:
        ran = run("login", "--base-url", service.url, given=f"{TOKEN}\n".encode())
    assert ran.status == 77
    assert not list(home.rglob("*.json"))


def test_a_token_that_the_service_accepts_is_kept(service: MockService, home: Path) -> None:
    assert run("login", given=f"{TOKEN}\n".encode()).status == 0
    assert service.count("catalogue") == 1
    assert list(home.rglob("login.json"))


def test_whoami_shows_the_end_of_the_token_and_where_it_is_from(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert run("whoami").status == 77
    login()
    monkeypatch.setenv("RUNCOMFY_API_TOKEN", "b" * 20 + "1234")
    shown = run("whoami")
    assert "…1234" in shown.out
    assert "the variable RUNCOMFY_API_TOKEN" in shown.out
    assert "bbbb" not in shown.out
    assert run("whoami", RUNCOMFY_API_TOKEN="short").lines[0] == "token\t…"  # noqa: S106  # it opens nothing
    assert "the local mock" in run("whoami", "--mock").out


def test_logout_says_where_a_token_is_still_found() -> None:
    login()
    ran = run("logout", RUNCOMFY_TOKEN=TOKEN)
    assert "still found in the variable RUNCOMFY_TOKEN" in ran.err
    assert "no token was stored" in run("logout").err


def test_a_login_comes_before_the_file_of_the_official_command(home: Path) -> None:
    folder = home / "config" / "runcomfy"
    folder.mkdir(parents=True)
    (folder / "token.json").write_text('{"access_token": "the-official-one"}', encoding="utf-8")
    assert find_token().reveal() == "the-official-one"
    login()
    assert find_token().reveal() == TOKEN
    assert (folder / "token.json").exists()


def test_a_login_file_that_cannot_be_written_is_status_73(home: Path) -> None:
    (home / "config").mkdir(parents=True)
    (home / "config" / "runcomfy").write_text("a file in the place of the folder", encoding="utf-8")
    ran = run("login", "--no-check", given=f"{TOKEN}\n".encode())
    assert ran.status == 73
    assert TOKEN not in ran.err


def test_doctor_checks_everything_and_pays_nothing(service: MockService) -> None:
    ran = run("doctor", "--json")
    assert ran.status == 0, ran.out
    verdicts = {one["check"]: one["verdict"] for one in ran.json}
    assert {
        "version",
        "token",
        "service",
        "clock",
        "state folder",
        "locks",
        "journal",
    } <= verdicts.keys()
    assert "fail" not in verdicts.values()
    assert service.count("submit") == 0
    assert os.environ["RUNCOMFY_TOKEN"] not in ran.out


def test_doctor_says_what_is_missing() -> None:
    ran = run("doctor", "--base-url", "http://127.0.0.1:9")
    assert ran.status == 77
    assert "token\tfail\tnone found; store one with: runcomfy-py login" in ran.out
    broken = run("doctor", "--mock", XDG_STATE_HOME="/proc/none")
    assert broken.status == 73
    assert "set XDG_STATE_HOME" in broken.out


def test_no_token_is_stored_for_the_mock(home: Path) -> None:
    login()
    ran = run("login", "--mock", given=b"another-token-1234\n")
    assert ran.status == 64
    assert "The mock takes any token" in ran.err
    assert find_token().reveal() == TOKEN
