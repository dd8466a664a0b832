"""A model's documents are replaced as a whole; those of a new model come with their folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from runcomfy_codegen.ingest.replacement import Replacement, finish_all
from support.generate import tree

OLD, NEW = {"input.json": b"old", "output.json": b"old"}, {"input.json": b"new"}


def _put(folder: Path, writes: dict[str, bytes]) -> None:
    one = Replacement(folder, writes, ())
    one.stage()
    one.decide()


def test_a_new_model_appears_with_all_of_its_documents(tmp_path: Path) -> None:
    one = Replacement(tmp_path / "acme/cat", OLD, ())
    one.stage()
    assert not (tmp_path / "acme/cat").exists()
    one.decide()
    assert tree(tmp_path) == {f"acme/cat/{name}": text for name, text in OLD.items()}


@pytest.mark.parametrize("order", [1, -1])
def test_new_models_may_lie_inside_each_other(tmp_path: Path, order: int) -> None:
    folders = [tmp_path / "acme/cat", tmp_path / "acme/cat/pro"][::order]
    ones = [Replacement(folder, NEW, ()) for folder in folders]
    for one in ones:
        one.stage()
    for one in ones:
        one.decide()
    assert tree(tmp_path) == {"acme/cat/input.json": b"new", "acme/cat/pro/input.json": b"new"}


def test_what_a_killed_run_staged_is_removed(tmp_path: Path) -> None:
    _put(tmp_path / "acme/cat", OLD)
    Replacement(tmp_path / "acme/cat", NEW, ["output.json"]).stage()
    Replacement(tmp_path / "acme/dog", NEW, ()).stage()
    finish_all(tmp_path)
    assert tree(tmp_path) == {f"acme/cat/{name}": text for name, text in OLD.items()}
    assert [path.name for path in (tmp_path / "acme").iterdir()] == ["cat"]


def test_a_model_that_is_given_up_leaves_no_folder(tmp_path: Path) -> None:
    one = Replacement(tmp_path / "acme/cat/pro", NEW, ())
    one.stage()
    one.give_up()
    assert not any(tmp_path.iterdir())
