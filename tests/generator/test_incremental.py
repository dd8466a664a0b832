"""A second run touches what changed and nothing else; what is gone goes; what is not ours stays."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from runcomfy.model import FORMAT
from runcomfy_codegen import model_files, pipeline
from support.generate import run, text_schema, times, tree
from support.small_models import store


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """Three models of two owners, generated."""
    for model_id in ("acme/one", "acme/two", "other/three"):
        store(tmp_path / "schemas", model_id, text_schema("prompt"))
    assert run(tmp_path).status == 0
    return tmp_path


def _touched(made: Path, before: dict[str, tuple[int, int]]) -> set[str]:
    after = times(made / "out")
    return {path.removeprefix("models/") for path in after if before.get(path) != after[path]}


def test_a_second_run_touches_nothing(made: Path) -> None:
    before = times(made / "out")
    ran = run(made, "--json")
    assert ran.json["models"] == {
        "written": [],
        "unchanged": ["acme/one", "acme/two", "other/three"],
        "removed": [],
        "failed": {},
    }
    assert ran.json["files"] == {"written": [], "removed": [], "foreign": []}
    assert _touched(made, before) == set()


def test_a_second_run_renders_nothing(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("make_models", "make_shared", "format_modules"):
        monkeypatch.setattr(model_files, name, lambda *_: pytest.fail("made again"))
    assert run(made).status == 0


def test_an_unchanged_run_imports_no_library(made: Path) -> None:
    """Those that render take longer to import than all else that such a run does."""
    program = (
        "import sys\n"
        "from runcomfy_codegen.cli import main\n"
        "assert main(['generate', '--package', 'models', '--out', 'out']) == 0\n"
        "print(*{'jinja2', 'jsonschema', 'datamodel_code_generator'} & sys.modules.keys())\n"
    )
    command = [sys.executable, "-c", program]
    shown = subprocess.run(command, cwd=made, check=True, capture_output=True, text=True).stdout
    assert shown.splitlines()[-1] == ""


def test_names_of_a_model_that_failed_are_free_for_another(tmp_path: Path) -> None:
    """A model that clashes by its class has not taken its module's name."""
    store(tmp_path / "schemas", "acme/a", text_schema("prompt"), overrides={"class_name": "Same"})
    store(tmp_path / "schemas", "acme/b-c", text_schema("prompt"), overrides={"class_name": "Same"})
    store(tmp_path / "schemas", "acme/b_c", text_schema("prompt"), overrides={"class_name": "Own"})
    ran = run(tmp_path, "--keep-going", "--json")
    assert list(ran.json["models"]["failed"]) == ["acme/b-c"]
    assert ran.json["models"]["written"] == ["acme/a", "acme/b_c"]


def test_a_shared_module_that_was_changed_is_made_again(made: Path) -> None:
    before = tree(made / "out")
    file = made / "out/models/acme/__init__.py"
    file.write_text(file.read_text() + "x = 1\n")
    assert run(made).status == 0
    assert tree(made / "out") == before


def test_one_changed_schema_touches_its_model_and_the_manifest(made: Path) -> None:
    before = times(made / "out")
    store(made / "schemas", "acme/two", text_schema("prompt", "style"))
    assert run(made, "--json").json["models"]["written"] == ["acme/two"]
    assert _touched(made, before) == {"acme/two.py", "_manifest.json"}


def test_white_space_in_a_document_changes_the_manifest_only(made: Path) -> None:
    before = times(made / "out")
    file = made / "schemas/acme/two/input.json"
    file.write_text(file.read_text() + "\n\n")
    assert run(made).status == 0
    assert _touched(made, before) == {"_manifest.json"}


def test_an_override_counts_as_a_change(made: Path) -> None:
    store(made / "schemas", "acme/two", text_schema("prompt"), overrides={"class_name": "Second"})
    assert run(made, "--json").json["models"]["written"] == ["acme/two"]
    assert (made / "out/models/acme/second.py").exists()
    assert not (made / "out/models/acme/two.py").exists()


def test_another_version_of_the_generator_renders_everything(
    made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "fingerprint", lambda: "newer")
    assert run(made, "--json").json["models"]["unchanged"] == []


def test_models_left_out_after_an_upgrade_are_rendered_later(
    made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "fingerprint", lambda: "newer")
    run(made, "--only", "acme/one")
    assert "acme/two" in run(made, "--json").json["models"]["written"]


def _as_if_in_an_older_format(made: Path) -> None:
    manifest = made / "out/models/_manifest.json"
    manifest.write_text(manifest.read_text().replace(f"{FORMAT[0]},", "1,", 1))


def test_modules_in_another_format_are_always_rewritten(made: Path) -> None:
    """Otherwise the package would pass the handshake and fail at the first import of a model."""
    _as_if_in_an_older_format(made)
    ran = run(made, "--only", "acme/one", "--json")
    assert ran.json["models"]["written"] == ["acme/one", "acme/two", "other/three"]


def test_a_model_in_another_format_that_cannot_be_made_anew_is_removed(made: Path) -> None:
    _as_if_in_an_older_format(made)
    store(made / "schemas", "acme/two", "{")
    ran = run(made, "--keep-going", "--json")
    assert ran.json["models"]["removed"] == ["acme/two"]
    assert "cannot be generated" in ran.json["changes"]["acme/two"][0]["text"]


def test_a_model_that_failed_is_not_reported_as_unchanged(made: Path) -> None:
    store(made / "schemas", "acme/two", "{")
    models = run(made, "--keep-going", "--json").json["models"]
    assert (list(models["failed"]), "acme/two" in models["unchanged"]) == (["acme/two"], False)


def test_a_changed_generated_file_is_made_anew(made: Path) -> None:
    before = tree(made / "out")
    file = made / "out/models/acme/one.py"
    file.write_text(file.read_text() + "x = 1\n")
    assert run(made, "--json").json["files"]["written"] == ["acme/one.py"]
    assert tree(made / "out") == before


def test_a_deleted_generated_file_comes_back(made: Path) -> None:
    before = tree(made / "out")
    for path in ("acme/one.py", "acme/__init__.py", "py.typed", "__init__.py"):
        (made / "out/models" / path).unlink()
    assert run(made).status == 0
    assert tree(made / "out") == before


def test_models_that_are_gone_are_removed_with_their_folder(made: Path) -> None:
    shutil.rmtree(made / "schemas/other")
    shutil.rmtree(made / "schemas/acme/two")
    cache = made / "out/models/other/__pycache__"
    cache.mkdir()
    (cache / "three.cpython-311.pyc").write_bytes(b"")
    ran = run(made, "--json")
    assert ran.json["models"]["removed"] == ["acme/two", "other/three"]
    assert ran.json["changes"]["other/three"][0]["kind"] == "breaking"
    assert not (made / "out/models/other").exists()
    assert sorted(path.name for path in (made / "out/models/acme").iterdir()) == [
        "__init__.py",
        "one.py",
    ]
    assert "two" not in (made / "out/models/acme/__init__.py").read_text()


@pytest.mark.parametrize("path", ["notes.txt", "acme/mine.py", "other/data.bin", "acme/two.py.bak"])
def test_foreign_files_are_left_alone(made: Path, path: str) -> None:
    file = made / "out/models" / path
    file.write_bytes(b"\xff mine")
    shutil.rmtree(made / "schemas/other")
    ran = run(made, "--json")
    assert ran.json["files"]["foreign"] == [path]
    assert file.read_bytes() == b"\xff mine"


@pytest.mark.parametrize(
    "path", ["models/__init__.py", "models/acme/one.py", "models/acme/__init__.py"]
)
def test_a_foreign_file_in_the_way_is_never_overwritten(tmp_path: Path, path: str) -> None:
    store(tmp_path / "schemas", "acme/one", text_schema("prompt"))
    file = tmp_path / "out" / path
    file.parent.mkdir(parents=True)
    file.write_text("mine = 1\n")
    ran = run(tmp_path)
    assert ran.status == 65
    assert "exists and was not generated" in ran.err
    assert tree(tmp_path / "out") == {path: b"mine = 1\n"}


def test_only_leaves_the_others_as_they_are(made: Path) -> None:
    before = times(made / "out")
    for model_id in ("acme/one", "acme/two"):
        store(made / "schemas", model_id, text_schema("prompt", "style"))
    ran = run(made, "--only", "*/one", "--json")
    assert ran.json["models"]["written"] == ["acme/one"]
    assert ran.json["models"]["unchanged"] == ["acme/two", "other/three"]
    assert _touched(made, before) == {"acme/one.py", "_manifest.json"}


def test_only_keeps_a_model_whose_file_was_changed(made: Path) -> None:
    before = tree(made / "out")
    file = made / "out/models/acme/two.py"
    file.write_text(file.read_text() + "x = 1\n")
    assert run(made, "--only", "acme/one", "--json").json["models"]["removed"] == []
    assert tree(made / "out") == before


def test_only_a_pattern_that_matches_is_worth_a_run(made: Path) -> None:
    ran = run(made, "--only", "nobody/*")
    assert ran.status == 65
    assert "contains no model that matches 'nobody/*'" in ran.err


def test_a_copy_that_somebody_edited_is_left_alone(tmp_path: Path) -> None:
    store(tmp_path / "schemas", "acme/one", text_schema("prompt"))
    run(tmp_path)
    own = tmp_path / "out/models/acme/my_one.py"
    own.write_text((tmp_path / "out/models/acme/one.py").read_text() + "# mine\n")
    assert "left unchanged: acme/my_one.py" in run(tmp_path).out
    assert own.exists()


def test_a_package_inside_another_is_left_alone(tmp_path: Path) -> None:
    store(tmp_path / "schemas", "acme/one", text_schema("prompt"))
    run(tmp_path, "--package", "my.sub")
    before = tree(tmp_path / "out/my/sub")
    run(tmp_path, "--package", "my")
    assert tree(tmp_path / "out/my/sub") == before


@pytest.mark.parametrize("module", ["model.messages", "media.rules.metrics", "media.rules.bounds"])
def test_new_words_and_file_rules_of_the_runtime_are_rendered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str
) -> None:
    store(tmp_path / "schemas", "acme/one", text_schema("prompt"))
    run(tmp_path)
    changed = tmp_path / "changed.py"
    changed.write_text("# another version\n")
    monkeypatch.setattr(f"runcomfy.{module}.__file__", str(changed))
    assert "1 written" in run(tmp_path).out


def test_a_renamed_class_is_a_breaking_change(tmp_path: Path) -> None:
    store(tmp_path / "schemas", "acme/one", text_schema("prompt"))
    run(tmp_path)
    store(tmp_path / "schemas", "acme/one", text_schema("prompt"), overrides={"class_name": "Uno"})
    assert "breaking: class One is now Uno" in run(tmp_path).out


def test_a_renamed_input_is_a_breaking_change(tmp_path: Path) -> None:
    schemas = tmp_path / "schemas"
    store(schemas, "acme/one", text_schema("33_string", "same"), overrides={"names": {"same": "s"}})
    run(tmp_path)
    names = {"33_string": "words", "same": "s"}
    store(schemas, "acme/one", text_schema("33_string", "same"), overrides={"names": names})
    told = [change["text"] for change in run(tmp_path, "--json").json["changes"]["acme/one"]]
    assert told == ["input_33_string is now named words"]
    store(schemas, "acme/one", text_schema("same"), overrides={})
    told = [change["text"] for change in run(tmp_path, "--json").json["changes"]["acme/one"]]
    assert told == ["s is now named same", "input removed"]


def test_another_example_is_a_change_of_texts(tmp_path: Path) -> None:
    for text in ("a hat", "a cat"):
        store(tmp_path / "schemas", "acme/one", text_schema("prompt"), example={"prompt": text})
        ran = run(tmp_path, "--json")
    changes = ran.json["changes"]["acme/one"]
    assert [(change["kind"], change["text"]) for change in changes] == [("text", "example changed")]


def test_remarks_on_unchanged_models_are_counted_and_shown_on_demand(tmp_path: Path) -> None:
    odd = {"type": "object", "properties": {"size": {"type": "float"}}}
    store(tmp_path / "schemas", "acme/one", odd)
    assert "is read as number" in run(tmp_path).out
    again = run(tmp_path).out
    assert "1 remark on 1 unchanged model; -v shows them\n" in again
    assert "is read as number" not in again
    assert "is read as number" in run(tmp_path, "-v").out
    assert "is read as number" in run(tmp_path, "--check", "--verbose").out


def test_a_word_of_a_vendor_gets_one_line(tmp_path: Path) -> None:
    part = {"type": "string", "x-order": 1, "x-widget": "text"}
    for name in ("one", "two"):
        properties = {"a": part, "b": part}
        store(tmp_path / "schemas", f"acme/{name}", {"type": "object", "properties": properties})
    told = run(tmp_path).out
    assert "x-order: documented, not checked, at 4 places in 2 models\n" in told
    assert told.count("x-order") == 1
    assert run(tmp_path, "-v").out.count("x-order: is an unknown keyword") == 4
