"""One table of exit statuses: in the code, in the docs, and for every error there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import runcomfy
from runcomfy.cli.exit_codes import FAILED, INTERNAL, MEANINGS, UNKNOWN, status_of, worst

ROOT = Path(__file__).resolve().parents[2]
ROW = re.compile(r"^\| (\d+) \| (.+?) \|", re.MULTILINE)
ERRORS = [
    getattr(runcomfy, name)
    for name in runcomfy.__all__
    if isinstance(getattr(runcomfy, name), type)
    and issubclass(getattr(runcomfy, name), runcomfy.RunComfyError)
]


def test_the_page_has_the_table_of_the_code() -> None:
    page = (ROOT / "docs" / "exit-statuses.md").read_text(encoding="utf-8")
    assert {int(number): words for number, words in ROW.findall(page)} == MEANINGS


@pytest.mark.parametrize("cls", ERRORS, ids=lambda cls: cls.__name__)
def test_every_error_of_the_library_has_a_status(cls: type[Exception]) -> None:
    status = status_of(cls.__new__(cls))
    assert status in MEANINGS
    assert status not in (0, INTERNAL)


def test_an_error_that_nobody_foresaw_is_internal() -> None:
    assert status_of(KeyError("x")) == INTERNAL


def test_an_unknown_outcome_outweighs_the_others() -> None:
    assert worst([0, FAILED, UNKNOWN]) == UNKNOWN
    assert worst([0, FAILED]) == FAILED
    assert worst([]) == worst([0, 0]) == 0
