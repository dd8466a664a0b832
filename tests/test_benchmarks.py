"""The benchmarks' own promises, without measuring: what a run reports, and what it leaves behind."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from importlib.metadata import version
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
if str(ROOT) not in sys.path:  # pytest started by its own name does not have the folder it runs in
    sys.path.append(str(ROOT))

from benchmarks import __main__ as program  # noqa: E402  # see above
from benchmarks.measure import Figure, Table  # noqa: E402  # see above
from benchmarks.report import heading, render, versions  # noqa: E402  # see above


class Measured:
    """Small things, beside httpx and a library that nobody has."""

    PEERS = ("httpx", "no-such-library")

    def run(self) -> Iterator[Table]:
        yield Table("Sizes", [Figure("ours / theirs", 0.9, "x", at_most=0.8)])


class Failing(Measured):
    def run(self) -> Iterator[Table]:
        yield from super().run()
        raise ConnectionError("the peer went away")


def test_a_table_reports_value_unit_bound_and_verdict() -> None:
    figures = [
        Figure("ours / theirs", 0.5, "x", at_most=0.8),
        Figure("calls", 1234.5678, "/s", at_least=2000),
        Figure("models", 1000, ""),
    ]
    assert render(Table("Sizes", figures)) == (
        "## Sizes\n"
        "\n"
        "| what          |     value | unit | bound         | verdict |\n"
        "| ------------- | --------: | ---- | ------------- | ------- |\n"
        "| ours / theirs |     0.500 | x    | at most 0.8   | met     |\n"
        "| calls         | 1,234.568 | /s   | at least 2000 | MISSED  |\n"
        "| models        |     1,000 |      |               |         |"
    )


def test_a_missing_library_is_reported() -> None:
    told = versions(["httpx", "no-such-library"])
    assert told == [f"httpx {version('httpx')}", "no-such-library (not installed)"]


def test_a_heading_reports_the_day_and_what_was_measured_on_what() -> None:
    text = heading("sizes", Measured(), date(2026, 3, 1))
    assert text.startswith("# sizes\n\nSmall things, beside httpx and a library that nobody has.\n")
    for told in (
        "2026-03-01, by `python -m benchmarks sizes`",
        f"{sys.version_info.major}.{sys.version_info.minor}.",
        "CPUs",
        f"With: runcomfy {version('runcomfy')}, httpx {version('httpx')}, no-such-library (not",
    ):
        assert told in text


def test_a_part_that_fails_costs_no_other_part_its_results(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    parts = {"before": Measured(), "failing": Failing(), "after": Measured()}
    monkeypatch.setattr(program, "PARTS", tuple(parts))
    monkeypatch.setattr(program, "part", parts.__getitem__)
    results = tmp_path / "results"
    results.mkdir()
    (results / "before.md").write_text("an earlier run")

    assert program.main([], results) == 1

    printed = capsys.readouterr()
    assert sorted(file.name for file in results.iterdir()) == ["after.md", "before.md"]
    for file in results.iterdir():
        assert file.read_text() in f"{printed.out}\n"
        assert "| ours / theirs |" in file.read_text()
    assert "2 missed\nbefore, Sizes: ours / theirs\nafter, Sizes: ours / theirs\n" in printed.out
    assert "Failed, and left without results: failing" in printed.out
    assert "the peer went away" in printed.err


@pytest.mark.parametrize("name", program.PARTS)
def test_a_part_names_its_peers_as_they_are_installed(name: str) -> None:
    """In another process: importing the peers leaves traces that other tests would have to bear."""
    script = (
        "from benchmarks.__main__ import part\n"
        "from benchmarks.report import versions\n"
        f"module = part({name!r})\n"
        "assert module.PEERS and module.run and module.__doc__\n"
        "print(*versions(module.PEERS), sep='\\n')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "not installed" not in done.stdout


def test_results_are_of_parts_that_there_are() -> None:
    kept = {file.stem for file in (ROOT / "benchmarks" / "results").iterdir()}
    assert kept <= set(program.PARTS)


def test_make_bench_is_what_the_documents_say() -> None:
    recipe = (ROOT / "Makefile").read_text().partition("\nbench:")[2].splitlines()[1]
    assert recipe.split() == ["$(BIN)/python", "-m", "benchmarks"]
    assert "results/" in (ROOT / "CONTRIBUTING.md").read_text()
    assert program.RESULTS == ROOT / "benchmarks" / "results"
