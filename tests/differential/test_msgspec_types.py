"""With msgspec and without it, every line has the same verdict and the same report."""

from __future__ import annotations

import json
import sys
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import runcomfy
from runcomfy import validate_lines
from runcomfy.model.media import is_plain_url
from runcomfy.model.registry import find_model
from runcomfy.validation.msgspec_decoder import are_plain_urls, clean_decoder
from support.differential.compiled import quick_class
from support.differential.oracle import Oracle
from support.differential.payloads import edges, payloads
from support.differential.schemas import input_schemas
from support.small_models import make_class
from support.spelled import spelled

from .test_drawn_schemas import EXPECTED

pytest.importorskip("msgspec")

MODELS = runcomfy.model_ids()
URLS = [
    "https://example.com/a.png", "https:", "https;", "http://example.com", "HTTPS://x", "", "a.png", "https://myserver/a.png",
    "data:image/png;base64,AAAA", " https://x",
    "https://example.com", "https://localhost/a", "https://10.0.0.1/a", "https://example.com/a b", "https://exämple.com/",
    "https://me@example.com/", "https://example.com:8/", "https://example.com/\n", "https://example.comx/", "https:///a",
]  # fmt: skip


def found(cls: Any, lines: list[Any], **options: Any) -> tuple[Any, ...]:
    """What is told of each line, and the totals."""
    reports = validate_lines(cls, lines, **options)
    told = [(number, repr(report), repr(report.as_dict())) for number, report in reports]
    return told, reports.summary.as_dict()


def agree(cls: Any, lines: list[Any], **options: Any) -> None:
    """Assert that msgspec makes no difference."""
    quick = found(cls, lines, **options)
    with patch.dict(sys.modules, {"msgspec": None}):
        assert clean_decoder(cls) is None
        assert quick == found(cls, lines, **options)


@pytest.mark.parametrize("model_id", MODELS)
@settings(max_examples=60)
@given(data=st.data())
def test_any_line_of_an_installed_model(model_id: str, data: st.DataObject) -> None:
    cls = find_model(model_id)
    drawn = data.draw(st.lists(payloads(Oracle(cls).schema), max_size=8))
    seeds = data.draw(st.lists(st.integers(0, 2**32), min_size=8, max_size=8))
    agree(cls, [spelled(payload, seed) for payload, seed in zip(drawn, seeds, strict=False)])


@pytest.mark.nightly
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("model_id", MODELS)
@settings(max_examples=5_000)
@given(data=st.data())
def test_thousands_of_lines_of_an_installed_model(model_id: str, data: st.DataObject) -> None:
    cls = find_model(model_id)
    drawn = data.draw(payloads(Oracle(cls).schema))
    agree(cls, [spelled(drawn, seed) for seed in range(20)])


@settings(max_examples=40, suppress_health_check=EXPECTED)
@given(schema=input_schemas(), data=st.data())
def test_any_line_of_any_schema(
    schema: dict[str, object], data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    judge(schema, data, tmp_path_factory)


@pytest.mark.nightly
@pytest.mark.timeout(3_600)
@settings(max_examples=5_000, suppress_health_check=EXPECTED)
@given(schema=input_schemas(), data=st.data())
def test_thousands_of_schemas(
    schema: dict[str, object], data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    judge(schema, data, tmp_path_factory)


def judge(schema: dict[str, object], data: st.DataObject, folders: pytest.TempPathFactory) -> None:
    cls = quick_class(folders.getbasetemp(), schema)
    drawn = data.draw(st.lists(payloads(Oracle(cls).schema), min_size=6, max_size=6))
    agree(cls, [spelled(payload, seed) for seed, payload in enumerate(drawn)])
    agree(cls, [json.dumps(payload) for payload in drawn])


@pytest.mark.parametrize("model_id", MODELS)
def test_limits_are_met_from_both_sides(model_id: str) -> None:
    cls = find_model(model_id)
    example = cls.example().payload()
    lines = [
        spelled({**example, name: value}, seed)
        for seed in range(3)
        for name, part in Oracle(cls).schema["properties"].items()
        for value in [*edges(part), None, True, 0, 1.5, "", [], [None], {}, 2**53 + 1]
    ]
    agree(cls, lines)


@pytest.mark.parametrize("model_id", MODELS)
def test_the_example_of_a_page_is_clean_at_once(model_id: str) -> None:
    decoder = clean_decoder(find_model(model_id))
    assert decoder
    decoder.decode(json.dumps(find_model(model_id)._example))


IMAGE = {"type": "string", "format": "image_uri", "validations": [
    {"validation_rule": "width_pixels>", "validation_value": 5, "validation_error": "x"}
]}  # fmt: skip
MEDIA: dict[str, Any] = {
    "image": IMAGE,
    "images": {"type": "array", "items": IMAGE},
    "either": {**IMAGE, "type": ["string", "null"]},
    "chosen": {**IMAGE, "enum": ["https://x.io/1", "http://x/2", None]},
    "loras": {
        "type": "array",
        "items": {
            "type": "object",
            "properties": {"path": IMAGE, "scale": {"type": "number"}},
            "required": ["scale"],
        },
    },
    "frame": {"type": "object", "properties": {"first": IMAGE}},
    "grid": {"type": "array", "items": {"type": "array", "items": IMAGE}},
}


@settings(max_examples=60)
@given(data=st.data())
def test_urls_wherever_they_stand(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    url = st.sampled_from(URLS)
    lists = st.lists(url, max_size=3)
    lora = st.fixed_dictionaries({"scale": st.just(1)}, optional={"path": url})
    strategy = st.fixed_dictionaries(
        {},
        optional={
            "image": url | lists,
            "images": lists | url,
            "either": url | st.none() | lists,
            "chosen": st.sampled_from(["https://x.io/1", "http://x/2", None, ""]),
            "loras": st.lists(lora, max_size=3),
            "frame": st.fixed_dictionaries({}, optional={"first": url}),
            "grid": st.lists(lists, max_size=2),
        },
    )
    cls = media_class(tmp_path_factory)
    lines = [json.dumps(payload) for payload in data.draw(st.lists(strategy, max_size=6))]
    agree(cls, lines)
    agree(cls, lines, files={URLS[0]: b"no picture"}, strict=True)


def test_urls_wherever_they_stand_are_clean_at_once(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    decoder = clean_decoder(media_class(tmp_path_factory))
    assert decoder
    good = URLS[0]
    payload = {
        "image": good,
        "images": [good, good],
        "either": good,
        "chosen": "https://x.io/1",
        "loras": [{"scale": 1, "path": good}, {"scale": 0.5}],
        "grid": [[good], []],
    }
    text = json.dumps(payload)
    values = decoder.media_values(decoder.decode(text))
    none = decoder.media_values(decoder.decode("{}"))
    assert decoder.remote_rules([values, none], set()) == 7
    assert decoder.remote_rules([values, values], set()) == 14
    assert decoder.remote_rules([values], {good}) is None
    assert decoder.remote_rules([values, values], {good}) is None
    for name, bad in (
        ("image", "http://x"),
        ("grid", [[good], ["x"]]),
        ("loras", [{"scale": 1, "path": "x"}]),
    ):
        changed = decoder.decode(json.dumps({**payload, name: bad}))
        assert decoder.remote_rules([decoder.media_values(changed)], set()) is None, name


@given(
    urls=st.lists(
        st.sampled_from([*URLS, "https://a.b/c", "https://a.b/c\nhttps://a.b/c"]), max_size=5
    )
)
def test_many_urls_are_plain_if_each_is(urls: list[str]) -> None:
    assert are_plain_urls(urls) == all(map(is_plain_url, urls))
    assert are_plain_urls(urls[:1] * 3) == all(map(is_plain_url, urls[:1]))


_made: list[Any] = []


def media_class(folders: pytest.TempPathFactory) -> Any:
    if not _made:
        _made.append(make_class(folders.mktemp("media"), MEDIA))
    return _made[0]


#: Schemas of values, with texts that must be clean at once, and others for which msgspec must not decide.
VALUES: dict[str, tuple[dict[str, Any], list[str], list[str]]] = {
    "integer": ({"type": "integer"}, ["1", "-0", "9007199254740991"], ["1.0", "true", "9007199254740992"]),
    "integer from 0.5": ({"type": "integer", "minimum": 0.5, "exclusiveMaximum": 3}, ["1", "2"], ["0", "3"]),
    "number": ({"type": "float"}, ["1", "1.5", "1e2"], ["NaN", "1e400", "9007199254740993", "true"]),
    "number above 1": ({"type": "number", "exclusiveMinimum": 1, "maximum": 2}, ["1.1", "2"], ["1", "1.0", "2.1"]),
    "wide bound": ({"type": "number", "maximum": 2**53}, [], ["1", "9007199254740993"]),
    "steps of 0.01": ({"type": "number", "multipleOf": 0.01}, [], ["4.02"]),
    "steps of 3": ({"type": "integer", "multipleOf": 3}, ["-3", "0", "6"], ["1", "3.0"]),
    "choices": ({"enum": ["a", 1, None, True, 0.5]}, ['"a"', "1", "null"], ["true", "1.0", "0.5", '"b"']),
    "choices of a type": ({"type": "string", "enum": ["a", 1]}, ['"a"'], ["1"]),
    "null or text": ({"anyOf": [{"type": "string"}, {"type": "null"}]}, ["null", '"a"'], ["1"]),
    "one of three": ({"oneOf": [{"type": "boolean"}, {"type": "integer"}, {"type": "null"}]}, ["true", "1"], ["1.0"]),
    "one of two that overlap": ({"oneOf": [{"type": "number"}, {"type": "integer"}]}, [], ["1", "1.5"]),
    "nullable": ({"type": "string", "nullable": True}, ["null", '"a"'], ["1"]),
    "pattern": ({"type": "string", "pattern": "^a+$", "maxLength": 2}, ['"a"', '"aa"'], ['"aaa"', '"b"', '"a\\nb"']),
    "anything": ({}, ["1", "[1]", '{"a": null}'], ["[[]]", "NaN"]),
    "unknown keyword": ({"type": "string", "sparkle": 1}, [], ['"a"']),
    "no type": ({"maxLength": 2}, [], ['"a"', '"abc"', "5"]),
    "reference": ({"$ref": "#/$defs/short"}, ['"abc"'], ['"abcd"', "1"]),
    "closed": ({"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]},
               ['{"a": "x"}'], ['{}', '{"a": "x", "b": 1}', '{"a": 1}']),
    "sizes": ({"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 2}, ['["a"]'], ["[]", "[1]"]),
    "unique": ({"type": "array", "items": {"type": "string"}, "uniqueItems": True}, [], ['["a"]', '["a", "a"]']),
}  # fmt: skip


@pytest.mark.parametrize("name", VALUES)
def test_only_what_is_certainly_clean_is_decided(name: str, tmp_path: Any) -> None:
    value, clean, other = VALUES[name]
    short = {"short": {"type": "string", "maxLength": 3}}
    cls = make_class(tmp_path, {"v": value}, **{"$defs": short})
    decoder = clean_decoder(cls)
    assert decoder
    for text in clean:
        decoder.decode(f'{{"v": {text}}}')
    for text in other:
        with pytest.raises(ValueError):
            decoder.decode(f'{{"v": {text}}}')
    agree(cls, [f'{{"v": {text}}}' for text in [*clean, *other]])


def test_a_schema_that_refers_to_itself_has_an_end(tmp_path: Any) -> None:
    names = "abcdefgh"
    tree = {"type": "object", "properties": {name: {"$ref": "#/$defs/tree"} for name in names}}
    cls = make_class(tmp_path, {"v": tree}, **{"$defs": {"tree": tree}})
    assert clean_decoder(cls) is None
    agree(cls, ['{"v": {"a": {"b": {}}}}', '{"v": 1}'])
