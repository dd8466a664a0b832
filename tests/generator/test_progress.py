"""What a long run of ``generate`` shows in a terminal, which the tests look at as a screen."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from support.synthetic_models import write_models

pytest.importorskip("pexpect", reason="pseudo-terminals are for POSIX systems")

from support.terminal import END, Screen, spawn  # it needs pexpect

COMMAND = "import sys; from runcomfy_codegen.cli import main; sys.exit(main(sys.argv[1:]))"


def _written(folder: Path) -> str:
    """All that a run writes to the terminal."""
    places = ["--schemas", str(folder / "schemas"), "--out", str(folder / "out")]
    child = spawn(sys.executable, ["-c", COMMAND, "generate", *places, "--package", "many"])
    child.expect(END)
    return str(child.before)


def _shown(text: str) -> list[str]:
    screen = Screen()
    screen.feed(text)
    return screen.lines


def test_a_long_run_counts_on_one_line_and_takes_it_away(tmp_path: Path) -> None:
    write_models(tmp_path / "schemas", 200, inputs=2)
    text = _written(tmp_path)
    half_way = _shown(text[: text.index("100 of 200 models") + len("100 of 200 models")])
    assert [line for line in half_way if " of 200" in line] == ["100 of 200 models"]
    at_the_end = _shown(text)
    assert not [line for line in at_the_end if " of 200" in line]
    assert at_the_end[-1].startswith("many: models 200 written")

    again = _shown(_written(tmp_path))
    assert again[-1] == "many: models 0 written, 200 unchanged; files 0 written, 0 removed."
    assert (
        len(again) <= 2
    )  # the models that are as they were are a count, and so are the remarks on them
