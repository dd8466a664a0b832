"""Writing: whole or not at all, inside the schemas folder, nothing left behind."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from support.ingest import CHINESE, ENGLISH, PAGE_IDS, PAGES, RENDERED, add, page, tree

needs_links = pytest.mark.skipif(os.name == "nt", reason="links need rights there")


@needs_links
@pytest.mark.parametrize("linked", ["openai", "openai/gpt-image-2", "openai/gpt-image-2/edit"])
def test_a_linked_folder_is_not_followed(linked: str, tmp_path: Path) -> None:
    schemas, outside = tmp_path / "schemas", tmp_path / "outside"
    outside.mkdir()
    (schemas / linked).parent.mkdir(parents=True)
    (schemas / linked).symlink_to(outside)
    ran = add(CHINESE, "--schemas", schemas)
    assert ran.status == 73
    assert "is a symbolic link" in ran.err
    assert tree(outside) == {}


@needs_links
def test_a_linked_file_is_not_written_through(tmp_path: Path) -> None:
    target = tmp_path / "precious"
    target.write_text("keep")
    folder = tmp_path / "schemas/openai/gpt-image-2/edit"
    folder.mkdir(parents=True)
    (folder / "input.json").symlink_to(target)
    assert add(CHINESE, "--schemas", tmp_path / "schemas").status == 73
    assert target.read_text() == "keep"


@needs_links
def test_the_schemas_folder_itself_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "schemas").symlink_to(tmp_path / "real")
    assert add(CHINESE, "--schemas", tmp_path / "schemas").status == 0
    assert (tmp_path / "real/openai/gpt-image-2/edit/input.json").is_file()


@needs_links
def test_a_link_that_leads_to_itself_is_an_error_like_others(tmp_path: Path) -> None:
    (tmp_path / "schemas").symlink_to(tmp_path / "schemas")
    ran = add(CHINESE, "--schemas", tmp_path / "schemas")
    assert ran.status == 73
    assert "Too many levels of symbolic links" in ran.err


@pytest.mark.parametrize("path", ["schemas", "schemas/openai", "schemas/openai/gpt-image-2/edit"])
def test_a_file_where_a_folder_should_be_is_an_error(path: str, tmp_path: Path) -> None:
    (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / path).write_text("a file")
    assert add(CHINESE, "--schemas", tmp_path / "schemas").status == 73
    assert tree(tmp_path) == {path: b"a file"}


def test_a_folder_where_a_file_should_be_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "openai/gpt-image-2/edit/output.json").mkdir(parents=True)
    assert add(PAGES, "--schemas", tmp_path).status == 73
    assert tree(tmp_path) == {}


@pytest.mark.parametrize("writes_before_it_fails", [0, 1, 5])
def test_a_full_disk_leaves_everything_as_it_was(
    writes_before_it_fails: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(ENGLISH, "--schemas", tmp_path)
    (tmp_path / PAGE_IDS[ENGLISH] / "input.json").write_text("{}")
    before = sorted(tmp_path.rglob("*")), tree(tmp_path)
    opened: list[Path] = []
    open_file = Path.open

    def fail_in_time(path: Path, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
        if mode == "xb":
            opened.append(path)
            if len(opened) > writes_before_it_fails:
                raise OSError(28, "No space left on device", str(path))
        return open_file(path, mode, *args, **kwargs)

    monkeypatch.setattr(Path, "open", fail_in_time)
    ran = add(PAGES, "--schemas", tmp_path)
    monkeypatch.undo()
    assert ran.status == 73
    assert "cannot be written: No space left on device" in ran.err
    assert (sorted(tmp_path.rglob("*")), tree(tmp_path)) == before


def test_a_model_that_holds_another_id_is_not_overwritten(tmp_path: Path) -> None:
    """On a file system that folds case, two ids share one folder."""
    add("-", "--schemas", tmp_path, stdin=page("owner/Model").encode())
    (tmp_path / "owner/Model").rename(tmp_path / "owner/model")
    ran = add("-", "--schemas", tmp_path, stdin=page("owner/model").encode())
    assert ran.status == 65
    assert "already contains 'owner/Model'" in ran.err


def test_only_the_four_files_are_written(tmp_path: Path) -> None:
    add(RENDERED, "--schemas", tmp_path)
    assert sorted(path.name for path in (tmp_path / PAGE_IDS[RENDERED]).iterdir()) == [
        "example.json",
        "input.json",
        "output.json",
        "source.json",
    ]


def test_the_committed_schemas_are_those_of_the_five_pages(tmp_path: Path) -> None:
    add(PAGES, "--schemas", tmp_path)
    committed = tree(Path(__file__).parents[3] / "schemas")
    assert {name: committed.get(name) for name in tree(tmp_path)} == tree(tmp_path)
