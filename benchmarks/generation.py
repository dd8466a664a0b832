"""Generating 1,000 models against datamodel-code-generator alone over the same schemas."""

from __future__ import annotations

import statistics
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import datamodel_code_generator as library
from datamodel_code_generator.enums import DataModelType, InputFileType

from .measure import Figure, Table, ratio
from .projects import Project

__all__ = ["PEERS", "run"]

PEERS = ("datamodel-code-generator", "ruff")
MODELS, TURNS = 1_000, 5


def library_alone(folder: Path) -> None:
    """The same schemas through datamodel-code-generator: one call a schema, TypedDict, formatters off."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of formats that it does not know
        for file in sorted(folder.rglob("*put.json")):
            library.generate(
                file.read_text(encoding="utf-8"),
                input_file_type=InputFileType.JsonSchema,
                output_model_type=DataModelType.TypingTypedDict,
                formatters=[],
            )


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def run() -> Iterator[Table]:
    """Measure."""
    with tempfile.TemporaryDirectory() as name:
        project = Project(Path(name), MODELS)
        cold: list[float] = []
        alone: list[float] = []
        for _ in range(TURNS):
            cold.append(project.cold().seconds)
            alone.append(_seconds(lambda: library_alone(project.schemas)))
    yield Table(
        f"Generating {MODELS:,} models",
        [
            Figure("cold, start-up and writing included", statistics.median(cold), "s"),
            Figure("datamodel-code-generator alone", statistics.median(alone), "s"),
            Figure("cold / datamodel-code-generator alone", ratio(cold, alone), "x", 0.5),
        ],
    )
