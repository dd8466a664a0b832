"""Many payloads: 200,000 lines, 5 % of them bad, against the parser and validator underneath."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any
from unittest.mock import patch

import jsonschema_rs
import orjson

from runcomfy import validate_lines
from runcomfy_codegen.schema.normalise import clean
from runcomfy_models.wan_ai import Wan2_6ImageToImage

from .measure import Figure, Table, ratio, times
from .validation import full_payload

__all__ = ["PEERS", "run"]

PEERS = ("orjson", "jsonschema-rs")
LINES, BAD, ROUNDS = 200_000, 0.05, 21

MISTAKES: list[dict[str, Any]] = [
    {"seed": -1},
    {"image_size": "huge"},
    {"image_urls": []},
    {"prompt": None},
    {"prompt_extend": "yes", "seed": 2**31},
]


def write_lines(file: Path) -> int:
    """Write the payloads; returns how many of them are bad."""
    chance = random.Random(7)  # noqa: S311 — the same lines in every run, nothing secret
    bad = 0
    with file.open("w", encoding="utf-8") as stream:
        for number in range(LINES):
            payload = {**full_payload(), "seed": number}
            if chance.random() < BAD:
                payload |= chance.choice(MISTAKES)
                bad += 1
            stream.write(json.dumps(payload) + "\n")
    return bad


def ours(file: Path, processes: int = 1) -> int:
    """The number of bad lines, every one of them with its report."""
    with file.open("rb") as lines:
        reports = validate_lines(Wan2_6ImageToImage, lines, processes=processes)
        for _ in reports:
            pass
    return reports.summary.invalid


def without_orjson(file: Path) -> int:
    """The same where orjson is not installed."""
    with patch.dict(sys.modules, {"orjson": None}):
        return ours(file)


def orjson_and_is_valid(file: Path, is_valid: Any) -> int:
    """The fastest libraries, for a verdict and nothing else."""
    with file.open("rb") as lines:
        return sum(not is_valid(orjson.loads(line)) for line in lines)


def loads_alone(file: Path) -> None:
    """The standard library's parser, with no validation at all."""
    with file.open("rb") as lines:
        for line in lines:
            json.loads(line)


@contextmanager
def two_halves(file: Path) -> Iterator[Any]:
    """The most that two processes can gain here: each has half the lines, is warm, and is on its own."""
    halves = [file.with_suffix(f".{number}") for number in range(2)]
    with file.open("rb") as lines:
        for half in halves:
            with half.open("wb") as stream:  # line by line: a large process is slow to copy
                stream.writelines(islice(lines, LINES // 2))
    other = subprocess.Popen(
        [sys.executable, "-m", __name__, str(halves[1])],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with other:
        assert other.stdin
        assert other.stdout
        other.stdout.readline()
        ours(halves[0])

        def both() -> None:
            assert other.stdin
            assert other.stdout
            print("go", file=other.stdin, flush=True)
            ours(halves[0])
            other.stdout.readline()

        yield both
        other.stdin.close()


def serve_half(half: Path) -> None:
    """Validate the lines each time that a word comes in."""
    ours(half)
    print("ready", flush=True)
    for _ in sys.stdin:
        ours(half)
        print("done", flush=True)


def run() -> Iterator[Table]:
    """Measure."""
    validator = jsonschema_rs.validator_for(clean(Wan2_6ImageToImage.input_schema())[0])
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "payloads.jsonl"
        bad = write_lines(file)
        assert bad == ours(file) == orjson_and_is_valid(file, validator.is_valid)
        assert bad == without_orjson(file) == ours(file, processes=2)
        with two_halves(file) as halves:
            taken = times(
                {
                    "ours": partial(ours, file),
                    "orjson + is_valid": partial(orjson_and_is_valid, file, validator.is_valid),
                    "without orjson": partial(without_orjson, file),
                    "json.loads": partial(loads_alone, file),
                    "two processes": partial(ours, file, processes=2),
                    "two halves": halves,
                },
                ROUNDS,
            )
    with_library = ratio(taken["ours"], taken["orjson + is_valid"])
    with_standard = ratio(taken["without orjson"], taken["json.loads"])
    speedup = ratio(taken["ours"], taken["two processes"])
    ceiling = ratio(taken["ours"], taken["two halves"])
    figures = [
        Figure("orjson: ours / (orjson + jsonschema-rs is_valid)", with_library, "x", 1.3),
        Figure("standard library: ours / json.loads alone", with_standard, "x", 1.3),
        Figure("one process / two processes", speedup, "x", at_least=1.6),
        Figure("for comparison, one / two that share nothing", ceiling, "x"),
    ]
    yield Table(f"{LINES:,} lines, {bad:,} of them bad", figures)


if __name__ == "__main__":
    serve_half(Path(sys.argv[1]))
