"""Many payloads: 200,000 lines, 5 % of them bad, against the parsers and validators that people use instead."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any
from unittest.mock import patch

import fastjsonschema
import jsonschema_rs
import msgspec
import orjson
import pydantic

from runcomfy import validate_lines
from runcomfy.validation.msgspec_decoder import clean_decoder
from runcomfy_codegen.schema.normalise import clean
from runcomfy_models.wan_ai import Wan2_6ImageToImage

from .measure import Figure, Table, ratio, times
from .validation import full_payload, pydantic_model

__all__ = ["PEERS", "run"]

PEERS = ("msgspec", "orjson", "jsonschema-rs", "pydantic", "pydantic-core", "fastjsonschema")
LINES, BAD, ROUNDS = 200_000, 0.05, 11
#: Bytes of a line.
SHORT, LONG = 250, 450

MISTAKES: list[dict[str, Any]] = [
    {"seed": -1},
    {"image_size": "huge"},
    {"image_urls": []},
    {"prompt": None},
    {"prompt_extend": "yes", "seed": 2**31},
]


def payload_of(size: int) -> dict[str, Any]:
    """A payload whose line has about so many bytes: one URL, and a prompt that fills the rest."""
    payload = full_payload()
    del payload["negative_prompt"]
    payload["image_urls"] = payload["image_urls"][:1]
    words = payload["prompt"] * 3
    payload["prompt"] = ""
    payload["prompt"] = words[: size - len(json.dumps(payload)) - 5]
    return payload


def write_lines(file: Path, size: int) -> int:
    """Write the payloads; returns how many of them are bad."""
    chance = random.Random(7)  # noqa: S311 — the same lines in every run, nothing secret
    given = payload_of(size)
    bad = 0
    with file.open("w", encoding="utf-8") as stream:
        for number in range(LINES):
            payload = {**given, "seed": number}
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


def without(*libraries: str) -> Callable[[Path], int]:
    """The same where these are not installed."""

    def subject(file: Path) -> int:
        with patch.dict(sys.modules, dict.fromkeys(libraries)):
            return ours(file)

    return subject


def refused(check: Callable[[bytes], object], errors: type[Exception], file: Path) -> int:
    """How many lines a peer refuses, by its exception; the sentence of the first fault comes with it."""
    bad = 0
    with file.open("rb") as lines:
        for line in lines:
            try:
                check(line)
            except errors:
                bad += 1
    return bad


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


def subjects(file: Path) -> dict[str, Callable[[], object]]:
    """Who takes part on one core. All find the same lines to be bad."""
    schema = clean(Wan2_6ImageToImage.input_schema())[0]
    is_valid = jsonschema_rs.validator_for(schema).is_valid
    decoder = clean_decoder(Wan2_6ImageToImage)
    assert decoder
    model = pydantic_model(schema)
    compiled = fastjsonschema.compile(schema)
    return {
        "ours": partial(ours, file),
        "orjson + is_valid": partial(orjson_and_is_valid, file, is_valid),
        "msgspec typed": partial(refused, decoder.decode, msgspec.DecodeError, file),
        "pydantic": partial(refused, model.model_validate_json, pydantic.ValidationError, file),
        "fastjsonschema": partial(
            refused,
            lambda line: compiled(orjson.loads(line)),
            fastjsonschema.JsonSchemaValueException,
            file,
        ),
        "without msgspec": partial(without("msgspec"), file),
        "without extras": partial(without("msgspec", "orjson"), file),
    }


def run() -> Iterator[Table]:
    """Measure."""
    for size in (SHORT, LONG):
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "payloads.jsonl"
            bad = write_lines(file, size)
            taking_part = subjects(file)
            assert {bad} == {subject() for subject in taking_part.values()}
            assert bad == ours(file, processes=2)
            with two_halves(file) as halves:
                taking_part["json.loads"] = partial(loads_alone, file)
                taken = times(taking_part, ROUNDS, clock=time.process_time)
                shared = {
                    "one process": partial(ours, file),
                    "two processes": partial(ours, file, processes=2),
                    "two halves": halves,
                }
                taken |= times(shared, ROUNDS)
            length = file.stat().st_size / LINES
        title = f"{LINES:,} lines of {length:.0f} bytes, {bad:,} of them bad; CPU time on one core"
        yield Table(title, list(figures(taken)))


def figures(taken: dict[str, list[float]]) -> Iterator[Figure]:
    """The figures derived from the times."""
    library = taken["orjson + is_valid"]

    def beside(name: str) -> float:
        return ratio(taken[name], library)

    yield Figure("ours / (orjson + jsonschema-rs is_valid)", beside("ours"), "x", 0.6)
    yield Figure("msgspec typed alone / the same", beside("msgspec typed"), "x")
    yield Figure("pydantic model_validate_json / the same", beside("pydantic"), "x")
    yield Figure("orjson + fastjsonschema / the same", beside("fastjsonschema"), "x")
    yield Figure("ours without msgspec / the same", beside("without msgspec"), "x", 1.3)
    standard = ratio(taken["without extras"], taken["json.loads"])
    yield Figure("ours without extras / json.loads alone", standard, "x", 1.1)
    speedup = ratio(taken["one process"], taken["two processes"])
    yield Figure("one process / two processes", speedup, "x", at_least=1.7)
    ceiling = ratio(taken["one process"], taken["two halves"])
    yield Figure("for comparison, one / two that share nothing", ceiling, "x")


if __name__ == "__main__":
    serve_half(Path(sys.argv[1]))
