"""A package in a git checkout whose line ends are those of Windows."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from support.generate import run, text_schema
from support.small_models import store


def _git(folder: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=A", "-c", "user.email=a@example.com")
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


def test_a_clone_with_autocrlf_passes_the_check(tmp_path: Path) -> None:
    origin = tmp_path / "origin"
    store(origin / "schemas", "acme/cat", text_schema("prompt"))
    store(origin / "schemas", "acme/dog", text_schema("text"), overrides={"class_name": "Hound"})
    lines = json.dumps(text_schema("prompt"), indent=2)
    (origin / "schemas/acme/cat/input.json").write_text(lines, encoding="utf-8", newline="\n")
    assert run(origin).status == 0
    _git(tmp_path, "init", "--quiet", "origin")
    _git(origin, "add", "--all")
    _git(origin, "commit", "--quiet", "--message", "all")
    _git(tmp_path, "clone", "--quiet", "-c", "core.autocrlf=true", str(origin), "clone")
    clone = tmp_path / "clone"
    assert b"\r\n" in (clone / "out/models/acme/cat.py").read_bytes()
    assert b"\r\n" in (clone / "schemas/acme/cat/input.json").read_bytes()
    ran = run(clone, "--check")
    assert (ran.status, ran.out.splitlines()[-1]) == (0, "No drift.")
    assert run(clone).status == 0
    assert b"\r\n" in (clone / "out/models/acme/cat.py").read_bytes()
