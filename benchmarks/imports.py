"""Start-up: what a small script pays, with 1,000 generated models present."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from runcomfy_codegen.package.plan import apply
from runcomfy_codegen.pipeline import generate

from .measure import Figure, Table, ratio

__all__ = ["PEERS", "run"]

PEERS = ("httpx", "httpcore")
ROOT = Path(__file__).resolve().parent.parent
WAN = "wan-ai/wan-2-6/image-to-image"
MODELS, RUNS = 1_000, 60

VALIDATE = f"""
from runcomfy import validate
report = validate({WAN!r}, {{"prompt": "a hat", "image_urls": ["https://example.com/a.png"]}})
assert report.valid
"""
#: A model whose inputs may be null, as most of the real ones have some.
NULLABLE = "acme/nullable"
UNION = {"anyOf": [{"type": "integer", "minimum": 0}, {"type": "null"}]}
FIRST = f"""
import sys
from runcomfy import validate
assert not validate({NULLABLE!r}, {{"prompt": "a hat", "seed": -1}}).valid
assert "jsonschema" not in sys.modules
"""
LOADED = (
    VALIDATE
    + """
import sys
loaded = [n for n in sys.modules if n.startswith("runcomfy_models.") and n.count(".") == 2]
from runcomfy import model_ids
print(len(loaded), len(model_ids()))
"""
)


def thousand_models(folder: Path) -> None:
    """Generate a package ``runcomfy_models`` with 1,000 models, wan-2-6 among them."""
    source = ROOT / "schemas" / WAN
    for number in range(MODELS - 2):
        owner = f"owner-{number % 25}"
        shutil.copytree(source, folder / "schemas" / owner / f"model-{number}" / "text-to-image")
    shutil.copytree(source, folder / "schemas" / WAN)
    nullable = {"type": "object", "properties": {"prompt": {"type": "string"}, "seed": UNION}}
    (folder / "schemas" / NULLABLE).mkdir(parents=True)
    (folder / "schemas" / NULLABLE / "input.json").write_text(json.dumps(nullable))
    apply(generate(folder / "schemas", folder / "out", "runcomfy_models").plan)


def seconds(program: str, environment: dict[str, str]) -> float:
    """Wall time of an interpreter that runs ``program``."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", program], env=environment, check=True)
    return time.perf_counter() - start


def _ratio(taken: dict[str, list[float]], what: str) -> float:
    return ratio(taken[what], taken["httpx"])


def run() -> Iterator[Table]:
    """Measure."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        thousand_models(folder)
        environment = {**os.environ, "PYTHONPATH": str(folder / "out")}
        # An installed package has its bytecode; a variable that forbids writing it would hide that.
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        shown = subprocess.run(
            [sys.executable, "-c", LOADED],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        loaded, present = json.loads(f"[{shown.stdout.replace(' ', ',')}]")
        programs = {
            "bare": "pass",
            "ours": VALIDATE,
            "nullable": FIRST,
            "dataclasses": "import dataclasses",
            "client": "from runcomfy import Client",
            "client in use": "from runcomfy import Client; import httpx",
            "httpx": "import httpx",
        }
        taken: dict[str, list[float]] = {what: [] for what in programs}
        for _ in range(RUNS):
            for what, program in programs.items():
                taken[what].append(seconds(program, environment))
    added, nullable, dataclasses = (
        1_000 * statistics.median(b - a for a, b in zip(taken["bare"], taken[what], strict=True))
        for what in ("ours", "nullable", "dataclasses")
    )
    figures = [
        Figure("models present", present, ""),
        Figure("model modules loaded", loaded, "", at_most=1),
        Figure("bare interpreter", statistics.median(taken["bare"]) * 1_000, "ms"),
        Figure("import, find the model, validate: above that", added, "ms", at_most=6),
        Figure(
            "the same of a model with inputs that may be null, with an error", nullable, "ms", 12
        ),
        # The bound was set where dataclasses cost 13 ms; this shows how this machine compares.
        Figure("the same / import dataclasses above that", added / dataclasses, "x", 6 / 13),
        Figure("from runcomfy import Client / import httpx", _ratio(taken, "client"), "x", 1.15),
        Figure("for comparison, both / import httpx", _ratio(taken, "client in use"), "x"),
        Figure("for comparison, import dataclasses: above that", dataclasses, "ms"),
    ]
    yield Table("Start-up of a script that validates one payload", figures)
