"""``generate --check`` reports drift, and writes nothing."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from support.generate import run, text_schema, times
from support.small_models import store


@pytest.fixture
def made(tmp_path: Path) -> Path:
    for model_id in ("acme/one", "other/two"):
        store(tmp_path / "schemas", model_id, text_schema("prompt"))
    assert run(tmp_path).status == 0
    return tmp_path


def _new_schema(made: Path) -> None:
    store(made / "schemas", "acme/one", text_schema("style"))


def _new_model(made: Path) -> None:
    store(made / "schemas", "acme/new", text_schema("style"))


def _gone_model(made: Path) -> None:
    shutil.rmtree(made / "schemas/other")


def _edited_module(made: Path) -> None:
    file = made / "out/models/acme/one.py"
    file.write_text(file.read_text().replace("/prompt", "/prompts"))


def _edited_schemas(made: Path) -> None:
    file = made / "out/models/acme/one.py"
    file.write_text(file.read_text().replace('"output": {}', '"output": {"type": "object"}'))


def _missing_marker(made: Path) -> None:
    (made / "out/models/py.typed").unlink()


def _orphan(made: Path) -> None:
    source = (made / "out/models/acme/one.py").read_text()
    (made / "out/models/acme/orphan.py").write_text(source)


def _stranger(made: Path) -> None:
    (made / "out/models/stranger.py").write_text("x = 1\n")


def _no_package(made: Path) -> None:
    shutil.rmtree(made / "out")


DRIFT = [
    (_new_schema, "differs: acme/one.py"),
    (_new_model, "differs: acme/new.py"),
    (_gone_model, "orphan: other/two.py"),
    (_edited_module, "differs: acme/one.py"),
    (_edited_schemas, "differs: acme/one.py"),
    (_missing_marker, "differs: py.typed"),
    (_orphan, "not generated, left unchanged: acme/orphan.py"),
    (_stranger, "not generated, left unchanged: stranger.py"),
    (_no_package, "differs: __init__.py"),
]


@pytest.mark.parametrize(("drift", "line"), DRIFT, ids=lambda part: getattr(part, "__name__", ""))
def test_drift_is_reported_and_nothing_is_written(made: Path, drift: object, line: str) -> None:
    assert callable(drift)
    drift(made)
    before = times(made)
    ran = run(made, "--check")
    assert ran.status == 1
    assert line in ran.out.split("\n")
    assert "Drift: " in ran.out
    assert times(made) == before


def test_no_drift_is_status_0(made: Path) -> None:
    before = times(made)
    ran = run(made, "--check")
    assert (ran.status, ran.out) == (0, "No drift.\n")
    assert times(made) == before


@pytest.mark.parametrize("path", [".DS_Store", "acme/.one.py.swp", "__pycache__/x.pyc"])
def test_hidden_files_are_no_drift(made: Path, path: str) -> None:
    (made / "out/models" / path).parent.mkdir(exist_ok=True)
    (made / "out/models" / path).write_bytes(b"x")
    assert run(made, "--check").status == 0


def test_a_check_does_not_trust_the_manifest(made: Path) -> None:
    """A wrong module whose hash the manifest confirms is still drift."""
    from runcomfy_codegen.fingerprint import digest
    from runcomfy_codegen.package.manifest import Manifest

    folder = made / "out/models"
    _edited_module(made)
    manifest = Manifest.read(folder)
    manifest.files["acme/one.py"] = digest((folder / "acme/one.py").read_text())
    (folder / "_manifest.json").write_text(manifest.text())
    assert run(made, "--check").status == 1


def test_a_check_prints_what_the_change_means(made: Path) -> None:
    _new_schema(made)
    out = run(made, "--check").out
    assert "  breaking: input/prompt: input removed" in out
    assert "  additive: input/style: input added" in out


def test_a_check_as_json_says_that_nothing_was_applied(made: Path) -> None:
    _new_schema(made)
    ran = run(made, "--check", "--json")
    assert ran.status == 1
    assert ran.json["applied"] is False
    assert ran.json["files"]["written"] == ["_manifest.json", "acme/one.py"]


def test_a_check_of_bad_input_is_status_2(made: Path) -> None:
    store(made / "schemas", "acme/one", "{")
    assert run(made, "--check").status == 65


def test_another_generator_that_writes_the_same_changes_no_file(
    made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runcomfy_codegen.pipeline.fingerprint", lambda: "another")
    assert run(made, "--check").status == 0
    assert run(made, "--json").json["files"]["written"] == []
