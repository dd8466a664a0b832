"""``validate``: three answers, no exception over a payload, and no change to it."""

from __future__ import annotations

import copy
import enum
import importlib.metadata
import json
import sqlite3
import subprocess
import sys
from collections import UserDict
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from runcomfy import MissingExtra, UnknownModel, ValidationError, Violation, validate
from runcomfy.extras import install_command
from runcomfy.model import check_by_library
from runcomfy_models.wan_ai import Wan2_6ImageToImage
from support.pictures import picture
from support.sample_model import Sample
from support.small_models import make_class

WAN = "wan-ai/wan-2-6/image-to-image"
WIDE = {"validation_rule": "width_pixels>", "validation_value": 384}
GOOD: dict[str, Any] = {"prompt": "two monsters", "image_urls": ["https://example.com/a.png"]}


def errors(payload: object, model: Any = WAN) -> list[tuple[str, str]]:
    return [(error.pointer, error.rule) for error in validate(model, payload).errors]


def test_a_model_is_given_by_id_or_by_class_and_a_payload_may_be_a_request() -> None:
    request = Wan2_6ImageToImage(prompt="x", image_urls=["https://example.com/a.png"])
    for report in (
        validate(WAN, GOOD),
        validate(Wan2_6ImageToImage, GOOD),
        validate(WAN, request),
        validate(Wan2_6ImageToImage, MappingProxyType(GOOD)),
    ):
        assert (report.model_id, report.errors, report.warnings) == (WAN, [], [])
        assert len(report.unchecked) == 5


def test_an_unknown_model_and_a_wrong_type_are_exceptions() -> None:
    with pytest.raises(UnknownModel, match="Did you mean 'wan-ai/wan-2-6/image-to-image'"):
        validate("wan-ai/wan-2-6/image-to-imge", {})
    with pytest.raises(TypeError, match="a model id or a request class"):
        validate(dict, {})  # type: ignore[arg-type]  # wrong on purpose, or a row of a table


def test_every_violation_is_reported_at_once() -> None:
    assert errors({"image_urls": [], "seed": -1, "image_size": "huge"}) == [
        ("", "required"),
        ("/image_urls", "minItems"),
        ("/image_size", "enum"),
        ("/seed", "minimum"),
    ]


def test_an_unknown_input_is_a_warning_that_knows_what_was_meant() -> None:
    report = validate(WAN, {**GOOD, "promt": "x"})
    (warning,) = report.warnings
    assert report.valid
    assert (warning.pointer, warning.rule) == ("/promt", "unknown-input")
    assert "did you mean 'prompt'?" in warning.message


def test_strict_turns_warnings_into_errors_and_leaves_the_unchecked() -> None:
    report = validate(WAN, {**GOOD, "promt": "x"}, strict=True)
    assert [error.rule for error in report.errors] == ["unknown-input"]
    assert not report.warnings
    assert len(report.unchecked) == 5


def test_an_unknown_input_that_json_cannot_hold_is_an_error_too() -> None:
    report = validate(WAN, {**GOOD, "other": float("nan")})
    assert [(error.pointer, error.rule) for error in report.errors] == [("/other", "json")]


@pytest.mark.parametrize("payload", [None, True, 5, 1.5, "text", [], [GOOD], float("nan")])
def test_a_payload_that_is_no_object_is_one_clear_violation(payload: object) -> None:
    report = validate(WAN, payload)
    assert [(error.pointer, error.rule) for error in report.errors] == [("", "type")]
    assert "must be an object" in str(report)


@pytest.mark.parametrize(
    ("seed", "rules"),
    [
        (1.0, []),
        (1.5, ["type"]),
        (True, ["type"]),
        (float("nan"), ["type"]),
        (float("inf"), ["type"]),
        pytest.param(10**5000, ["maximum"], id="a number of 5,000 digits"),
        ("1", ["type"]),
        (None, ["type"]),
    ],
)
def test_odd_numbers_have_the_verdict_of_json_schema(seed: object, rules: list[str]) -> None:
    report = validate(WAN, {**GOOD, "seed": seed})
    assert [error.rule for error in report.errors] == rules
    assert len(str(report)) < 1000
    json.dumps(report.as_dict())


def test_members_of_text_enums_count_as_the_text_they_stand_for() -> None:
    class Size(enum.StrEnum):
        SQUARE = "1024*1024 (1:1)"

    assert errors({**GOOD, "image_size": Size.SQUARE, "image_urls": ("https://x/y",)}) == []


def nested(depth: int) -> Any:
    value: Any = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize("name", ["prompt", "image_urls", "other"])
def test_deep_nesting_is_a_violation_and_no_traceback(name: str) -> None:
    report = validate(WAN, {**GOOD, name: nested(100_000)})
    assert not report.valid
    assert len(str(report)) < 2000


def test_huge_texts_make_short_messages() -> None:
    huge = "x" * 10_000_000
    payload = {"prompt": 5, "image_urls": [huge], "image_size": huge, "negative_prompt": huge}
    report = validate(WAN, payload)
    assert ("/image_size", "enum") in errors(payload)
    assert len(str(report)) < 3000
    assert len(json.dumps(report.as_dict())) < 6000


def test_names_that_are_no_texts_are_violations() -> None:
    payload: dict[Any, Any] = {**GOOD, 5: "x", None: 1}
    assert errors(payload) == [("", "json"), ("", "json")]


def test_thousands_of_unknown_inputs_are_all_reported_and_quickly() -> None:
    report = validate(WAN, {**GOOD, **{f"promp{i}": i for i in range(20_000)}})
    assert len(report.warnings) == 20_000


def test_the_callers_payload_stays_as_it_is() -> None:
    payload = {**GOOD, "seed": -1, "other": {"a": [1, 2]}, "image_size": None}
    before = copy.deepcopy(payload)
    validate(WAN, payload, strict=True, files={"https://example.com/a.png": b"x"})
    assert payload == before


@pytest.mark.parametrize("kind", [dict, MappingProxyType, UserDict], ids=lambda kind: kind.__name__)
def test_files_are_looked_for_in_every_kind_of_mapping(tmp_path: Path, kind: Any) -> None:
    image = {"type": "string", "format": "image_uri", "validations": [WIDE]}
    inner = {"type": "object", "properties": {"image": image}}
    untyped = {"properties": {"image": image}}
    cls = make_class(tmp_path, {"one": inner, "other": untyped})
    url = "https://example.com/a.png"
    payload = {"one": kind({"image": url}), "other": kind({"image": url})}
    assert [one.pointer for one in validate(cls, payload).unchecked] == [
        "/one/image",
        "/other/image",
    ]
    report = validate(cls, payload, files={url: picture(10, 10)})
    assert [error.pointer for error in report.errors] == ["/one/image", "/other/image"]


def test_a_row_of_a_database_is_a_mapping() -> None:
    connection = sqlite3.connect(":memory:")
    connection.row_factory = sqlite3.Row
    row = connection.execute("SELECT 'two monsters' AS prompt, 'a' AS image_urls").fetchone()
    connection.close()
    assert errors(row) == [("/image_urls", "type")]


def test_what_only_looks_like_a_mapping_is_a_violation() -> None:
    class Odd:
        def keys(self) -> list[str]:
            return ["prompt"]

    assert errors({**GOOD, "prompt": Odd()}) == [("/prompt", "type")]


@pytest.mark.parametrize("body", ["\ud800", "a\udfff%41"])
def test_half_a_surrogate_pair_in_a_data_uri_is_a_violation(body: str) -> None:
    found = errors({**GOOD, "image_urls": [f"data:,{body}"]})
    assert found == [("/image_urls/0", "file")]


def test_patterns_that_cannot_stand_side_by_side_are_reported_when_generating(
    tmp_path: Path,
) -> None:
    """The jsonschema library joins them, and would fail at the first payload."""
    patterns = {"^a": {"type": "string"}, "(?i)abc": {"type": "integer"}}
    cls = make_class(tmp_path, {}, patternProperties=patterns, additionalProperties=False)
    assert errors({"zzz": 1}, cls) == []  # the pattern that is left out may have admitted it
    assert errors({"a": 1}, cls) == [("/a", "type")]


def test_a_schema_that_needs_a_missing_library_is_unchecked_and_not_passed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def check(payload: object) -> Any:
        raise MissingExtra("Checking tests/sample in full", "schema")

    monkeypatch.setattr(Sample, "_check", staticmethod(check))
    report = validate(Sample, {"strenght": 1})
    (unchecked,) = report.unchecked
    assert (unchecked.pointer, unchecked.rule, unchecked.url) == ("", "schema", None)
    assert install_command("schema") in unchecked.reason
    assert [warning.pointer for warning in report.warnings] == ["/strenght"]


def test_what_was_found_before_a_library_was_missing_is_reported(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def check(payload: object) -> list[Violation]:
        found = [Violation("/prompt", "type", 5, "string")]
        check_by_library("tests.sample.of.a.model", (), payload, "", found)
        return found

    monkeypatch.setattr(Sample, "_check", staticmethod(check))
    monkeypatch.setitem(sys.modules, "jsonschema", None)
    report = validate(Sample, {"prompt": 5})
    assert [error.pointer for error in report.errors] == ["/prompt"]
    assert [one.rule for one in report.unchecked] == ["schema"]
    with pytest.raises(MissingExtra) as caught:
        Sample.from_payload({"prompt": 5})
    assert caught.value.violations == report.errors


def test_a_validation_imports_none_of_the_slow_modules() -> None:
    program = (
        "import sys\n"
        "before = set(sys.modules)\n"
        "from runcomfy import validate\n"
        f"assert validate({WAN!r}, {GOOD!r}).valid\n"
        "print(*sorted(set(sys.modules) - before))\n"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", f"import sys; sys.path[:] = {sys.path!r}\n{program}"],
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(done.stdout.split())
    slow = {"re", "json", "typing", "dataclasses", "enum", "pathlib", "functools", "inspect"}
    assert not loaded & (slow | {"importlib.metadata", "collections.abc", "httpx", "imagesize"})
    models = {name for name in loaded if name.startswith("runcomfy_models.")}
    assert models == {
        "runcomfy_models.wan_ai",
        "runcomfy_models.wan_ai.wan_2_6_image_to_image",
    }


@pytest.mark.parametrize("name", ["extra", "prompt", "image_urls"])
def test_what_contains_itself_is_a_violation(name: str) -> None:
    knot: list[object] = []
    knot += [knot, knot]
    payload = {**Wan2_6ImageToImage.example().payload(), name: knot}
    report = validate(Wan2_6ImageToImage, payload)
    assert any(error.pointer.startswith(f"/{name}") for error in report.errors)
    with pytest.raises(ValidationError):
        Wan2_6ImageToImage.from_payload(payload)


@pytest.mark.parametrize("what", ["gone", "without the subpackage of an owner"])
def test_an_announced_package_that_is_broken_does_not_stop_the_others(
    what: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    if what != "gone":
        (tmp_path / "broken_models").mkdir()
        (tmp_path / "broken_models/__init__.py").write_text("_OWNERS = {'acme': 'acme'}\n")
        monkeypatch.syspath_prepend(tmp_path)
    points = EntryPoints([EntryPoint("broken", "broken_models", "runcomfy.models")])
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda **_: points)
    with pytest.raises(UnknownModel):
        validate("acme/unknown", {})
    assert "broken_models is skipped" in caplog.text


@pytest.mark.parametrize("part", ["wan-2-6", "Wan-AI/", "image-to-image"])
def test_a_part_of_an_id_is_answered_with_the_ids_that_hold_it(part: str) -> None:
    with pytest.raises(UnknownModel) as caught:
        validate(part, {})
    assert WAN in caught.value.suggestions
    assert all(part.strip("/").casefold() in one for one in caught.value.suggestions)
