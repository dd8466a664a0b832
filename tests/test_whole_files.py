"""An output path that is a device or a pipe is written to, and never replaced by a file."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from runcomfy.downloads.partial_file import save_target
from runcomfy.gallery import write_gallery
from runcomfy.whole_files import write_whole
from runcomfy_codegen.cli import main

ROOT = Path(__file__).resolve().parents[1]

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    os.mkfifo(tmp_path / "pipe")
    return tmp_path / "pipe"


def through(pipe: Path, write: Callable[[], object]) -> str:
    """What comes out of the pipe, which is still a pipe afterwards."""
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text("utf-8")))
    reader.start()
    write()
    reader.join(20)
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    return read[0]


def test_a_gallery_goes_through_a_pipe(pipe: Path) -> None:
    assert "<!doctype html>" in through(pipe, lambda: write_gallery([], pipe)).lower()


def test_an_export_goes_through_a_pipe(pipe: Path) -> None:
    options = ["--schemas", str(ROOT / "schemas"), "--out", str(pipe)]
    assert through(pipe, lambda: main(["export", "jsonschema", *options])).startswith("{")


def test_an_output_file_is_not_saved_over_a_pipe(pipe: Path) -> None:
    with pytest.raises(FileExistsError, match="a device or a pipe"):
        save_target(pipe, "hat.png", overwrite=True).check()


def test_a_text_replaces_a_file_in_one_step(tmp_path: Path) -> None:
    target = tmp_path / "page.html"
    for text in ("old", "new"):
        write_whole(target, text)
    assert target.read_text("utf-8") == "new"
    with pytest.raises(OSError, match="Is a directory"):
        write_whole(tmp_path, "new")
    assert [*tmp_path.iterdir()] == [target]
