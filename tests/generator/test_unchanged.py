"""A run after which nothing changed reads and lists nothing; whatever has changed since, it gives what a first run would."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from runcomfy_codegen import pipeline
from runcomfy_codegen.package import file_stamps
from runcomfy_codegen.schema import documents
from support.codegen import codegen
from support.generate import run, text_schema, tree
from support.small_models import store

RECORD = "out/models/__pycache__/runcomfy-codegen.seen"


@pytest.fixture
def known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package whose files are all on record, although they were written just now."""
    monkeypatch.setattr(file_stamps, "_TOO_NEW", -(10**12))
    schemas = tmp_path / "schemas"
    for model_id in ("acme/one", "acme/one/draft", "acme/two", "other/three"):
        store(schemas, model_id, text_schema("prompt"))
    store(schemas, "acme/two", text_schema("prompt"), overrides={"class_name": "Second"})
    codegen("rename", "acme/one/draft", "acme/sketch", "--schemas", schemas)
    for _ in range(2):
        assert run(tmp_path).status == 0
    return tmp_path


def test_nothing_is_listed_nor_read_if_nothing_changed(
    known: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("_listing", "_read_files"):
        monkeypatch.setattr(documents, name, lambda *_: pytest.fail("looked again"))
    for _ in range(2):
        assert "0 written, 5 unchanged; files 0 written, 0 removed." in run(known).out


def test_the_report_is_the_same_whether_all_is_listed_or_not(known: Path) -> None:
    quick = run(known, "-v", "--json").json
    (known / RECORD).unlink()
    assert run(known, "-v", "--json").json == quick


def _rewritten(file: Path, old: bytes, new: bytes) -> None:
    """Write another text of the same size to a file, and give it back its time."""
    before = file.stat()
    file.write_bytes(file.read_bytes().replace(old, new))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


def _replaced(file: Path, old: bytes, new: bytes) -> None:
    """Put another file of the same size and time in its place."""
    other = file.with_name("other.tmp")
    shutil.copy2(file, other)
    _rewritten(other, old, new)
    other.replace(file)


def _linked(schemas: Path) -> None:
    """Put a link to another text in a document's place."""
    elsewhere = schemas.parent / "elsewhere.json"
    elsewhere.write_text((schemas / "acme/two/input.json").read_text().replace("prompt", "script"))
    (schemas / "acme/two/input.json").unlink()
    (schemas / "acme/two/input.json").symlink_to(elsewhere)


def _half_added(schemas: Path) -> None:
    """Leave what ``add`` leaves if it is killed while it replaces the documents of a model."""
    (schemas / "acme/two/.added").mkdir()
    (schemas / "acme/two/.added/input.json").write_text('{"type": "object", "properties": {}}')


IN_SCHEMAS: dict[str, Callable[[Path], object]] = {
    "text": lambda s: _rewritten(s / "acme/two/input.json", b"prompt", b"script"),
    "replaced": lambda s: _replaced(s / "acme/two/input.json", b"prompt", b"script"),
    "link": _linked,
    "half added": _half_added,
    "new model": lambda s: store(s, "acme/new", text_schema("a")),
    "new owner": lambda s: store(s, "new/one", text_schema("a")),
    "model in a model": lambda s: store(s, "other/three/draft", text_schema("a")),
    "model removed": lambda s: shutil.rmtree(s / "acme/two"),
    "owner removed": lambda s: shutil.rmtree(s / "other"),
    "model moved": lambda s: (s / "acme/two").rename(s / "acme/four"),
    "models swapped": lambda s: [
        (s / old).rename(s / new)
        for old, new in (("acme/two", "t"), ("acme/one", "acme/two"), ("t", "acme/one"))
    ],
    "new overrides": lambda s: store(s, "acme/one", text_schema("prompt"), overrides={"names": {}}),
    "overrides by hand": lambda s: (s / "acme/one/overrides.json").write_text(
        '{"class_name": "A"}'
    ),
    "overrides changed": lambda s: _rewritten(s / "acme/two/overrides.json", b"Second", b"Tweede"),
    "overrides removed": lambda s: (s / "acme/two/overrides.json").unlink(),
    "output added": lambda s: (s / "acme/one/output.json").write_text('{"type": "object"}'),
    "example added": lambda s: (s / "acme/one/example.json").write_text('{"prompt": "a"}'),
    "catalogue added": lambda s: (s / "acme/one/catalogue.json").write_text('{"type": "object"}'),
    "deprecated": lambda s: (s / "acme/one/deprecated.json").write_text('{"reason": "old"}'),
    "renamed model": lambda s: _rewritten(s / "acme/sketch/input.json", b"prompt", b"script"),
    "renamed again": lambda s: codegen("rename", "acme/sketch", "acme/line", "--schemas", s),
    "alias removed": lambda s: shutil.rmtree(s / "acme/one/draft"),
    "nothing that counts": lambda s: os.utime(s / "acme/two/input.json"),
    "source": lambda s: (s / "acme/one/source.json").write_text("{}"),
}


@pytest.mark.parametrize("change", IN_SCHEMAS.values(), ids=IN_SCHEMAS)
def test_after_a_change_of_schemas_a_run_gives_what_a_first_one_would(
    known: Path, change: Callable[[Path], object]
) -> None:
    change(known / "schemas")
    assert run(known).status == 0
    assert run(known, "--check").status == 0
    made = tree(known / "out")
    shutil.rmtree(known / "out")
    assert run(known).status == 0
    assert tree(known / "out") == made


IN_PACKAGE: dict[str, Callable[[Path], object]] = {
    "module": lambda p: _rewritten(p / "acme/one.py", b"prompt", b"script"),
    "module replaced": lambda p: _replaced(p / "acme/one.py", b"prompt", b"script"),
    "module of an alias": lambda p: _rewritten(p / "acme/one_draft.py", b"prompt", b"script"),
    "module removed": lambda p: (p / "acme/one.py").unlink(),
    "index": lambda p: _rewritten(p / "acme/__init__.py", b"One", b"Two"),
    "index removed": lambda p: (p / "acme/__init__.py").unlink(),
    "package index": lambda p: _rewritten(p / "__init__.py", b"acme", b"acne"),
    "owner removed": lambda p: shutil.rmtree(p / "other"),
    "marker": lambda p: (p / "py.typed").unlink(),
    "manifest": lambda p: (p / "_manifest.json").unlink(),
    "manifest of another format": lambda p: _rewritten(p / "_manifest.json", b"[", b"{"),
    "record broken": lambda p: (p / "__pycache__/runcomfy-codegen.seen").write_text(
        '{"stamp": "", "models": {"acme/one": []}}'
    ),
}


@pytest.mark.parametrize("change", IN_PACKAGE.values(), ids=IN_PACKAGE)
def test_after_a_change_of_the_package_it_is_as_it_was(
    known: Path, change: Callable[[Path], object]
) -> None:
    before = tree(known / "out")
    change(known / "out/models")
    assert run(known).status == 0
    assert tree(known / "out") == before


def test_a_new_file_in_the_package_is_told(known: Path) -> None:
    (known / "out/models/acme/mine.py").write_text("")
    for _ in range(2):
        assert run(known, "--json").json["files"]["foreign"] == ["acme/mine.py"]


@pytest.mark.parametrize(
    ("options", "left_out"),
    [
        (["--model", "acme/*"], "other/three"),
        (["--model", "*/[ot]*"], "acme/sketch"),
        (["--schemas", "others"], "acme/two"),
    ],
)
def test_other_options_are_another_question(
    known: Path, options: list[str], left_out: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(known)
    shutil.copytree("schemas", "others")
    shutil.rmtree("others/acme/two")
    assert run(known, *options, "--json").json["models"]["removed"] == [left_out]
    assert run(known, "--json").json["models"]["written"] == [left_out]


def test_a_renamed_model_whose_target_is_left_out_is_read_again(known: Path) -> None:
    """Its documents are those of a model that is not of this package."""
    only = ["--model", "acme/one*"]
    for _ in range(2):
        run(known, *only)
    _rewritten(known / "schemas/acme/sketch/input.json", b"prompt", b"script")
    assert run(known, *only, "--json").json["models"]["written"] == ["acme/one/draft"]


def test_only_does_not_stand_for_a_run_over_all(known: Path) -> None:
    store(known / "schemas", "acme/two", text_schema("prompt", "style"))
    for _ in range(2):
        assert run(known, "--only", "acme/one", "--json").json["models"]["written"] == []
    assert run(known, "--json").json["models"]["written"] == ["acme/two"]


def test_a_failure_is_told_by_every_run(known: Path) -> None:
    store(known / "schemas", "acme/two", "{")
    for _ in range(3):
        ran = run(known, "--keep-going", "--json")
        assert (ran.status, list(ran.json["models"]["failed"])) == (65, ["acme/two"])


def test_another_generator_renders_everything(known: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "fingerprint", lambda: "newer")
    assert run(known, "--json").json["models"]["unchanged"] == []


def test_a_folder_that_changed_just_before_a_run_is_listed_by_the_next(
    known: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All files are old enough, and a name may come into the folder without another time."""
    monkeypatch.undo()
    files = [*(known / "schemas").rglob("*"), *(known / "out").rglob("*.py")]
    latest = max(file.stat().st_ctime_ns for file in files)
    folder = known / "schemas/acme/two"
    while folder.stat().st_ctime_ns <= latest:
        (folder / "notes.txt").write_text("")
        (folder / "notes.txt").unlink()
    monkeypatch.setattr(time, "time_ns", lambda: latest + file_stamps._TOO_NEW)
    run(known)
    listed: list[str] = []
    listing = documents._listing

    def noted(folder: str) -> tuple[list[str], frozenset[str]]:
        listed.append(folder)
        return listing(folder)

    monkeypatch.setattr(documents, "_listing", noted)
    run(known)
    assert str(folder) in listed


def test_all_is_listed_once_more_and_never_again(
    known: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (known / "schemas/acme/two/notes.txt").write_text("")
    run(known)
    monkeypatch.setattr(documents, "_listing", lambda *_: pytest.fail("looked again"))
    assert run(known).status == 0
