"""The generator's own hash decides what is rendered again, and is part of no package."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from runcomfy_codegen import fingerprint as fingerprints
from runcomfy_codegen.fingerprint import fingerprint
from support.generate import run, text_schema, tree
from support.small_models import store


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the generator whose fingerprint is the one that is asked for."""
    folder = tmp_path / "copy"
    shutil.copytree(Path(fingerprints.__file__).parent, folder)
    monkeypatch.setattr(fingerprints, "__file__", str(folder / "fingerprint.py"))
    return folder


def test_every_module_in_every_folder_counts(copy: Path) -> None:
    seen = {fingerprint()}
    modules = sorted(copy.rglob("*.py"))
    assert any(module.parent != copy for module in modules)
    for module in modules:
        module.write_text(module.read_text() + "# changed\n")
        seen.add(fingerprint())
    assert len(seen) == len(modules) + 1


def test_a_changed_docstring_of_the_generator_changes_no_package(
    tmp_path: Path, copy: Path
) -> None:
    store(tmp_path / "schemas", "acme/one", text_schema("prompt"))
    run(tmp_path)
    before = tree(tmp_path / "out")
    (copy / "errors.py").write_text('"""Another docstring."""\n')
    assert run(tmp_path, "--check").status == 0
    ran = run(tmp_path, "--json").json
    assert (ran["models"]["written"], ran["files"]["written"]) == (["acme/one"], [])
    assert tree(tmp_path / "out") == before


def test_a_manifest_from_elsewhere_is_not_trusted_with_our_stamp(tmp_path: Path) -> None:
    """A colleague's package, made by another generator, replaces ours in a checkout."""
    store(tmp_path / "schemas", "acme/one", text_schema("prompt"))
    run(tmp_path)
    manifest = tmp_path / "out/models/_manifest.json"
    manifest.write_text(manifest.read_text() + "\n")
    assert run(tmp_path, "--json").json["models"]["written"] == ["acme/one"]


def test_a_removed_stamp_costs_one_rendering_and_changes_nothing(tmp_path: Path) -> None:
    store(tmp_path / "schemas", "acme/one", text_schema("prompt"))
    run(tmp_path)
    shutil.rmtree(tmp_path / "out/models/__pycache__")
    ran = run(tmp_path, "--json").json
    assert (ran["models"]["written"], ran["files"]["written"]) == (["acme/one"], [])
    assert run(tmp_path, "--json").json["models"]["unchanged"] == ["acme/one"]
