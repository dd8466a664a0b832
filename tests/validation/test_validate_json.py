"""One payload as text: the report that ``validate`` gives for its value."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

import runcomfy
from runcomfy import validate, validate_json
from runcomfy.model.registry import find_model
from support.payload_lines import GOOD, URL, WAN
from support.pictures import picture
from support.small_models import make_class

PAYLOADS: list[dict[str, Any]] = [
    GOOD,
    {**GOOD, "seed": -1, "promt": "x"},
    {**GOOD, "seed": 1.0},
    {**GOOD, "image_urls": ["http://x/y", "cat.png", "data:,"]},
    {"image_urls": []},
    {},
]


@pytest.fixture(params=["msgspec", "json"], autouse=True)
def decoder(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """With msgspec, and as if it were not installed."""
    if request.param == "json":
        monkeypatch.setitem(sys.modules, "msgspec", None)
    else:
        pytest.importorskip("msgspec")


@pytest.mark.parametrize("payload", PAYLOADS, ids=str)
@pytest.mark.parametrize("strict", [False, True])
def test_the_report_is_the_one_for_the_value(payload: dict[str, Any], strict: bool) -> None:
    expected = validate(WAN, payload, strict=strict)
    text = json.dumps(payload)
    for given in (text, text.encode(), b"\xef\xbb\xbf" + text.encode(), f" {text}\r\n"):
        assert validate_json(WAN, given, strict=strict) == expected


@pytest.mark.parametrize("model_id", runcomfy.model_ids())
def test_examples_have_the_report_for_their_value(model_id: str) -> None:
    example = find_model(model_id)._example
    assert validate_json(model_id, json.dumps(example)) == validate(model_id, example)


def test_a_text_that_is_no_json_has_one_error_with_its_place() -> None:
    for text in ('{"prompt":\n}', b'{"prompt":\n}'):
        (error,) = validate_json(WAN, text).errors
        assert error.rule == "syntax"
        assert error.message == "is not valid JSON: Expecting value at line 2, column 1"
    (error,) = validate_json(WAN, b'{"prompt": "\xff"}').errors
    assert "not UTF-8" in error.message
    assert [error.rule for error in validate_json(WAN, "[" * 100_000).errors] == ["syntax"]


@pytest.mark.parametrize("text", ["5", "null", "[]", '"x"'])
def test_a_value_that_is_no_object_is_refused(text: str) -> None:
    assert [error.rule for error in validate_json(WAN, text).errors] == ["type"]


def test_given_files_are_inspected() -> None:
    report = validate_json(WAN, json.dumps(GOOD), files={URL: picture(300, 500)})
    assert [error.rule for error in report.errors] == ["width_pixels>"]


def test_files_behind_texts_that_are_missing_are_not_made_up(tmp_path: Path) -> None:
    rule = {"validation_rule": "width_pixels>", "validation_value": 5, "validation_error": "x"}
    image = {"type": "string", "format": "image_uri", "validations": [rule]}
    lora = {"type": "object", "properties": {"path": image, "scale": {"type": "number"}}}
    cls = make_class(tmp_path, {"image": image, "loras": {"type": "array", "items": lora}})
    payload = {"loras": [{"scale": 1}, {"path": URL}]}
    expected = validate(cls, payload)
    assert [one.pointer for one in expected.unchecked] == ["/loras/1/path"]
    assert validate_json(cls, json.dumps(payload)) == expected


def test_a_clean_text_without_urls_becomes_no_dict(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if sys.modules["msgspec"] is None:
        pytest.skip("without msgspec there is no other way")
    cls = make_class(tmp_path, {"prompt": {"type": "string"}})
    monkeypatch.setattr("runcomfy.validation.validate_json.read_json", None)
    assert validate_json(cls, '{"prompt": "x"}').valid
