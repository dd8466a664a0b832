"""Rows of JSON Lines, CSV, TSV and Parquet: the same payloads and reports, whatever holds them."""

from __future__ import annotations

import io
import json
import re
import sys
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from runcomfy import MissingExtra, validate_lines
from runcomfy.extras import install_command
from runcomfy.validation.rows import RowsUnreadable, read_rows, validate_rows
from support.payload_lines import URL, WAN
from support.small_models import make_class

HEADER = "prompt,image_urls,seed,prompt_extend,image_size"
GOOD = {
    "prompt": "two monsters",
    "image_urls": [URL],
    "seed": 5,
    "prompt_extend": True,
    "image_size": "1024*1024 (1:1)",
}
CELLS = f'two monsters,"[""{URL}""]",5,TRUE,1024*1024 (1:1)'


def written(folder: Path, content: str | bytes, name: str = "rows.csv") -> Path:
    file = folder / name
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return file


def payloads(file: Path, model: Any = WAN, **options: Any) -> list[Any]:
    return [row.payload for row in read_rows(file, model, **options)]


def test_cells_are_read_by_the_types_of_the_inputs(tmp_path: Path) -> None:
    assert payloads(written(tmp_path, f"{HEADER}\n{CELLS}\n")) == [GOOD]


def test_an_empty_cell_is_an_input_that_is_not_given(tmp_path: Path) -> None:
    assert payloads(written(tmp_path, f"{HEADER}\nx,,,,\n")) == [{"prompt": "x"}]


def test_other_text_in_a_cell_for_a_list_is_one_item(tmp_path: Path) -> None:
    assert payloads(written(tmp_path, f"image_urls\n{URL}\n")) == [{"image_urls": [URL]}]


@pytest.mark.parametrize(
    "text",
    ["prompt,seed\rx,1\ry,2\r", "prompt,seed\rx,1\ry,2", "sep=;\rprompt;seed\rx;1\ry;2\r"],
)
def test_lines_may_end_with_a_carriage_return(tmp_path: Path, text: str) -> None:
    expected = [{"prompt": "x", "seed": 1}, {"prompt": "y", "seed": 2}]
    assert payloads(written(tmp_path, text)) == expected
    assert payloads(written(tmp_path, text.replace(",", "\t"), "rows.tsv")) == expected


def test_a_carriage_return_in_quotes_is_part_of_the_cell(tmp_path: Path) -> None:
    for end in ("\r", "\n", "\r\n"):
        file = written(tmp_path, f'prompt,seed{end}"a\rb",1{end}')
        assert payloads(file) == [{"prompt": "a\rb", "seed": 1}]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_carriage_return_in_a_bare_cell_does_not_make_two_rows_of_one(
    tmp_path: Path, end: str
) -> None:
    file = written(tmp_path, f"prompt,seed{end}hello\rworld,1{end}")
    with pytest.raises(
        RowsUnreadable, match=r"csv, line 2: a carriage return in a cell without quotes"
    ):
        payloads(file)


@pytest.mark.parametrize("text", ["five", "007", "1,5", "+5", "1.", "NaN", "0x10", "１"])
def test_text_that_is_no_number_stays_text_for_the_validator(tmp_path: Path, text: str) -> None:
    file = written(tmp_path, f'prompt,image_urls,seed\nx,{URL},"{text}"\n')
    assert payloads(file)[0]["seed"] == text
    (report,) = dict(validate_rows(WAN, file)).values()
    assert [error.message for error in report.errors] == ["must be a whole number"]


def test_texts_keep_their_spaces_digits_and_line_ends(tmp_path: Path) -> None:
    file = written(tmp_path, 'prompt,seed\n"  5, ""so""\r\nand\n\nmore ", 7 \n')
    assert payloads(file) == [{"prompt": '  5, "so"\r\nand\n\nmore ', "seed": 7}]


def test_a_semicolon_file_of_a_spreadsheet_has_commas_in_its_numbers(tmp_path: Path) -> None:
    cls = make_class(tmp_path, {"scale": {"type": "number"}, "name": {"type": "string"}})
    for start in ("", "\ufeff", "sep=;\r\n", "\ufeffsep=;\r\n"):
        file = written(tmp_path, f"{start}name; scale ;;\r\n1,5;0,5;;\r\n")
        assert payloads(file, cls) == [{"name": "1,5", "scale": 0.5}]


@pytest.mark.parametrize("text", ["1.000", "12.000.000", "1,000"])
def test_a_whole_number_with_thousands_apart_is_not_guessed(tmp_path: Path, text: str) -> None:
    for content in (f"seed;prompt\n{text};x\n", f'seed,prompt\n"{text}",x\n'):
        assert payloads(written(tmp_path, content))[0]["seed"] == text


def test_a_point_before_three_digits_is_not_guessed_beside_decimal_commas(tmp_path: Path) -> None:
    cls = make_class(tmp_path, {"scale": {"type": "number"}, "name": {"type": "string"}})
    for text, value in (("1.250", "1.250"), ("1,250", 1.25), ("0.125", 0.125)):
        assert payloads(written(tmp_path, f"scale;name\n{text};x\n"), cls)[0]["scale"] == value
    assert payloads(written(tmp_path, "scale,name\n1.250,x\n"), cls)[0]["scale"] == 1.25


def test_types_are_found_in_combinations_and_references(tmp_path: Path) -> None:
    cls = make_class(
        tmp_path,
        {
            "maybe": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
            "referred": {"$ref": "#/$defs/switch"},
            "chosen": {"enum": [1, 2]},
            "either": {"type": ["integer", "string"]},
            "objects": {"type": "array", "items": {"type": "object"}},
            "numbers": {"type": "array", "items": {"type": "integer"}},
            "free": {},
        },
        **{"$defs": {"switch": {"type": "boolean"}}},
    )
    header = "maybe,referred,chosen,either,objects,numbers,free,unknown"
    file = written(tmp_path, f'{header}\n1,false,2,3,"[{{""a"": 1}}]",4,5,6\n')
    assert payloads(file, cls) == [
        {
            "maybe": 1,
            "referred": False,
            "chosen": 2,
            "either": "3",
            "objects": [{"a": 1}],
            "numbers": [4],
            "free": "5",
            "unknown": "6",
        }
    ]


def test_a_list_of_itself_is_read_one_level_deep(tmp_path: Path) -> None:
    tree = {"type": "array", "items": {"$ref": "#/$defs/tree"}}
    cls = make_class(tmp_path, {"tree": {"$ref": "#/$defs/tree"}}, **{"$defs": {"tree": tree}})
    file = written(tmp_path, "tree\n[[]]\n")
    assert payloads(file, cls) == [{"tree": [[]]}]


def test_a_cell_may_be_as_long_as_a_data_uri(tmp_path: Path) -> None:
    text = "x" * 1_000_000
    assert payloads(written(tmp_path, f"prompt\n{text}\n")) == [{"prompt": text}]


def test_a_null_byte_stays_in_its_cell(tmp_path: Path) -> None:
    assert payloads(written(tmp_path, "prompt\na\0b\n")) == [{"prompt": "a\0b"}]


def test_tabs_separate_the_cells_of_a_tsv_file(tmp_path: Path) -> None:
    file = written(tmp_path, "prompt\tseed\na,b;c\t1\n", "rows.TSV")
    assert payloads(file) == [{"prompt": "a,b;c", "seed": 1}]


def test_a_row_with_too_many_cells_is_a_fault_of_its_own(tmp_path: Path) -> None:
    file = written(tmp_path, f"prompt,image_urls\nx,{URL}\nx,{URL},more\n\nx,{URL}\n")
    rows = list(read_rows(file, WAN))
    assert [row.number for row in rows] == [1, 2, 4]
    assert rows[1].payload is None
    reports = validate_rows(WAN, file)
    ((number, report),) = reports
    assert (number, report.errors) == (2, [rows[1].fault])
    assert str(report.errors[0]).startswith("payload: has 3 cells, but the header has 2")
    assert reports.summary.lines == 3


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "has no header"),
        (b"\n1\n", "has no header"),
        ("prompt\nx\n".encode("utf-16"), 'is UTF-16 text; save it as "CSV UTF-8"'),
        (b"prompt\nx\ncaf\xe9\n", 'line 3: byte 0xe9 is not UTF-8; save it as "CSV UTF-8"'),
        (b"prompt,prompt\nx,y\n", "the header has 'prompt' twice"),
        (b"prompt,,seed\n", "column 2 of the header has no name"),
        (b'prompt\n"x\n', "check its quotes"),
        (b'prompt\n"x"y\n', "line 2"),
    ],
)
def test_a_file_that_cannot_be_read_is_reported_in_a_sentence(
    tmp_path: Path, content: bytes, message: str
) -> None:
    file = written(tmp_path, content)
    for read in (lambda: list(read_rows(file, WAN)), lambda: list(validate_rows(WAN, file))):
        with pytest.raises(RowsUnreadable) as error:
            read()
        assert message in str(error.value)
        assert str(file) in str(error.value)


def test_a_missing_file_and_an_unknown_format_are_reported_at_once(tmp_path: Path) -> None:
    with pytest.raises(RowsUnreadable, match="jsonl, csv, tsv or parquet"):
        read_rows(tmp_path / "rows.odd", WAN)
    with pytest.raises(RowsUnreadable, match=r"none.jsonl cannot be read: No such file"):
        validate_rows(WAN, tmp_path / "none.jsonl")
    with pytest.raises(RowsUnreadable, match="cannot be read"):
        list(read_rows(tmp_path / "none.csv", WAN))


def test_lines_of_json_have_the_numbers_of_their_lines(tmp_path: Path) -> None:
    lines = f'\ufeff{json.dumps(GOOD)}\n\n5\n{{bad\n{{"prompt": NaN}}\n'
    file = written(tmp_path, lines, "rows.jsonl")
    rows = list(read_rows(file, WAN))
    assert [row.number for row in rows] == [1, 3, 4, 5]
    assert rows[0].payload == GOOD
    assert [row.fault and row.fault.rule for row in rows] == [None, "type", "syntax", None]
    with file.open("rb") as opened:
        expected = list(validate_lines(WAN, opened))
    assert [*validate_rows(WAN, file)] == expected
    assert [*validate_rows(WAN, file, ignore=["other"])] == expected


@pytest.mark.parametrize("name", ["rows.csv", "rows.jsonl"])
def test_ignored_columns_stand_beside_the_payload(tmp_path: Path, name: str) -> None:
    text = f"key,prompt,image_urls\n1,x,{URL}\n"
    if name == "rows.jsonl":
        text = json.dumps({"key": "1", "prompt": "x", "image_urls": [URL]})
    file = written(tmp_path, text, name)
    (row,) = read_rows(file, WAN, ignore=("key", "other"))
    assert (row.extra, row.payload) == ({"key": "1"}, {"prompt": "x", "image_urls": [URL]})
    assert dict(validate_rows(WAN, file, ignore=("key",))) == {}
    (report,) = dict(validate_rows(WAN, file)).values()
    assert [warning.rule for warning in report.warnings] == ["unknown-input"]


def test_standard_input_is_read_as_lines_of_json(monkeypatch: pytest.MonkeyPatch) -> None:
    def given(text: bytes) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text)))

    given(json.dumps(GOOD).encode())
    assert [row.payload for row in read_rows("-", WAN)] == [GOOD]
    given(b"prompt\nx\n")
    assert [row.payload for row in read_rows("-", WAN, format="csv")] == [{"prompt": "x"}]
    given(json.dumps({**GOOD, "seed": -1}).encode())
    assert [number for number, _ in validate_rows(WAN, "-")] == [1]
    with pytest.raises(RowsUnreadable, match="not from standard input"):
        read_rows("-", WAN, format="parquet")


def test_several_processes_report_the_same_of_a_table(tmp_path: Path) -> None:
    rows = [CELLS if number % 20 else CELLS.replace(",5,", ",-5,") for number in range(4_000)]
    rows[100] += ",more"
    file = written(tmp_path, "\n".join([HEADER, *rows]))
    one = list(validate_rows(WAN, file))
    assert len(one) == 200
    assert list(validate_rows(WAN, file, processes=2)) == one


def test_a_file_that_is_left_early_is_closed(tmp_path: Path) -> None:
    file = written(tmp_path, b"{}\n" * 10, "rows.jsonl")
    with validate_rows(WAN, file):
        pass
    with validate_rows(WAN, file) as reports:
        next(reports)
    # A file that was left open would be a warning, and so an error, of this test run.


@pytest.mark.parametrize("name", ["rows.csv", "rows.jsonl", "rows.parquet"])
def test_memory_does_not_grow_with_the_file(tmp_path: Path, name: str) -> None:
    def peak(rows: int) -> int:
        file = tmp_path / name
        write_rows(file, rows)
        tracemalloc.start()
        try:
            with validate_rows(WAN, file, strict=True) as reports:
                for _ in reports:
                    pass
            assert reports.summary.lines == rows
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(100)
    assert peak(5_000) < 1.5 * peak(1_500) + 100_000


def write_rows(file: Path, rows: int) -> None:
    if file.suffix == ".csv":
        file.write_text("\n".join([HEADER, *[CELLS] * rows]), encoding="utf-8")
    elif file.suffix == ".jsonl":
        file.write_text(f"{json.dumps(GOOD)}\n" * rows, encoding="utf-8")
    else:
        write_parquet(file, [GOOD] * rows)


def write_parquet(file: Path, records: list[Any], schema: Any = None) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    parquet.write_table(pyarrow.Table.from_pylist(records, schema), file, row_group_size=1_000)


def test_a_null_of_a_parquet_file_is_an_input_that_is_not_given(tmp_path: Path) -> None:
    file = tmp_path / "rows.parquet"
    write_parquet(file, [GOOD, {"prompt": "x"}, {}, {"prompt": "y", "seed": 1}])
    rows = list(read_rows(file, WAN))
    assert [row.number for row in rows] == [1, 2, 4]
    assert [row.payload for row in rows] == [GOOD, {"prompt": "x"}, {"prompt": "y", "seed": 1}]
    reports = validate_rows(WAN, file)
    assert [number for number, _ in reports] == [2, 4]
    assert reports.summary.lines == 3


def test_texts_structs_and_other_values_of_a_parquet_file(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    scale = {"type": "object", "properties": {"a": {"type": "number"}, "b": {"type": "string"}}}
    cls = make_class(
        tmp_path, {"seed": {"type": "integer"}, "scale": scale, "number": {"type": "number"}}
    )
    file = tmp_path / "rows.parquet"
    write_parquet(file, [{"seed": "7", "scale": {"a": 1.5, "b": None}, "number": float("nan")}])
    (row,) = read_rows(file, cls)
    assert row.fault
    assert (row.fault.pointer, row.fault.rule) == ("/number", "json")
    write_parquet(file, [{"seed": "7", "scale": {"a": 1.5, "b": None}}])
    assert payloads(file, cls) == [{"seed": 7, "scale": {"a": 1.5}}]
    write_parquet(file, [{"seed": 1}], pyarrow.schema([("seed", pyarrow.timestamp("s"))]))
    ((_, report),) = validate_rows(cls, file)
    assert [str(error.pointer) for error in report.errors] == ["/seed"]
    assert report.errors[0].message == "is not a JSON value"


def test_a_broken_parquet_file_is_reported_in_a_sentence(tmp_path: Path) -> None:
    file = tmp_path / "rows.parquet"
    write_parquet(file, [GOOD])
    file.write_bytes(file.read_bytes()[:-10])
    with pytest.raises(RowsUnreadable, match=r"rows.parquet is not a complete Parquet file: "):
        list(read_rows(file, WAN))


def test_parquet_needs_pyarrow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = written(tmp_path, b"", "rows.parquet")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtra, match=re.escape(install_command("rows"))):
        list(read_rows(file, WAN))
