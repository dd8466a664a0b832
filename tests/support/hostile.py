"""A hostile package and what is around it: generated once, looked at by many tests."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runcomfy_codegen.package.plan import apply
from runcomfy_codegen.pipeline import PipelineResult, generate
from support.corpus import FINE_IDS, NAMES, TEXTS, anywhere, named
from support.small_models import store

__all__ = ["Hostile", "make_hostile", "probe", "tree"]


@dataclass(frozen=True)
class Hostile:
    """A package made from the whole corpus; ``root`` holds it, its schemas and bystanders."""

    root: Path
    generation: PipelineResult
    #: All files below ``root`` before and after the writing.
    before: dict[str, bytes]
    after: dict[str, bytes]
    #: Model id -> the text or the name that is all over it.
    texts: dict[str, str]
    names: dict[str, str]

    @property
    def modules(self) -> dict[str, str]:
        """The source of every generated module, by its path in the package."""
        folder = self.root / "out" / "hostile"
        return {
            path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
            for path in sorted(folder.rglob("*.py"))
        }


def make_hostile(root: Path) -> Hostile:
    """Generate the package ``hostile`` from the corpus below ``root``."""
    texts = {f"text/{name.replace('_', '-')}": text for name, text in TEXTS.items()}
    names = {f"name/number-{i}": name for i, name in enumerate(NAMES)}
    for model_id, text in texts.items():
        _store(root, model_id, anywhere(text))
    for model_id, name in names.items():
        _store(root, model_id, named(name))
    for model_id in FINE_IDS:
        _store(root, model_id, named("plain"))
    for bystander in ("out/bystander.py", "bystander.txt", "work/bystander.txt"):
        (root / bystander).parent.mkdir(parents=True, exist_ok=True)
        (root / bystander).write_text("not yours", encoding="utf-8")
    before = tree(root)
    generation = generate(root / "schemas", root / "out", "hostile")
    apply(generation.plan)
    return Hostile(root, generation, before, tree(root), texts, names)


def _store(root: Path, model_id: str, documents: dict[str, Any]) -> None:
    store(
        root / "schemas",
        model_id,
        documents["input"],
        **{k: v for k, v in documents.items() if k != "input"},
    )


def tree(folder: Path) -> dict[str, bytes]:
    """All files below a folder, by their path in it."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


def probe(hostile: Hostile, script: str, subject: object) -> Any:
    """Run ``script`` in a bare interpreter where warnings are errors; its answer is what it prints as JSON.

    It finds ``subject`` on its standard input, and the package on its path.
    """
    start = f"import sys; sys.path.insert(0, {str(hostile.root / 'out')!r})\n"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-I", "-B", "-c", start + script],
        input=json.dumps(subject),
        capture_output=True,
        text=True,
        cwd=hostile.root / "work",
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3_000:]
    return json.loads(done.stdout)
