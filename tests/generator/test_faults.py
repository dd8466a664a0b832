"""What goes wrong while generating, and what is left behind: whole files, and a way on."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from runcomfy_codegen import model_files
from runcomfy_codegen.cli import main
from support.generate import run, text_schema, tree
from support.small_models import store


def _three(tmp_path: Path) -> Path:
    store(tmp_path / "schemas", "acme/bad", '{"type": "array"}')
    for model_id in ("acme/fine", "other/fine"):
        store(tmp_path / "schemas", model_id, text_schema("prompt"))
    return tmp_path


def test_one_bad_model_stops_everything(tmp_path: Path) -> None:
    ran = run(_three(tmp_path))
    assert (ran.status, ran.out) == (65, "")
    assert "acme/bad input.json: describes array, not an object" in ran.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("schema", "documents", "problem"),
    [
        ("{", {}, "is not valid JSON"),
        (text_schema("prompt"), {"overrides": "{"}, "is not valid JSON"),
        (text_schema("prompt"), {"overrides": {"names": {"no": "x"}}}, "neither an input nor"),
        (text_schema("prompt"), {"overrides": {"class_name": "One"}}, "would both be named 'one'"),
    ],
)
def test_a_refusal_comes_before_the_first_model_is_rendered(
    tmp_path: Path,
    schema: object,
    documents: dict[str, Any],
    problem: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """After a thousand others it would come late."""
    store(tmp_path / "schemas", "acme/one", text_schema("prompt"))
    store(tmp_path / "schemas", "acme/zz", schema, **documents)
    monkeypatch.setattr(model_files, "_BATCH", 1)
    monkeypatch.setattr(model_files, "render_model", lambda *_: pytest.fail("rendered first"))
    ran = run(tmp_path)
    assert (ran.status, problem in ran.err) == (65, True)


def test_keep_going_writes_the_rest_and_lists_the_bad(tmp_path: Path) -> None:
    ran = run(_three(tmp_path), "--keep-going")
    assert ran.status == 65
    assert "FAILED acme/bad: acme/bad input.json: describes array, not an object" in ran.out
    assert {path for path in tree(tmp_path / "out/models") if path.endswith("fine.py")} == {
        "acme/fine.py",
        "other/fine.py",
    }
    assert "bad" not in (tmp_path / "out/models/acme/__init__.py").read_text()


@pytest.mark.parametrize("keyword", ["anyOf", "oneOf"])
def test_options_behind_hundreds_of_references_are_a_fault_of_their_model(
    keyword: str, tmp_path: Path
) -> None:
    both = [[{"$ref": f"#/$defs/d{number + 1}"}] * 2 for number in range(900)]
    definitions: dict[str, Any] = {
        f"d{number}": {keyword: options} for number, options in enumerate(both)
    }
    schema = {"type": "object", "properties": {"a": {"$ref": "#/$defs/d0"}}, "$defs": definitions}
    definitions["d900"] = {"type": "integer"}
    store(tmp_path / "schemas", "acme/deep", schema)
    ran = run(tmp_path)
    assert ran.status == 65
    assert "acme/deep input.json: is nested too deeply" in ran.err


def test_keep_going_keeps_what_was_generated_before(tmp_path: Path) -> None:
    store(tmp_path / "schemas", "acme/one", text_schema("prompt"))
    run(tmp_path)
    before = (tmp_path / "out/models/acme/one.py").read_bytes()
    store(tmp_path / "schemas", "acme/one", "{")
    ran = run(tmp_path, "--keep-going", "--json")
    assert ran.status == 65
    assert list(ran.json["models"]["failed"]) == ["acme/one"]
    assert ran.json["models"]["removed"] == []
    assert (tmp_path / "out/models/acme/one.py").read_bytes() == before


def test_the_report_as_json_has_its_shape(tmp_path: Path) -> None:
    ran = run(_three(tmp_path), "--keep-going", "--json")
    assert ran.json == {
        "package": "models",
        "applied": True,
        "models": {
            "written": ["acme/fine", "other/fine"],
            "unchanged": [],
            "removed": [],
            "failed": {
                "acme/bad": {
                    "place": "acme/bad input.json",
                    "problem": "describes array, not an object",
                    "advice": "A payload is an object; correct it in overrides.json.",
                }
            },
        },
        "files": {"written": sorted(tree(tmp_path / "out/models")), "removed": [], "foreign": []},
        "notes": ran.json["notes"],
        "changes": {},
    }


CLASHES: list[tuple[str, str, dict[str, str]]] = [
    ("acme/a-b", "acme/a_b", {"class_name": "Other"}),
    ("acme/a/b", "acme/a-b", {"class_name": "Other"}),
    ("acme/4k", "acme/4K", {"class_name": "Other"}),
    ("acme/x", "acme/x-output", {"class_name": "Other"}),
    ("acme/model-8", "acme/8", {"class_name": "Eight"}),
]


@pytest.mark.parametrize(("one", "other", "overrides"), CLASHES, ids=str)
def test_two_models_with_one_name_are_both_named(
    tmp_path: Path, one: str, other: str, overrides: dict[str, str]
) -> None:
    store(tmp_path / "schemas", one, text_schema("prompt"))
    store(tmp_path / "schemas", other, text_schema("prompt"))
    ran = run(tmp_path)
    assert ran.status == 65
    assert repr(one) in ran.err
    assert repr(other) in ran.err
    assert '{"class_name": "…"}' in ran.err
    store(tmp_path / "schemas", other, text_schema("prompt"), overrides=overrides)
    assert run(tmp_path).status == 0


def _failing_after(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    """Let the disk fill up after ``count`` files were moved to their place."""
    real = Path.replace
    done: list[Path] = []

    def replace(self: Path, target: Any) -> Path:
        if len(done) >= count:
            raise OSError(28, "No space left on device", str(target))
        done.append(target)
        return real(self, target)

    monkeypatch.setattr(Path, "replace", replace)


@pytest.mark.parametrize("count", range(5))
def test_an_interrupted_run_leaves_whole_files_and_the_next_one_heals(
    tmp_path: Path, count: int
) -> None:
    for model_id in ("acme/one", "acme/two"):
        store(tmp_path / "schemas", model_id, text_schema("prompt"))
    run(tmp_path)
    for model_id in ("acme/one", "acme/two", "acme/three"):
        store(tmp_path / "schemas", model_id, text_schema("style"))
    with pytest.MonkeyPatch.context() as patch:
        _failing_after(patch, count)
        ran = run(tmp_path)
    assert (ran.status, "No space left on device" in ran.err) == (73, True)
    for path, data in tree(tmp_path / "out").items():
        assert path.rpartition("/")[2][0] != ".", f"{path} was left behind"
        if path.endswith(".py"):
            ast.parse(data)
        if path.endswith(".json"):
            json.loads(data)
    for model_id in ("acme/one", "acme/two", "acme/three"):
        store(tmp_path / "schemas", model_id, text_schema("yet another"))
    assert run(tmp_path).status == 0
    assert run(tmp_path, "--check").status == 0


BROKEN = [
    "",
    "{",
    "[]",
    "null",
    '{"models": 1, "files": {}, "format": [4, 0]}',
    '{"models": {"acme/one": {"package": "../../etc"}}, "files": {}, "format": [4, 0]}',
    "[" * 100_000,
    "\udcff",
]


@pytest.mark.parametrize("text", BROKEN, ids=lambda text: ascii(text[:20]))
def test_a_broken_manifest_is_no_manifest(tmp_path: Path, text: str) -> None:
    store(tmp_path / "schemas", "acme/one", text_schema("prompt"))
    run(tmp_path)
    manifest = tmp_path / "out/models/_manifest.json"
    manifest.write_bytes(text.encode("utf-8", "surrogateescape"))
    store(tmp_path / "schemas", "acme/one", text_schema("style"))
    assert run(tmp_path).status == 0
    assert run(tmp_path, "--check").status == 0


@pytest.mark.parametrize("field", ["package", "module"])
def test_a_manifest_cannot_lead_out_of_the_folder(tmp_path: Path, field: str) -> None:
    store(tmp_path / "schemas", "acme/one", text_schema("prompt"))
    store(tmp_path / "schemas", "acme/two", text_schema("prompt"))
    run(tmp_path)
    manifest = tmp_path / "out/models/_manifest.json"
    data = json.loads(manifest.read_text())
    data["models"]["acme/two"][field] = "../../outside"
    data["files"]["../../outside.py"] = data["files"]["acme/two.py"]
    manifest.write_text(json.dumps(data))
    (tmp_path / "outside.py").write_bytes((tmp_path / "out/models/acme/two.py").read_bytes())
    before = (tmp_path / "outside.py").read_bytes()
    assert run(tmp_path, "--only", "acme/one").status == 0
    assert (tmp_path / "outside.py").read_bytes() == before


@pytest.mark.parametrize("link", ["acme", "acme/one.py", "_manifest.json"])
def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path, link: str) -> None:
    store(tmp_path / "schemas", "acme/one", text_schema("prompt"))
    outside = tmp_path / "outside"
    outside.mkdir()
    target = outside if link == "acme" else outside / "file"
    if link != "acme":
        target.write_text("# Generated by runcomfy-codegen.\n")
    path = tmp_path / "out/models" / link
    path.parent.mkdir(parents=True)
    path.symlink_to(target)
    before = tree(outside)
    ran = run(tmp_path)
    assert ran.status == 65
    assert "is reached through a symbolic link that leaves the folder" in ran.err
    assert tree(outside) == before


def test_a_removed_model_behind_a_link_stays(tmp_path: Path) -> None:
    for model_id in ("acme/one", "other/two"):
        store(tmp_path / "schemas", model_id, text_schema("prompt"))
    run(tmp_path)
    (tmp_path / "out/models/other").rename(tmp_path / "outside")
    (tmp_path / "out/models/other").symlink_to(tmp_path / "outside")
    for file in (tmp_path / "schemas/other/two").iterdir():
        file.unlink()
    before = tree(tmp_path / "outside")
    run(tmp_path)
    assert tree(tmp_path / "outside") == before


def test_two_processes_at_once_end_in_one_package(tmp_path: Path) -> None:
    for i in range(8):
        store(tmp_path / "schemas", f"acme/model-{i}", text_schema("prompt"))
    command = [sys.executable, "-m", "runcomfy_codegen", "generate", "--package", "models"]
    command += ["--schemas", str(tmp_path / "schemas"), "--out", str(tmp_path / "out")]
    running = [subprocess.Popen(command, stderr=subprocess.PIPE) for _ in range(2)]
    for process in running:
        _, err = process.communicate()
        assert process.returncode == 0, err
    assert run(tmp_path, "--check").status == 0


def test_no_schemas_is_reported_with_the_next_step(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["generate", "--schemas", str(tmp_path / "nowhere"), "--out", str(tmp_path)]) == 65
    assert "Add a model first: runcomfy-codegen add PAGE" in capsys.readouterr().err


@pytest.mark.parametrize("package", ["json", "runcomfy", "runcomfy.models"])
def test_a_package_may_not_hide_another(tmp_path: Path, package: str) -> None:
    store(tmp_path / "schemas", "acme/one", text_schema("prompt"))
    ran = run(tmp_path, "--package", package)
    assert ran.status == 64
    assert "would shadow" in ran.err


def test_folders_of_editors_are_no_models(tmp_path: Path) -> None:
    store(tmp_path / "schemas", "acme/one", text_schema("prompt"))
    store(tmp_path / "schemas", ".ipynb_checkpoints", text_schema("prompt"))
    assert run(tmp_path).status == 0


def test_a_folder_that_cannot_be_read_removes_no_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root may read everything, so the system's refusal is played."""
    store(tmp_path / "schemas", "acme/one", text_schema("prompt"))
    assert run(tmp_path).status == 0
    refused = PermissionError(13, "Permission denied", str(tmp_path / "schemas/acme"))

    scandir = os.scandir

    def refuse(folder: Any) -> Any:
        if str(folder).endswith("schemas/acme"):
            raise refused
        return scandir(folder)

    monkeypatch.setattr("runcomfy_codegen.schema.documents.os.scandir", refuse)
    ran = run(tmp_path)
    assert ran.status == 65
    assert "Permission denied" in ran.err
    assert (tmp_path / "out/models/acme/one.py").exists()


#: Lets no file grow beyond so many bytes: as on a full disk, the system contains no file.
CRAMPED = """
import resource, signal, sys
from runcomfy_codegen.cli import main
from runcomfy_codegen.package import plan
real = plan.apply

def apply(planned):
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), resource.RLIM_INFINITY))
    real(planned)

plan.apply = apply
sys.exit(main(sys.argv[2:]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
def test_a_full_disk_is_reported_with_the_file_and_changes_nothing(tmp_path: Path) -> None:
    store(tmp_path / "schemas", "acme/one", text_schema("prompt"))
    assert run(tmp_path).status == 0
    before = tree(tmp_path)
    store(tmp_path / "schemas", "acme/one", text_schema("prompt", description="long " * 1_000))
    places = ["--schemas", "schemas", "--out", "out", "--package", "models"]
    command = [sys.executable, "-c", CRAMPED, "3000", "generate", *places]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 73, done.stderr
    assert "out/models/acme/one.py: cannot be written: File too large" in done.stderr
    assert {path: data for path, data in tree(tmp_path).items() if "out/" in path} == {
        path: data for path, data in before.items() if "out/" in path
    }
