"""What a worker does with an Arrow table: the columns that come, for every kind of row and of hostile text."""

from __future__ import annotations

import io
import json
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]  # it brings no types
import pyarrow.parquet as pq  # type: ignore[import-untyped]  # likewise
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import runcomfy
from runcomfy import ConfigurationError, Report, validate, validate_lines
from runcomfy.model.registry import find_model
from runcomfy.ray.probing import probe_table
from runcomfy.ray.validating import validate_table
from runcomfy.validation.executor import scan_task
from runcomfy.validation.scanner import Scanner
from support.differential.oracle import Oracle
from support.differential.payloads import payloads
from support.payload_lines import GOOD, URL, WAN
from support.picture_bytes import png
from support.spelled import spelled

#: A text, and the rule of its only error; ``None`` for a clean one.
HOSTILE: dict[str, tuple[bytes, str | None]] = {
    "not UTF-8": (b'{"prompt": "\xff\xfe"}', "syntax"),
    "cut": (b'{"prompt": "a', "syntax"),
    "NaN": (json.dumps({**GOOD, "seed": float("nan")}).encode(), "type"),
    "null bytes": (b"\x00\x00\x00", "syntax"),
    "a null byte in a text": (json.dumps({**GOOD, "prompt": "a\x00b"}).encode(), None),
    "duplicate keys": (json.dumps(GOOD).encode()[:-1] + b', "seed": -1}', "minimum"),
    "10 MB": (json.dumps({**GOOD, "prompt": "x" * 10_000_000, "seed": -1}).encode(), "minimum"),
    "a byte order mark": (b"\xef\xbb\xbf" + json.dumps(GOOD).encode(), None),
    "half a surrogate pair": (b'{"prompt": "\\ud800", "image_urls": [], "\\udc00": 1}', "minItems"),
    "deep": (b'{"prompt": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "syntax"),
    "no object": (b"[1, 2]", "type"),
    "two values": (b"{} {}", "syntax"),
    "a wide integer": (json.dumps({**GOOD, "seed": 10**4000}).encode(), "maximum"),
}


def checked(table: Any, model: Any = WAN, column: str | None = None, **options: Any) -> Any:
    task = scan_task(Scanner(find_model(model), None, options.pop("strict", False)))
    assert task
    return validate_table(table, task, column, tuple(options.pop("ignore", ())), **options)


def texts(*lines: bytes | None) -> Any:
    return pa.table({"payload": pa.array(lines, pa.binary())})


def verdicts(table: Any) -> list[bool | None]:
    found: list[bool | None] = table["report_valid"].to_pylist()
    return found


def rules(table: Any, name: str = "report_errors") -> list[list[str]]:
    return [[one["rule"] for one in row] for row in table[name].to_pylist()]


def test_the_columns_have_the_documented_types() -> None:
    table = checked(texts(json.dumps(GOOD).encode()), column="payload")
    text = ["pointer", "rule", "message", "value", "limit"]
    finding = [(name, pa.string()) for name in text]
    assert table.schema.remove_metadata() == pa.schema(
        {
            "payload": pa.binary(),
            "report_valid": pa.bool_(),
            "report_errors": pa.list_(pa.struct(finding)),
            "report_warnings": pa.list_(pa.struct([*finding, ("stops_run", pa.bool_())])),
            "report_unchecked": pa.list_(
                pa.struct([(name, pa.string()) for name in ("pointer", "rule", "reason", "url")])
            ),
        }
    )


def test_a_finding_is_reported_in_full() -> None:
    table = checked(texts(json.dumps({**GOOD, "seed": -1}).encode()), column="payload")
    [[error]] = table["report_errors"].to_pylist()
    assert error == {
        "pointer": "/seed",
        "rule": "minimum",
        "message": "must be at least 0",
        "value": "-1",
        "limit": "0",
    }


def test_a_blank_row_has_no_verdict() -> None:
    table = checked(texts(None, b"", b" \n", json.dumps(GOOD).encode()), column="payload")
    assert verdicts(table) == [None, None, None, True]
    assert checked(texts(), column="payload").num_rows == 0


def test_a_warning_says_whether_it_stops_a_run() -> None:
    line = json.dumps({**GOOD, "sed": 1}).encode()
    table = checked(texts(line), column="payload")
    assert verdicts(table) == [True]
    [[warning]] = table["report_warnings"].to_pylist()
    assert (warning["rule"], warning["stops_run"]) == ("unknown-input", True)
    strict = checked(texts(line), column="payload", strict=True)
    assert (verdicts(strict), rules(strict)) == ([False], [["unknown-input"]])


@pytest.mark.parametrize("case", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("kind", [pa.binary(), pa.large_binary(), "string"])
def test_a_hostile_text_has_the_verdict_of_a_line(
    case: tuple[bytes, str | None], kind: Any
) -> None:
    line, rule = case
    values = pa.array([line, json.dumps(GOOD).encode()], kind if kind != "string" else pa.binary())
    if kind == "string":  # Arrow does not look whether it is UTF-8
        values = pa.Array.from_buffers(pa.string(), 2, values.buffers())
    table = checked(pa.table({"payload": values}), column="payload")
    assert verdicts(table) == [rule is None, True]
    assert rule is None or rule in rules(table)[0]
    reports = dict(validate_lines(WAN, [line]))
    expected = [one.rule for one in reports[1].errors] if reports else []
    assert rules(table)[0] == expected


@pytest.mark.parametrize("model_id", runcomfy.model_ids())
@settings(max_examples=20)
@given(data=st.data())
def test_texts_have_the_reports_of_validate_lines(model_id: str, data: st.DataObject) -> None:
    cls = find_model(model_id)
    drawn = data.draw(st.lists(payloads(Oracle(cls).schema), max_size=8))
    given_lines = [spelled(payload, 5) for payload in drawn]
    lines = [one if isinstance(one, bytes) else one.encode() for one in given_lines]
    reports = dict(validate_lines(cls, lines))
    expected = [reports.get(number + 1, Report(model_id)) for number in range(len(lines))]
    agree(checked(texts(*lines), model_id, "payload"), expected)


def agree(table: Any, expected: list[Report]) -> None:
    assert verdicts(table) == [report.valid for report in expected]
    assert rules(table) == [[one.rule for one in report.errors] for report in expected]
    assert rules(table, "report_warnings") == [
        [one.rule for one in report.warnings] for report in expected
    ]
    pointers = [[one["pointer"] for one in row] for row in table["report_errors"].to_pylist()]
    assert pointers == [
        [one.pointer.encode(errors="backslashreplace").decode() for one in report.errors]
        for report in expected
    ]


#: Payloads whose values a table can hold as they are: each input has one type in all of them.
ROWS: list[dict[str, Any]] = [
    GOOD,
    {**GOOD, "seed": -1},
    {**GOOD, "image_urls": []},
    {"prompt": "x"},
    {**GOOD, "image_size": "huge", "seed": 5},
]


@pytest.mark.parametrize("column", [None, "payload"], ids=["columns", "a struct"])
def test_structs_have_the_verdicts_of_validate(column: str | None) -> None:
    payloads = pa.array(ROWS)
    together = column is None
    table = pa.Table.from_struct_array(payloads) if together else pa.table({"payload": payloads})
    assert verdicts(checked(table, column=column)) == [validate(WAN, one).valid for one in ROWS]


def test_a_null_is_an_input_that_is_not_given() -> None:
    table = pa.table(
        {"payload": pa.array([{**GOOD, "seed": None}, {"prompt": None, "seed": None}])}
    )
    found = checked(table, column="payload")
    assert verdicts(found) == [True, None]


def test_columns_that_are_no_inputs_are_left_out_by_name() -> None:
    table = pa.table({"id": [1], **{name: [value] for name, value in GOOD.items()}})
    assert rules(checked(table), "report_warnings") == [["unknown-input"]]
    found = checked(table, ignore=["id"])
    assert rules(found, "report_warnings") == [[]]
    assert found.column_names[0] == "id"


def test_a_text_in_a_table_that_is_not_utf8_is_a_fault_of_its_row() -> None:
    prompt = pa.Array.from_buffers(pa.string(), 2, pa.array([b"a\xff", b"ok"]).buffers())
    table = pa.table({"prompt": prompt, "image_urls": pa.array([[URL], [URL]])})
    found = checked(table)
    assert verdicts(found) == [False, True]
    assert "not UTF-8" in found["report_errors"].to_pylist()[0][0]["message"]


def test_a_column_that_holds_no_payload_is_named() -> None:
    with pytest.raises(ConfigurationError, match="column 'n' is of type int64"):
        checked(pa.table({"n": [1]}), column="n")
    with pytest.raises(ConfigurationError, match="0 columns 'm'; its columns are: n"):
        checked(pa.table({"n": [1]}), column="m")
    with pytest.raises(ConfigurationError, match="2 columns 'n'"):
        checked(pa.table([pa.array([1]), pa.array([2])], names=["n", "n"]))
    again = checked(texts(b"{}"), column="payload")
    with pytest.raises(ConfigurationError, match="has a column 'report_valid' already"):
        checked(again, column="payload")


def test_a_dictionary_of_texts_is_read_like_texts() -> None:
    values = pa.array([json.dumps(GOOD)] * 3).dictionary_encode()
    assert verdicts(checked(pa.table({"payload": values}), column="payload")) == [True] * 3


def probed(*values: Any, kind: Any = None) -> list[Any]:
    table = probe_table(pa.table({"file": pa.array(values, kind)}), "file", "media", None)
    found: list[Any] = table["media"].to_pylist()
    return found


def test_contents_are_probed() -> None:
    picture, broken, nothing = probed(png(640, 480), b"\x89PNG\r\n\x1a\n", None, kind=pa.binary())
    assert (picture["format"], picture["width"], picture["height"]) == ("png", 640, 480)
    assert picture["reason"] is None
    assert broken["width"] is None
    assert broken["reason"]
    assert nothing is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("/etc/passwd", "it is not a URL"),
        ("file:///etc/passwd", "it is not a URL"),
        ("data:image/png;base64,!!", "not of the form"),
        ("http://127.0.0.1:8080/a.png", "public"),
        ("http://169.254.169.254/latest", "public"),
        ("", "it is not a URL"),
        ("\x00", "it is not a URL"),
    ],
)
def test_a_text_opens_neither_files_nor_inner_hosts(text: str, reason: str) -> None:
    [found] = probed(text)
    assert reason in found["reason"]
    assert found["size"] is None


def test_a_data_uri_is_probed() -> None:
    import base64

    [found] = probed("data:image/png;base64," + base64.b64encode(png(20, 10)).decode())
    assert (found["width"], found["height"]) == (20, 10)


def test_row_groups_of_a_parquet_file_are_scanned_apart() -> None:
    """The numbers go on over groups, and blank rows are counted."""
    from runcomfy.validation.parquet_rows import ParquetLines

    content = io.BytesIO()
    rows = [GOOD, {"prompt": None}, {**GOOD, "seed": -1}, GOOD, {**GOOD, "seed": -2}]
    pq.write_table(pa.Table.from_struct_array(pa.array(rows)), content, row_group_size=2)
    lines = ParquetLines("rows", find_model(WAN), (), lambda _: io.BytesIO(content.getvalue()))
    task = scan_task(Scanner(find_model(WAN), None, False))
    scans = [scan(task, *arguments) for scan, arguments in lines.chunks()]
    assert [scan.lines for scan in scans] == [2, 2, 1]
    assert [[index for index, _ in scan.reports] for scan in scans] == [[], [0], [0]]
    assert sum(scan.blank for scan in scans) == 1
