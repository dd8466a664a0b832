"""docs/mock.md is true: its tests pass, and its table has every fault."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from runcomfy.mock import FAULTS, Fault, Settings

pytest_plugins = ["pytester"]

GUIDE = (Path(__file__).resolve().parents[2] / "docs" / "mock.md").read_text(encoding="utf-8")
HEAD = "| fault | what happens | on | first |\n| --- | --- | --- | --- |\n"


def row(fault: Fault) -> str:
    everywhere = FAULTS["answer_lost"].on
    calls = FAULTS["wrong_json"].on
    actions = {everywhere: "all", calls: "calls"}.get(fault.on, ", ".join(fault.on))
    name = f"`{fault.name}`" + (" …" if fault.lasting else "")
    return f"| {name} | {fault.about} | {actions} | {'yes' if fault.after else 'no'} |\n"


def test_the_table_has_every_fault() -> None:
    """Copy the expected rows into the page when a fault is new."""
    table = GUIDE.partition(HEAD)[2].partition("\n\n")[0] + "\n"
    assert table.replace("\\", "") == "".join(map(row, FAULTS.values())).replace("\\", "")


def test_the_tests_of_the_guide_pass(pytester: pytest.Pytester) -> None:
    (block,) = [
        block
        for block in re.findall(r"^```python\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
        if "def test_" in block
    ]
    pytester.makepyfile(block)
    done = pytester.runpytest_subprocess("--strict-markers", "-W", "error")
    done.assert_outcomes(passed=block.count("def test_"))


def test_the_guide_names_every_setting() -> None:
    for name in Settings.__slots__:
        assert f"`{name}`" in GUIDE or name == "keep_log", name
