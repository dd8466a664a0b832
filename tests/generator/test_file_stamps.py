"""A run reads files again that changed since the last one; ``--check`` reads everything."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from runcomfy_codegen.package import file_stamps
from runcomfy_codegen.schema import documents
from support.generate import run, text_schema
from support.small_models import store

INPUT, MODULE = "schemas/acme/one/input.json", "out/models/acme/one.py"


@pytest.fixture
def known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package whose files are on record, although they were written just now."""
    monkeypatch.setattr(file_stamps, "_TOO_NEW", -(10**12))
    store(tmp_path / "schemas", "acme/one", text_schema("prompt"))
    for _ in range(2):
        assert run(tmp_path).status == 0
    return tmp_path


def _rewritten(file: Path) -> None:
    """Change a file, and leave its size and the time that it tells."""
    before = file.stat()
    file.write_bytes(file.read_bytes().replace(b"prompt", b"tpmorp"))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert file.stat().st_size == before.st_size


def test_what_nobody_wrote_to_is_not_read(known: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "_read_files", lambda *_: pytest.fail("read again"))
    assert run(known).status == 0


def test_check_reads_what_nobody_wrote_to(known: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        file_stamps.FileStamps, "is_known", lambda self, *_: bool(self._before.models)
    )
    _rewritten(known / INPUT)
    assert run(known).status == 0
    assert run(known, "--check").status == 1


@pytest.mark.skipif(os.name != "posix", reason="the record is for systems that tell changes")
@pytest.mark.parametrize("place", [INPUT, MODULE])
def test_a_change_of_the_same_size_and_time_is_found(known: Path, place: str) -> None:
    _rewritten(known / place)
    assert run(known, "--json").json["models"]["written"] == ["acme/one"]


def test_a_new_document_and_a_lost_module_are_found(known: Path) -> None:
    store(known / "schemas", "acme/one", text_schema("prompt"), overrides={"class_name": "Other"})
    assert run(known, "--json").json["models"]["written"] == ["acme/one"]
    run(known)
    (known / "out/models/acme/other.py").unlink()
    assert run(known, "--json").json["models"]["written"] == ["acme/one"]


def test_what_was_written_just_now_is_not_on_record(tmp_path: Path) -> None:
    store(tmp_path / "schemas", "acme/one", text_schema("prompt"))
    for _ in range(2):
        run(tmp_path)
    assert not (tmp_path / "out/models/__pycache__/runcomfy-codegen.seen").exists()


def test_a_broken_record_counts_as_none(known: Path) -> None:
    (known / "out/models/__pycache__/runcomfy-codegen.seen").write_text('{"stamp": 1')
    _rewritten(known / INPUT)
    assert run(known, "--json").json["models"]["written"] == ["acme/one"]
