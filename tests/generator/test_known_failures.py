"""A model that cannot be generated fails in every run, and costs time in the first one only."""

from __future__ import annotations

from pathlib import Path

import pytest

from runcomfy_codegen import model_files, pipeline
from runcomfy_codegen.package import file_stamps
from support.generate import run, text_schema
from support.small_models import store

RECORD = "out/models/__pycache__/runcomfy-codegen.failed"


@pytest.fixture
def failed(tmp_path: Path) -> Path:
    """A package of two models, one of which could be generated once, and cannot be any longer."""
    store(tmp_path / "schemas", "acme/one", text_schema("prompt"))
    store(tmp_path / "schemas", "acme/two", text_schema("prompt"))
    run(tmp_path)
    store(tmp_path / "schemas", "acme/two", {"type": "array"})
    assert run(tmp_path, "--keep-going").status == 65
    return tmp_path


def _forbid_generation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_files, "make_models", lambda *_: pytest.fail("tried again"))


@pytest.mark.parametrize("options", [["--keep-going"], ["--keep-going", "--check"], []])
def test_a_known_failure_is_told_again_without_trying(
    failed: Path, options: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _forbid_generation(monkeypatch)
    ran = run(failed, *options)
    assert ran.status == 65
    assert "describes array, not an object" in ran.out + ran.err


def test_a_failure_stays_one_where_nobody_wrote_to_its_files(
    failed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its files are as they were in the last run, which kept the module of an earlier one."""
    monkeypatch.setattr(file_stamps, "_TOO_NEW", -(10**12))
    for _ in range(3):
        ran = run(failed, "--keep-going", "--json")
        assert (ran.status, list(ran.json["models"]["failed"])) == (65, ["acme/two"])


def test_corrected_documents_are_generated(failed: Path) -> None:
    store(failed / "schemas", "acme/two", {"type": "array"}, overrides={"input": {"type": None}})
    assert run(failed, "--keep-going", "--json").json["models"]["written"] == ["acme/two"]
    store(failed / "schemas", "acme/two", text_schema("text"))
    (failed / "schemas/acme/two/overrides.json").unlink()
    assert run(failed, "--json").json["models"]["written"] == ["acme/two"]


def test_another_generator_tries_again(failed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "fingerprint", lambda: "another")
    _forbid_generation(monkeypatch)
    with pytest.raises(pytest.fail.Exception, match="tried again"):
        run(failed, "--keep-going")


def test_a_message_names_the_folder_that_was_given(failed: Path) -> None:
    store(failed / "schemas", "acme/two", "{")
    run(failed, "--keep-going")
    (failed / "schemas").rename(failed / "moved")
    ran = run(failed, "--keep-going", "--schemas", str(failed / "moved"))
    assert "moved/acme/two/input.json" in ran.out


@pytest.mark.parametrize("text", ["{", "[]", '{"models": []}', '{"models": {"acme/two": ["x"]}}'])
def test_a_broken_record_of_failures_counts_as_none(failed: Path, text: str) -> None:
    (failed / RECORD).write_text(text)
    assert run(failed, "--keep-going").status == 65
