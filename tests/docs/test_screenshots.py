"""The pictures of the playground in its guide: drawn by the build, and left as they are where there is no browser."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from support.browser import chromium

ROOT = Path(__file__).resolve().parents[2]


def draw(folder: Path, path: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "scripts/screenshots.py", str(folder)],
        cwd=ROOT,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )


def test_without_a_browser_the_build_says_so_and_continues(tmp_path: Path) -> None:
    done = draw(tmp_path, str(tmp_path))
    assert (done.returncode, "not drawn anew" in done.stderr) == (0, True)


@pytest.mark.slow
def test_the_build_draws_every_image_of_the_guide(tmp_path: Path) -> None:
    with chromium():
        pass  # skips where there is none
    assert draw(tmp_path, os.environ["PATH"]).returncode == 0
    guide = (ROOT / "docs" / "playground.md").read_text(encoding="utf-8")
    drawn = [file.name for file in tmp_path.glob("*.png")]
    assert drawn
    assert all(f"images/{name}" in guide for name in drawn)
    assert {file.name for file in (ROOT / "docs" / "images").glob("playground*")} == {*drawn}


def test_the_documentation_build_draws_them() -> None:
    assert (
        "scripts/screenshots.py build/docs/images" in (ROOT / "scripts/build_docs.sh").read_text()
    )
