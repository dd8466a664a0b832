"""``generate`` and ``add``, killed at every moment: what is left is whole, and the next run heals it."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from pathlib import Path

import pytest

from support.generate import run, text_schema
from support.ingest import add, page
from support.small_models import store

#: Runs a command of ours, and dies without a word at the change of the disk that it is told.
VICTIM = """
import io, os, shutil, sys
moment, _, *arguments = sys.argv[1:]
left = int(moment)

def deadly(change):
    def step(*given, **named):
        global left
        left -= 1
        if left < 0:
            os._exit(137)
        return change(*given, **named)
    return step

for name in ("replace", "rename", "unlink", "remove", "rmdir", "mkdir"):
    setattr(os, name, deadly(getattr(os, name)))
import builtins
real_open = builtins.open
def opening(file, mode="r", *given, **named):
    return (deadly(real_open) if set(mode) & set("wxa") else real_open)(file, mode, *given, **named)
builtins.open = io.open = opening

from runcomfy_codegen.cli import main
status = main(arguments)
os._exit(status)
"""

IMPORT_ALL = """
import importlib, sys
sys.path.insert(0, sys.argv[1])
from runcomfy.model.registry import _ids_in, _look_up
package = importlib.import_module("models")
for owner in package._OWNERS.values():
    module = importlib.import_module(f"models.{owner}")
    for name in dir(module):
        getattr(module, name)
    for model_id in _ids_in(module._MODELS):
        cls = _look_up("models", model_id)
        assert cls.model_id == model_id
        schema, wired = cls.input_schema(), set(cls._wire_names.values())
        assert wired == set(schema["properties"]), model_id
        print(model_id, *sorted(wired))
"""


def killed(moment: int, *arguments: str, cwd: Path) -> bool:
    """Run the command and kill it at this moment; whether it was still running then."""
    command = [sys.executable, "-B", "-c", VICTIM, str(moment), "--", *arguments]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 137), done.stderr
    return done.returncode == 137


def whole(folder: Path) -> dict[str, tuple[str, ...]]:
    """The inputs of each model of the package, which is imported whole."""
    command = [sys.executable, "-B", "-W", "error", "-c", IMPORT_ALL, str(folder / "out")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return {line.split()[0]: tuple(line.split()[1:]) for line in done.stdout.splitlines()}


def nested(name: str) -> dict[str, object]:
    return {"type": "object", "properties": {"part": text_and_object(name)}}


def text_and_object(name: str) -> dict[str, object]:
    return {"type": "object", "properties": {name: {"type": "string"}}}


OLD = {
    "acme/one": text_schema("prompt"),
    "acme/two": {"properties": {"old": text_and_object("x")}},
    "acme/gone": text_schema("prompt"),
    "old/last": text_schema("prompt"),
}
NEW = {
    "acme/one": text_schema("style"),
    "acme/two": {"properties": {"new": text_and_object("y")}},
    "acme/fresh": text_schema("prompt"),
    "new/first": text_schema("prompt"),
}
GENERATE = ("generate", "--schemas", "schemas", "--out", "out", "--package", "models")


def lay_out(folder: Path, models: dict[str, dict[str, object]]) -> None:
    for model_id in {*OLD, *NEW} - models.keys():
        (folder / "schemas" / model_id / "input.json").unlink(missing_ok=True)
    for model_id, schema in models.items():
        store(folder / "schemas", model_id, schema)


def generate_killed_at(folder: Path, moment: int) -> bool:
    lay_out(folder, OLD)
    assert run(folder).status == 0
    lay_out(folder, NEW)
    was_killed = killed(moment, *GENERATE, cwd=folder)
    old, new = (
        {name: tuple(sorted(one["properties"])) for name, one in models.items()}
        for models in (OLD, NEW)
    )
    for model_id, inputs in whole(folder).items():
        assert inputs in (old.get(model_id), new.get(model_id)), model_id
    assert {"acme/one", "acme/two"} <= whole(folder).keys()
    return was_killed


def assert_healed(folder: Path) -> None:
    """Nothing of the killed run is left after the next one."""
    assert run(folder).status == 0
    checked = run(folder, "--check")
    assert (checked.status, checked.out) == (0, "No drift.\n")
    hidden = [path for path in (folder / "out").rglob(".*") if "__pycache__" not in path.parts]
    assert hidden == []


@pytest.mark.parametrize("moment", [3, 11])
def test_a_killed_generate_leaves_every_model_whole(tmp_path: Path, moment: int) -> None:
    generate_killed_at(tmp_path, moment)
    assert_healed(tmp_path)


@pytest.mark.slow  # every moment: two minutes
def test_generate_may_be_killed_at_any_moment(tmp_path: Path) -> None:
    moment = 0
    for moment in itertools.count():
        folder = tmp_path / str(moment)
        was_killed = generate_killed_at(folder, moment)
        assert_healed(folder)
        if not was_killed:
            break
    assert moment > 15


@pytest.mark.parametrize(
    "moment", [12, *(pytest.param(one, marks=pytest.mark.slow) for one in (10, 14))]
)
def test_what_a_killed_run_wrote_is_removed_when_the_schemas_changed_back(
    tmp_path: Path, moment: int
) -> None:
    generate_killed_at(tmp_path, moment)
    lay_out(tmp_path, OLD)
    assert_healed(tmp_path)


@pytest.mark.parametrize("moments", [(4, 8), pytest.param((0, 4, 8, 12), marks=pytest.mark.slow)])
def test_a_first_generate_that_is_killed_heals(tmp_path: Path, moments: tuple[int, ...]) -> None:
    lay_out(tmp_path, OLD)
    for moment in moments:
        killed(moment, *GENERATE, cwd=tmp_path)
    assert_healed(tmp_path)
    assert whole(tmp_path).keys() == OLD.keys()


def page_of(name: str) -> str:
    schema = json.dumps(text_schema(name))
    return page("acme/one", schema=schema, output=json.dumps({"output": text_schema(name)}))


def add_killed_at(folder: Path, moment: int) -> bool:
    """Replace a page, killed at this moment; input and output are never of two pages."""
    for name in ("old", "new"):
        (folder / f"{name}.txt").write_text(page_of(name), encoding="utf-8")
    assert add(folder / "old.txt", "--schemas", folder / "schemas").status == 0
    was_killed = killed(moment, "add", "new.txt", "--schemas", "schemas", cwd=folder)
    stored = folder / "schemas/acme/one"
    found = {
        name: set(json.loads(text)["properties"])
        for name in ("input", "output")
        if (text := _text(stored / f"{name}.json"))
    }
    assert found["input"] in ({"old"}, {"new"})
    assert found.get("output", found["input"]) == found["input"]
    assert run(folder).status == 0
    return was_killed


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8") if file.exists() else ""


def assert_added(folder: Path) -> None:
    """The next ``add``, of another model, carries on with what was decided and clears the rest away."""
    (folder / "other.txt").write_text(page("acme/two"), encoding="utf-8")
    assert add(folder / "other.txt", "--schemas", folder / "schemas").status == 0
    stored = folder / "schemas/acme/one"
    inputs, outputs = (
        json.loads((stored / f"{name}.json").read_text(encoding="utf-8"))["properties"]
        for name in ("input", "output")
    )
    assert inputs == outputs
    assert list((folder / "schemas").rglob(".*")) == []
    assert list((folder / "schemas").rglob("*.tmp")) == []


@pytest.mark.parametrize("moment", [1, 7, 13])
def test_a_killed_add_leaves_input_and_output_of_one_page(tmp_path: Path, moment: int) -> None:
    add_killed_at(tmp_path, moment)
    assert_added(tmp_path)


@pytest.mark.slow  # every moment: half a minute
def test_add_may_be_killed_at_any_moment(tmp_path: Path) -> None:
    moment = 0
    for moment in itertools.count():
        folder = tmp_path / str(moment)
        folder.mkdir()
        was_killed = add_killed_at(folder, moment)
        assert_added(folder)
        if not was_killed:
            break
    assert moment > 10
