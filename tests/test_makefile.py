"""The verbs of the Makefile find the modules that they run."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
RUN = re.compile(
    r"^\t(?:PYTHONPATH=(\S+) )?\$\(BIN\)/python -m ((?:tests|benchmarks)\S*)$", re.MULTILINE
)


@pytest.mark.parametrize(("path", "module"), RUN.findall((ROOT / "Makefile").read_text()))
def test_a_verb_finds_its_module(path: str, module: str) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", f"import {module}"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        check=False,
        text=True,
    )
    if "Skipped: " in ran.stderr:
        pytest.skip(ran.stderr.rpartition("Skipped: ")[2].strip())
    assert not ran.stderr, ran.stderr
