"""Where ``save`` puts files: in folders, at paths, at home, and on a disk that is full."""

from __future__ import annotations

import base64
import errno
import os
from pathlib import Path
from typing import Any

import pytest

from runcomfy import Output, Result
from support.uploads import picture

IMAGE = "data:image/png;base64," + base64.b64encode(picture()).decode()
OTHER = "data:image/png;base64," + base64.b64encode(picture(20, 20)).decode()


def result(*images: str) -> Result[Output]:
    return Result("r1", Output.from_payload({}), {"output": {"images": [*images]}})


def test_an_only_file_is_saved_at_the_path_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "new" / "hat.png"
    assert result(IMAGE).save(path) == [path]
    assert path.read_bytes() == picture()
    with pytest.raises(FileExistsError):
        result(OTHER).save(path)
    assert result(OTHER).save(path, overwrite=True) == [path]
    assert path.read_bytes() == picture(20, 20)


def test_several_files_need_a_folder(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"needs a folder for 2 files, but 'hat.png' is"):
        result(IMAGE, OTHER).save(tmp_path / "hat.png")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["out", "v1.2", "hat.png/"])
def test_everything_else_is_a_folder(name: str, tmp_path: Path) -> None:
    (path,) = result(IMAGE).save(f"{tmp_path}/{name}")
    assert path.parent == tmp_path / name


def test_a_folder_that_is_named_like_a_file_is_used(tmp_path: Path) -> None:
    (tmp_path / "hat.png").mkdir()
    (path,) = result(IMAGE).save(tmp_path / "hat.png")
    assert path.parent == tmp_path / "hat.png"


@pytest.mark.parametrize("given", ["s3://bucket/x", "gs://bucket", "file:///tmp/x", "https://x/y"])
@pytest.mark.parametrize("kind", [str, Path])
def test_a_url_is_no_folder(
    given: str, kind: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for save in (result(IMAGE).save, result(IMAGE, OTHER).save, result(IMAGE).files[0].save):
        with pytest.raises(ValueError, match=r"into a bucket: result.files\[0\].put"):
            save(kind(given))
    assert list(tmp_path.iterdir()) == []


def test_the_home_folder_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert result(IMAGE).save("~/out")[0].parent == tmp_path / "out"
    assert result(IMAGE).files[0].save(Path("~/a.png")) == tmp_path / "a.png"
    assert not (tmp_path / "~").exists()


@pytest.mark.parametrize("call", ["write", "fsync"])
def test_a_full_disk_names_the_path(
    call: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> Any:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, call, full)
    with pytest.raises(OSError, match=r"No space left on device: .*hat\.png") as caught:
        result(IMAGE).save(tmp_path / "hat.png")
    assert caught.value.filename == str(tmp_path / "hat.png")
    assert list(tmp_path.iterdir()) == []
