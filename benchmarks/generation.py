"""Generating 1,000 models: cold against datamodel-code-generator alone, unchanged, and with one changed."""

from __future__ import annotations

import json
import random
import shutil
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import datamodel_code_generator as library
from datamodel_code_generator.enums import DataModelType, InputFileType

from runcomfy_codegen.package.plan import apply
from runcomfy_codegen.pipeline import generate

from .measure import Figure, Table, ratio

__all__ = ["PEERS", "run"]

PEERS = ("datamodel-code-generator", "black", "isort", "ruff")
SCHEMAS = Path(__file__).parents[1] / "schemas"
MODELS, TURNS, AGAIN = 1_000, 2, 5
PACKAGE = "many_models"


def write_schemas(folder: Path) -> None:
    """1,000 models: the real ones with other bounds, other choices, and without some optional inputs."""
    chance = random.Random(3)  # noqa: S311 — the same models in every run, nothing secret
    real = sorted(path.parent for path in SCHEMAS.rglob("input.json"))
    for number in range(MODELS):
        source = real[number % len(real)]
        target = folder / f"owner-{number % 25}" / f"model-{number}" / "text-to-image"
        target.mkdir(parents=True)
        for name in ("input.json", "output.json"):
            schema = json.loads((source / name).read_bytes())
            (target / name).write_text(json.dumps(varied(schema, chance), indent=2))


def varied(schema: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    """The schema with small changes, as between versions of a model."""
    required = schema.get("required", [])
    properties = schema.get("properties", {})
    for name in list(properties):
        if name not in required and len(properties) > 1 and chance.random() < 0.1:
            del properties[name]
            continue
        part = properties[name]
        if "maximum" in part:
            part["maximum"] += chance.randrange(100)
        if len(part.get("enum", ())) > 2 and "default" not in part:
            part["enum"].pop()
    return schema


def library_alone(folder: Path, **settings: Any) -> None:
    """The same schemas through datamodel-code-generator, by default with its formatters."""
    with warnings.catch_warnings():
        # Of its default formatters, which are to be measured, and of the format image_uri.
        warnings.simplefilter("ignore")
        for file in sorted(folder.rglob("*.json")):
            library.generate(
                file.read_text(),
                input_file_type=InputFileType.JsonSchema,
                output_model_type=DataModelType.PydanticV2BaseModel,
                **settings,
            )


def ours(schemas: Path, out: Path, rendered: int) -> None:
    """Generate and write; so many models are rendered anew."""
    generation = generate(schemas, out, PACKAGE)
    apply(generation.plan)
    assert len(generation.rendered) == rendered


def seconds(work: Callable[[], object]) -> float:
    """How long it takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def run() -> Iterator[Table]:
    """Measure."""
    cold: list[float] = []
    alone: list[float] = []
    bare: list[float] = []
    same: list[float] = []
    one: list[float] = []
    with tempfile.TemporaryDirectory() as name:
        schemas, out = Path(name) / "schemas", Path(name) / "out"
        write_schemas(schemas)
        for _ in range(TURNS):
            shutil.rmtree(out, ignore_errors=True)
            cold.append(seconds(lambda: ours(schemas, out, MODELS)))
            alone.append(seconds(lambda: library_alone(schemas)))
            bare.append(seconds(lambda: library_alone(schemas, formatters=[])))
        changed = next(schemas.rglob("input.json"))
        document = json.loads(changed.read_bytes())
        for turn in range(AGAIN):
            same.append(seconds(lambda: ours(schemas, out, 0)))
            changed.write_text(json.dumps({**document, "description": f"Turn {turn}."}))
            one.append(seconds(lambda: ours(schemas, out, 1)))
    figures = [
        Figure("cold", statistics.median(cold), "s"),
        Figure("cold / datamodel-code-generator alone", ratio(cold, alone), "x", 1.0),
        Figure("for comparison, cold / the same without black and isort", ratio(cold, bare), "x"),
        Figure("again, nothing changed", statistics.median(same), "s", 0.4),
        Figure("again, one changed", statistics.median(one), "s", 1.0),
    ]
    yield Table(f"Generating {MODELS:,} models", figures)
