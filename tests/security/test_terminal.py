"""What ``generate`` prints holds texts of schemas, and none of them steers a terminal."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from runcomfy_codegen.cli import main
from support.corpus import TEXTS, anywhere
from support.small_models import store

STEERING = [name for name, text in TEXTS.items() if not text.isprintable()]


def _arguments(folder: Path) -> list[str]:
    return ["generate", "--schemas", str(folder / "schemas"), "--out", str(folder / "out")]


@pytest.mark.parametrize("name", STEERING)
def test_the_report_escapes_control_characters(
    tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    documents = anywhere(TEXTS[name])
    store(tmp_path / "schemas", "acme/small", documents.pop("input"), **documents)
    assert main(_arguments(tmp_path)) == 0
    shown = capsys.readouterr().out
    assert "acme/small: documented, not checked" in shown
    assert all(line.isprintable() for line in shown.split("\n"))


def test_a_refusal_escapes_control_characters(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hostile = "\x1b[2J\u202e\rx"
    other = hostile.replace("\r", "\x1b")
    schema = {"type": "object", "properties": {hostile: {}, other: {}}}
    chosen = {"names": {hostile: "same", other: "same"}}
    store(tmp_path / "schemas", "acme/small", schema, overrides=chosen)
    assert main(_arguments(tmp_path)) == 65
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "would both be named" in shown.err
    assert all(line.isprintable() for line in shown.err.split("\n"))


def test_the_change_report_escapes_control_characters(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for value in ("old\x1b[2J", "new\r\u202e"):
        store(
            tmp_path / "schemas",
            "acme/small",
            {"type": "object", "properties": {"x": {"enum": [value, "y"]}}},
        )
        assert main(_arguments(tmp_path)) == 0
    shown = capsys.readouterr().out
    assert "breaking: input/x: value" in shown
    assert all(line.isprintable() for line in shown.split("\n"))


def test_the_report_as_json_is_json_whatever_the_schema_holds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store(tmp_path / "schemas", "acme/small", anywhere(TEXTS["lone_surrogate"])["input"])
    assert main([*_arguments(tmp_path), "--json"]) == 0
    shown = capsys.readouterr().out
    assert shown.isascii()
    assert json.loads(shown)["models"]["written"] == ["acme/small"]


def test_a_terminal_without_unicode_is_no_reason_to_fail(tmp_path: Path) -> None:
    store(tmp_path / "schemas", "acme/small", {"properties": {}, "required": ["提示词"]})
    done = subprocess.run(
        [sys.executable, "-m", "runcomfy_codegen", *_arguments(tmp_path)],
        env={"PYTHONIOENCODING": "ascii"},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert b"\\u63d0" in done.stdout
