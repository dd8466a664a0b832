"""Many payloads, one on each line: the same reports as one at a time, whatever reads them."""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runcomfy import MissingExtra, Report, UnknownModel, validate, validate_lines
from runcomfy.validation import byte_ranges as ranges
from runcomfy.validation.json_text import read_line
from runcomfy.validation.scanner import _minds_digits, _reader
from support.payload_lines import URL, WAN, found, line
from support.pictures import data_uri, picture
from support.sample_model import Sample


@pytest.fixture(params=["orjson", "json"])
def parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Read the lines with orjson, and as if it were not installed."""
    if request.param == "json":
        monkeypatch.setitem(sys.modules, "orjson", None)
    else:
        pytest.importorskip("orjson")
    return str(request.param)


def test_only_lines_that_are_not_clean_are_reported_with_their_numbers(parser: str) -> None:
    lines = [line(), line(seed=-1), line(), line(promt="x"), line(), b'{"prompt":\n']
    reports = validate_lines(WAN, lines)
    told = dict(reports)
    assert list(told) == [2, 4, 6]
    assert [error.rule for error in told[2].errors] == ["minimum"]
    assert [warning.rule for warning in told[4].warnings] == ["unknown-input"]
    assert [error.rule for error in told[6].errors] == ["syntax"]
    assert reports.summary.as_dict() == {
        "lines": 6,
        "invalid": 2,
        "warned": 1,
        "unchecked": 25,
    }
    assert str(reports.summary) == (
        "6 payloads, 2 invalid, 1 with warnings only, 25 media rules not checked"
    )


def test_texts_bytes_blank_lines_crlf_and_a_byte_order_mark_are_fine(parser: str) -> None:
    text = line().decode().strip()
    lines: list[Any] = [
        "\ufeff" + text,
        "",
        text + "\r\n",
        " \t\n",
        "  " + text + "  ",
        text.encode(),
    ]
    reports = validate_lines(WAN, lines)
    assert dict(reports) == {}
    assert reports.summary.lines == 4
    assert found([b"\xef\xbb\xbf" + line()]) == {}


#: Lines on which parsers differ, or that are on the edge of what a line may be.
ODD = [
    b"",
    b"   ",
    b"null",
    b"5",
    b'"text"',
    b"[]",
    b'["image_urls"]',
    b"{}",
    b"{} {}",
    b"{},{}",
    b'{"prompt": NaN, "image_urls": []}',
    b'{"prompt": "x", "image_urls": ["https://x/y"], "seed": Infinity}',
    b'{"prompt": "x", "image_urls": ["https://x/y"], "seed": 1e400}',
    b'{"prompt": "x", "image_urls": ["https://x/y"], "seed": 1.0}',
    b'{"prompt": "x", "image_urls": ["https://x/y"], "seed": true}',
    b'{"prompt": "x", "image_urls": ["https://x/y"], "seed": 12345678901234567890123}',
    b'{"prompt": "x", "image_urls": ["https://x/y"], "other": 12345678901234567890123}',
    b'{"prompt": "x", "image_urls": ["https://x/y"], "seed": ' + b"9" * 5000 + b"}",
    b'{"prompt": "\\ud800", "image_urls": ["https://x/y"]}',
    b'{"prompt": "\xff", "image_urls": ["https://x/y"]}',
    b'{"prompt": "\xed\xa0\x80", "image_urls": ["https://x/y"]}',
    b'{"prompt": "\t", "image_urls": ["https://x/y"]}',
    b'{"prompt": "x", "prompt": 5, "image_urls": ["https://x/y"]}',
    b'{"prompt": "x", "image_urls": "https://x/y"}',
    b'{"prompt": "x", "image_urls": [5, null, ["https://x/y"], {}]}',
    b'{"prompt": "x", "image_urls": ["http://x/y"]}',
    b'{"prompt": "x", "image_urls": ["HTTPS://x/y", "https;"]}',
    b'{"prompt": "x", "image_urls": ["https://x/y"], "other": ' + b"[" * 300 + b"]" * 300 + b"}",
    b'{"prompt": ' + b"[" * 1010 + b"]" * 1010 + b"}",
    b"[" * 100_000,
    "{}".encode("utf-16"),
]


def single(raw: bytes, **options: Any) -> Report | None:
    """The report on one line by other means: the standard library, and ``validate``."""
    try:
        report = validate(WAN, json.loads(raw.decode("utf-8-sig")), **options)
    except (ValueError, RecursionError):
        return Report(WAN, [])  # just told apart; the words are another test's
    return report if report.errors or report.warnings else None


def same(report: Report | None, expected: Report | None) -> bool:
    if report is not None and [error.rule for error in report.errors] == ["syntax"]:
        return expected == Report(WAN, [])
    if report is None or expected is None:
        return report is expected
    return repr((report.errors, report.warnings)) == repr((expected.errors, expected.warnings))


@pytest.mark.parametrize("raw", [one for one in ODD if one.strip()], ids=lambda raw: raw[:60])
def test_an_odd_line_has_the_report_that_validate_gives(raw: bytes, parser: str) -> None:
    told = found([line(), raw, line()])
    assert same(told.get(2), single(raw))
    assert set(told) <= {2}


def test_many_odd_lines_together_have_their_reports_in_order(parser: str) -> None:
    chosen = [*ODD, line(), line(seed=-1)] * 30
    random.Random(5).shuffle(chosen)  # noqa: S311  # an order, no secret
    reports = validate_lines(WAN, chosen)
    told = dict(reports)
    assert list(told) == sorted(told)
    for number, raw in enumerate(chosen, 1):
        if raw.strip():
            assert same(told.get(number), single(raw)), raw[:80]
        else:
            assert number not in told
    assert reports.summary.lines == sum(bool(raw.strip()) for raw in chosen)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
PAYLOADS = st.fixed_dictionaries(
    {},
    optional={
        "prompt": st.just("x") | JSON,
        "image_urls": st.just([URL]) | st.lists(st.just(URL) | JSON, max_size=4) | JSON,
        "seed": st.integers(-5, 5) | JSON,
        "image_size": st.just("1024*1024 (1:1)") | JSON,
        "other": JSON,
    },
)


@settings(max_examples=200, deadline=None)
@given(st.lists(PAYLOADS, max_size=5), st.booleans())
def test_lines_and_single_payloads_agree(payloads: list[Any], strict: bool) -> None:
    lines = [json.dumps(payload).encode() for payload in payloads]
    told = found(lines, strict=strict)
    for number, raw in enumerate(lines, 1):
        assert same(told.get(number), single(raw, strict=strict))


def test_the_place_of_a_fault_in_a_line_is_its_column() -> None:
    (error,) = found([b'{"prompt": x}'])[1].errors
    assert error.message == "is not valid JSON: Expecting value at column 12"
    assert error.value == '{"prompt": x}'
    (error,) = found([b'{"prompt": "\xff"}'])[1].errors
    for cut in (b'{"a": 1,\r\n', b'{"a": 1,'):
        (error,) = found([cut])[1].errors
        assert error.message.endswith("enclosed in double quotes at column 9")
    (error,) = found([b'{"prompt": "\xff"}'])[1].errors
    assert error.message == "is not valid JSON: the text is not UTF-8 at column 13"


def test_wide_integers_are_distinguished_where_a_rule_can(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("orjson")
    assert _reader(_minds_digits(Sample)) is not read_line
    for schema in ({"maximum": 2**64}, {"multipleOf": 3}, {"anyOf": [{"enum": [-(2**70)]}]}):
        properties = {"properties": {"strength": schema}}
        monkeypatch.setattr(Sample, "input_schema", staticmethod(lambda s=properties: s))
        assert _reader(_minds_digits(Sample)) is read_line
    assert found([json.dumps({"strength": 2**64 + 1})], Sample)[1].errors[0].value == 2**64 + 1


def test_strict_makes_warnings_errors(parser: str) -> None:
    reports = validate_lines(
        WAN, [line(promt="x"), line(image_urls=["http://x.io/y"])], strict=True
    )
    assert [report.errors[0].rule for _, report in reports] == ["unknown-input", "url-http"]
    assert reports.summary.invalid == 2


def test_given_files_and_data_uris_are_inspected(parser: str, tmp_path: Path) -> None:
    small = tmp_path / "small.png"
    small.write_bytes(picture(300, 400))
    lines = [
        line(),
        line(image_urls=["https://example.com/b.png"]),
        line(image_urls=[data_uri(picture(400, 300))]),
        line(image_urls=[data_uri(picture(400, 500))]),
    ]
    reports = validate_lines(WAN, lines, files={URL: small})
    told = {number: [error.rule for error in report.errors] for number, report in reports}
    assert told == {1: ["width_pixels>"], 3: ["height_pixels>"]}
    assert reports.summary.unchecked == 5


def test_a_given_file_that_cannot_be_read_is_reported(tmp_path: Path) -> None:
    reports = validate_lines(WAN, [line()], files={URL: tmp_path / "none"})
    (one,) = dict(reports).values()
    assert one.valid
    assert len(one.unchecked) == 5
    assert reports.summary.unchecked == 5


def test_media_inputs_of_every_shape_are_inspected_and_counted(parser: str) -> None:
    lines = [
        json.dumps({"image": URL, "pair": [URL, URL], "loras": [{"path": URL}, {"path": URL}]}),
        json.dumps({"loras": [{"path": "x.bin"}]}),
        json.dumps({"image": None, "pair": "https://x.io"}),
    ]
    reports = validate_lines(Sample, lines)
    told = [(number, report.warnings[0].pointer) for number, report in reports]
    assert told == [(2, "/loras/0/path")]
    assert reports.summary.unchecked == 2 + 2 + 2 + 1 + 1


def test_a_missing_library_an_unknown_model_and_bad_options_raise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def check(payload: object) -> Any:
        raise MissingExtra("Checking tests/sample in full", "schema")

    with pytest.raises(UnknownModel):
        validate_lines("a/b", [])
    with pytest.raises(ValueError, match="at least 1"):
        validate_lines(WAN, [], processes=0)
    monkeypatch.setattr(Sample, "_check", staticmethod(check))
    with pytest.raises(MissingExtra):
        found(["{}"], Sample)


def test_lines_are_read_as_they_are_needed() -> None:
    def endless() -> Iterator[bytes]:
        while True:
            yield line(seed=-1)

    reports = iter(validate_lines(WAN, endless()))
    assert [next(reports)[0] for _ in range(3)] == [1, 2, 3]


@pytest.mark.parametrize("size", [1, 7, 64, 4_096])
@pytest.mark.parametrize("end", [b"", b"\n", b"\n\n"])
def test_every_line_of_a_file_is_read_once_wherever_its_ranges_end(
    size: int, end: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ranges, "_SIZE", size)
    text = b"skipped\n" + b"\n".join([b"a", b"", b"bb" * 40, b"c\r", b"", b"d"]) + end
    file = tmp_path / "lines"
    file.write_bytes(text)
    with file.open("rb") as opened:
        next(opened)
        place = opened.fileno()
        got = [line for where in ranges.ranges(opened) for line in ranges.lines_in(place, where)]
        assert opened.read() == b""
    assert got == text.splitlines(keepends=True)[1:]


def test_a_file_that_grows_while_it_is_read_is_read_to_its_end(tmp_path: Path) -> None:
    file = tmp_path / "payloads.jsonl"
    file.write_bytes(line(seed=-1))
    with file.open("rb") as lines:
        reports = iter(validate_lines(WAN, lines))
        assert next(reports)[0] == 1
        with file.open("ab") as more:
            more.writelines([line(), line(seed=-1)])
        assert [number for number, _ in reports] == [3]
