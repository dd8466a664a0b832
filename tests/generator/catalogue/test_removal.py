"""``remove`` and ``rename``, and what a deprecated model is in a generated package."""

from __future__ import annotations

import json
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest

from support.codegen import Ran, codegen
from support.generate import run, text_schema, tree
from support.small_models import load, store

GONE = {"reason": "it is no longer in the catalogue"}


def command(folder: Path, *arguments: str) -> Ran:
    return codegen(*arguments, "--schemas", folder / "schemas")


def generated(folder: Path, name: str) -> Any:
    ran = run(folder)
    assert ran.status == 0, ran.err
    return load(folder, f"models.{name}")


def test_the_class_of_a_deprecated_model_warns_once(tmp_path: Path) -> None:
    store(tmp_path / "schemas", "acme/cat", text_schema("prompt"), deprecated=GONE)
    cls = generated(tmp_path, "acme.cat").Cat
    words = "acme/cat is deprecated: it is no longer in the catalogue"
    with pytest.warns(DeprecationWarning, match=words) as caught:
        cls(prompt="x")
    assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        cls(prompt="y")
        cls.from_payload({"prompt": "z"})
    assert "Deprecated: it is no longer in the catalogue." in cls.__doc__


def test_a_program_sees_the_warning(tmp_path: Path) -> None:
    store(tmp_path / "schemas", "acme/cat", text_schema("prompt"), deprecated=GONE)
    run(tmp_path)
    program = "from models.acme import Cat\nCat.from_payload({'prompt': 'x'})\n"
    file = tmp_path / "out/program.py"
    file.write_text(program)
    done = subprocess.run([sys.executable, str(file)], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert "program.py:2: DeprecationWarning: acme/cat is deprecated" in done.stderr


def test_becoming_deprecated_is_reported_and_breaks_nothing(tmp_path: Path) -> None:
    store(tmp_path / "schemas", "acme/cat", text_schema("prompt"))
    run(tmp_path)
    store(tmp_path / "schemas", "acme/cat", text_schema("prompt"), deprecated=GONE)
    out = run(tmp_path).out
    assert "text: acme/cat is deprecated: it is no longer in the catalogue" in out
    assert "breaking" not in out


def test_a_renamed_model_keeps_its_old_class_as_an_alias(tmp_path: Path) -> None:
    source = {"model_id": "acme/old", "dialect": "page"}
    store(tmp_path / "schemas", "acme/old", text_schema("prompt"), source=source, example={"a": 1})
    run(tmp_path)
    ran = command(tmp_path, "rename", "acme/old", "other/new")
    assert ran.status == 0, ran.err
    assert sorted(tree(tmp_path / "schemas")) == [
        "acme/old/deprecated.json",
        "other/new/example.json",
        "other/new/input.json",
        "other/new/source.json",
    ]
    record = json.loads((tmp_path / "schemas/other/new/source.json").read_text())
    assert record["model_id"] == "other/new"
    made = run(tmp_path)
    assert "text: acme/old is deprecated: it is now other/new" in made.out
    assert "breaking" not in made.out
    old, new = load(tmp_path, "models.acme").Old, load(tmp_path, "models.other").New
    assert new(prompt="x").model_id == "other/new"
    with pytest.warns(DeprecationWarning, match="acme/old is deprecated: it is now other/new"):
        assert old(prompt="x").model_id == "other/new"


def test_an_alias_has_the_schema_of_the_new_name(tmp_path: Path) -> None:
    store(tmp_path / "schemas", "acme/old", text_schema("prompt"))
    command(tmp_path, "rename", "acme/old", "acme/new")
    assert run(tmp_path).status == 0
    store(tmp_path / "schemas", "acme/new", text_schema("prompt", "style"))
    assert run(tmp_path, "--json").json["models"]["written"] == ["acme/new", "acme/old"]
    assert run(tmp_path, "--json").json["models"]["written"] == []


def test_a_chosen_class_stays_with_the_old_name(tmp_path: Path) -> None:
    overrides = {"class_name": "Kitten", "names": {"prompt": "words"}}
    store(tmp_path / "schemas", "acme/old", text_schema("prompt"), overrides=overrides)
    command(tmp_path, "rename", "acme/old", "acme/new")
    assert run(tmp_path).status == 0
    made = load(tmp_path, "models.acme")
    assert made.New(words="x").payload() == {"prompt": "x"}
    with pytest.warns(DeprecationWarning, match="acme/old is deprecated"):
        assert made.Kitten(words="x").model_id == "acme/new"


def test_diff_says_renamed(tmp_path: Path) -> None:
    for name in ("before", "schemas"):
        store(tmp_path / name, "acme/old", text_schema("prompt"))
    command(tmp_path, "rename", "acme/old", "acme/new")
    ran = codegen("diff", tmp_path / "before", tmp_path / "schemas")
    assert ran.status == 0
    assert ran.out.splitlines()[:4] == [
        "acme/new: added",
        "  additive: model added",
        "acme/old: renamed",
        "  additive: renamed to acme/new; the old class remains for now",
    ]


def test_a_model_can_become_the_alias_of_one_that_exists(tmp_path: Path) -> None:
    store(tmp_path / "schemas", "acme/old", text_schema("prompt"))
    store(tmp_path / "schemas", "acme/new", text_schema("style"))
    before = tree(tmp_path / "schemas/acme/new")
    assert command(tmp_path, "rename", "acme/old", "acme/new").status == 0
    assert tree(tmp_path / "schemas/acme/new") == before


def test_names_can_be_given_more_than_once(tmp_path: Path) -> None:
    store(tmp_path / "schemas", "acme/a", text_schema("prompt"))
    for pair in (("acme/a", "acme/b"), ("acme/b", "acme/c")):
        assert command(tmp_path, "rename", *pair).status == 0
    assert run(tmp_path).status == 0
    with pytest.warns(DeprecationWarning, match="acme/a is deprecated: it is now acme/c"):
        assert load(tmp_path, "models.acme").A(prompt="x").model_id == "acme/c"


def test_an_alias_of_what_is_gone_is_reported(tmp_path: Path) -> None:
    store(tmp_path / "schemas", "acme/old", text_schema("prompt"))
    command(tmp_path, "rename", "acme/old", "acme/new")
    store(tmp_path / "schemas", "acme/other", text_schema("prompt"))
    assert command(tmp_path, "remove", "acme/new").status == 0
    ran = run(tmp_path)
    assert ran.status == 65
    assert "names acme/new, which is not stored" in ran.err
    assert "runcomfy-codegen remove 'acme/old'" in ran.err
    assert command(tmp_path, "remove", "acme/old").status == 0
    assert run(tmp_path).status == 0


def test_two_names_that_lead_to_each_other_are_reported(tmp_path: Path) -> None:
    for one, other in (("acme/a", "acme/b"), ("acme/b", "acme/a")):
        folder = tmp_path / "schemas" / one
        folder.mkdir(parents=True)
        (folder / "deprecated.json").write_text(json.dumps({"renamed_to": other}))
    ran = run(tmp_path)
    assert (ran.status, "does not lead to a model" in ran.err) == (65, True)


@pytest.mark.parametrize("mark", ["[]", "{", '{"reason": 1}', '{"renamed_to": "../x"}'])
def test_a_bad_mark_is_refused_with_its_place(tmp_path: Path, mark: str) -> None:
    store(tmp_path / "schemas", "acme/cat", text_schema("prompt"), deprecated=mark)
    ran = run(tmp_path)
    assert (ran.status, "deprecated.json" in ran.err) == (65, True)


def test_remove_leaves_nothing_but_what_is_not_ours(tmp_path: Path) -> None:
    for model_id in ("acme/cat", "acme/cat/draft"):
        store(tmp_path / "schemas", model_id, text_schema("prompt"), overrides={})
    assert command(tmp_path, "remove", "acme/cat").out == "removed    acme/cat\n"
    assert sorted(tree(tmp_path / "schemas")) == [
        "acme/cat/draft/input.json",
        "acme/cat/draft/overrides.json",
    ]
    command(tmp_path, "remove", "acme/cat/draft")
    assert list((tmp_path / "schemas").iterdir()) == []


@pytest.mark.parametrize("arguments", [("remove", "acme/cta"), ("rename", "acme/cta", "acme/x")])
def test_a_misspelt_model_is_misuse_with_the_one_that_was_meant(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    store(tmp_path / "schemas", "acme/cat", text_schema("prompt"))
    ran = command(tmp_path, *arguments)
    assert ran.status == 64
    assert "did you mean 'acme/cat'?" in ran.err
