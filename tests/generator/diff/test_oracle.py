"""Drawn pairs of schemas: what ``compare`` calls breaking is what the jsonsubschema library says is no subset.

It is asked about type, enum, bounds, length, items and required. What it cannot tell is in ``BEYOND``.
"""

from __future__ import annotations

import copy
import json
import random
import subprocess
import sys
from typing import Any

import pytest

from runcomfy_codegen.diff.schemas import compare

Schema = dict[str, Any]

#: The library's own warnings concern its own code; it is asked in a process of its own.
ORACLE = """
import json, sys, warnings
warnings.simplefilter("ignore")
from jsonsubschema import isSubschema
for line in sys.stdin:
    old, new = json.loads(line)
    print(int(isSubschema(old, new)))
"""


def numbers(draw: random.Random) -> Schema:
    schema: Schema = {"type": draw.choice(["integer", "number"])}
    if draw.random() < 0.7:
        schema["minimum"] = draw.randint(-3, 3)
    if draw.random() < 0.7:
        schema["maximum"] = draw.randint(4, 9)
    return schema


def texts(draw: random.Random) -> Schema:
    schema: Schema = {"type": "string"}
    if draw.random() < 0.4:
        schema["minLength"] = draw.randint(0, 3)
    if draw.random() < 0.4:
        schema["maxLength"] = draw.randint(4, 7)
    return schema


def choices(draw: random.Random) -> Schema:
    if draw.random() < 0.3:
        return {"type": "integer", "enum": draw.sample([-1, 0, 1, 2, 5], draw.randint(1, 4))}
    values = ["a", "b", "auto", "720p", "720P"]
    return {"type": "string", "enum": draw.sample(values, draw.randint(1, 4))}


def lists(draw: random.Random) -> Schema:
    schema: Schema = {"type": "array", "items": draw.choice([numbers, texts, choices])(draw)}
    if draw.random() < 0.5:
        schema["minItems"] = draw.randint(0, 2)
    if draw.random() < 0.5:
        schema["maxItems"] = draw.randint(3, 5)
    return schema


def switches(draw: random.Random) -> Schema:
    return draw.choice([{"type": "boolean"}, {"type": ["string", "null"]}, {"type": "string"}])


KINDS = [numbers, texts, choices, lists, switches]


def drawn(draw: random.Random) -> Schema:
    inputs = {name: draw.choice(KINDS)(draw) for name in "abc"}
    return _object(inputs, set(draw.sample("abc", draw.randint(0, 3))))


def _object(inputs: Schema, required: set[str]) -> Schema:
    schema: Schema = {"type": "object", "properties": inputs}
    return {**schema, "required": sorted(required)} if required else schema


def changed(draw: random.Random, schema: Schema) -> Schema:
    """The same schema after a change or two, which are small ones mostly."""
    inputs, required = copy.deepcopy(schema["properties"]), set(schema.get("required", ()))
    for _ in range(draw.randint(0, 2)):
        name, chance = draw.choice("abc"), draw.random()
        if chance < 0.25:
            required ^= {name}
        elif chance < 0.5:
            inputs[name] = draw.choice(KINDS)(draw)
        else:
            alike = next(kind for kind in KINDS if _could_be(inputs[name], kind))
            inputs[name] = alike(draw)
    return _object(inputs, required)


def _could_be(schema: Schema, kind: Any) -> bool:
    if "enum" in schema:
        return bool(kind is choices)
    names = {"integer": numbers, "number": numbers, "string": texts, "array": lists}
    return bool(kind is names.get(str(schema["type"]), switches))


def disagreements(seed: int, count: int) -> list[str]:
    draw = random.Random(seed)  # noqa: S311  # the same pairs in every run
    pairs: list[tuple[Schema, Schema]] = []
    while len(pairs) < count:
        old = drawn(draw)
        new = changed(draw, old)
        if not any(_misjudged(old["properties"][name], new["properties"][name]) for name in "abc"):
            pairs.append((old, new))
    lines = "".join(json.dumps(pair) + "\n" for pair in pairs)
    done = subprocess.run(
        [sys.executable, "-c", ORACLE], input=lines, capture_output=True, text=True, check=True
    )
    verdicts = [word == "1" for word in done.stdout.split()]
    assert len(verdicts) == count, done.stderr
    assert 0.2 < sum(verdicts) / count < 0.8
    return [
        f"{'subset' if subset else 'no subset'}: {old} -> {new}"
        for (old, new), subset in zip(pairs, verdicts, strict=True)
        if _breaks(old, new) is subset
    ]


def _misjudged(old: Schema, new: Schema) -> bool:
    """Whether texts of a bounded length are now limited to choices: a subset, says the library, which is wrong."""
    if "items" in old and "items" in new:
        return _misjudged(old["items"], new["items"])
    return "enum" in new and bool({"minLength", "maxLength"} & old.keys())


def _breaks(old: Schema, new: Schema) -> bool:
    found = compare({"input": old, "output": {}}, {"input": new, "output": {}})
    return any(change.kind == "breaking" for change in found)


def test_breaking_means_no_subset() -> None:
    assert disagreements(seed=1, count=120) == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2, 5))
def test_breaking_means_no_subset_over_thousands(seed: int) -> None:
    assert disagreements(seed, count=1_000) == []


STRING = {"type": "string"}
RULE = [{"validation_rule": "width_pixels>", "validation_value": 14, "validation_error": ""}]
#: Old, new, whether it breaks: what the library cannot tell, since for JSON Schema these are no limits, or it has a mistake.
BEYOND: dict[str, tuple[Schema, Schema, bool]] = {
    "an input removed": ({"x": STRING}, {}, True),
    "an optional input added": ({}, {"x": STRING}, False),
    "another format of text": (
        {"x": {**STRING, "format": "a"}},
        {"x": {**STRING, "format": "b"}},
        False,
    ),
    "another kind of file": (
        {"x": {**STRING, "format": "image_uri"}},
        {"x": {**STRING, "format": "video_uri"}},
        True,
    ),
    "a file rule added": (
        {"x": {**STRING, "format": "image_uri"}},
        {"x": {**STRING, "format": "image_uri", "validations": RULE}},
        True,
    ),
    "an inclusive bound becomes exclusive": (
        {"x": {"type": "number", "minimum": 1}},
        {"x": {"type": "number", "exclusiveMinimum": 1}},
        True,
    ),
    "an exclusive bound becomes inclusive": (
        {"x": {"type": "number", "exclusiveMinimum": 1}},
        {"x": {"type": "number", "minimum": 1}},
        False,
    ),
    "a choice that its bound allows": (
        {"x": {"enum": ["a", "b"], "type": "string"}},
        {"x": {"type": "string", "maxLength": 1}},
        False,
    ),
    "texts of a bounded length become choices": (
        {"x": {**STRING, "maxLength": 4}},
        {"x": {**STRING, "enum": ["a", "720p"]}},
        True,
    ),
    "another text": ({"x": {**STRING, "title": "a"}}, {"x": {**STRING, "title": "b"}}, False),
}


@pytest.mark.parametrize("name", BEYOND)
def test_what_the_library_cannot_report(name: str) -> None:
    old, new, breaks = BEYOND[name]
    assert _breaks(_object(old, set()), _object(new, set())) is breaks
