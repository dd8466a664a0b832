"""The batch command, fed with what spreadsheets and people make: a clear sentence, and nothing is sent that is not meant."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from PIL import Image

from runcomfy.mock import MockService
from runcomfy.validation import bounded_lines

from .conftest import MODEL, Command

EDIT = "openai/gpt-image-2/edit"

#: What is refused: file name, content, further options, exit status, what is told of it.
REFUSED: list[tuple[str, bytes, list[str], int, str]] = [
    ("empty.csv", b"", [], 65, "empty.csv has no header: its first line must name the inputs"),
    ("empty.jsonl", b"", [], 65, "empty.jsonl has no rows; nothing was sent"),
    ("header.csv", b"key,prompt\n", [], 65, "header.csv has no rows; nothing was sent"),
    ("blank.jsonl", b"\n\n", [], 65, "blank.jsonl has no rows"),
    ("latin.csv", b"key,prompt\na,caf\xe9\n", [], 65, "latin.csv, line 2: byte 0xe9 is not UTF-8; save it"),
    ("latin.jsonl", b'{"prompt":"caf\xe9"}\n', [], 65, "row 1 (row-1): payload: is not valid JSON: the text is not UTF-8"),
    ("utf16.csv", "prompt\nx\n".encode("utf-16"), [], 65, "utf16.csv is UTF-16 text; save it"),
    ("utf16.jsonl", '{"prompt":"x"}\n'.encode("utf-16"), [], 65, "utf16.jsonl is UTF-16 text; save it as UTF-8"),
    ("bare16.csv", "prompt\nx\n".encode("utf-16-le"), [], 65, 'bare16.csv is UTF-16 text; save it as "CSV UTF-8"'),
    ("renamed.csv", b"PK\x03\x04\x14\n\x80", [], 65, "renamed.csv is a file of a spreadsheet program, or an archive; save it"),
    ("list_of.jsonl", b'[{"prompt":"x"}]\n', [], 65, "list_of.jsonl is one JSON list; write each payload on a line of its own"),
    ("pretty.jsonl", b'[\n  {"prompt":"x"}\n]\n', [], 65, "pretty.jsonl is one JSON list; write each payload on a line of its own"),
    ("rows.json", b'[{"prompt":"x"}]', [], 65, "rows.json is one JSON document; write each payload on a line of its own"),
    ("quote.csv", b'key,prompt\na,"one\ntwo\n', [], 65, "quote.csv, line 3: unexpected end of data; check its quotes"),
    ("wide.csv", b"key,prompt\na,b,c\n", [], 65, "has 3 cells, but the header has 2"),
    ("twice.csv", b"key,prompt\na,x\nb,y\na,z\n", [], 65, "row 3 (a): /key: is also the key of row 1"),
    ("nan.jsonl", b'{"prompt":"x","quality":NaN}\n', [], 65, '/quality: must be one of "low", "medium", "high", got nan'),
    ("nan.csv", b"prompt,quality\nx,NaN\n", [], 65, '/quality: must be one of "low", "medium", "high", got "NaN"'),
    ("list.jsonl", b"[1]\n", [], 65, "row 1 (row-1): payload: must be an object, got a list with 1 item"),
    ("cut.jsonl", b'{"prompt":"x"', [], 65, "row 1 (row-1): payload: is not valid JSON: Expecting ',' delimiter"),
    ("key.jsonl", b'{"key":"a\\u0007","prompt":"x"}\n', [], 65, "/key: must be a printable text of 1 to 500 characters"),
    ("half.jsonl", b'{"key":"\\ud800","prompt":"x"}\n', [], 65, "/key: must be a printable text of 1 to 500 characters"),
    ("long.jsonl", b'{"key":"%s","prompt":"x"}\n' % (b"k" * 501), [], 65, "/key: must be a printable text of 1 to 500"),
    ("dict.jsonl", b'{"key":{},"prompt":"x"}\n', [], 65, "/key: must be a text or a number"),
    ("bad.parquet", b"no", [], 65, "bad.parquet is not a complete Parquet file"),
    ("rows.txt", b"a", [], 65, "rows.txt has an unsupported format; pass one of: jsonl, csv, tsv or parquet"),
    ("column.csv", b"animal\ncat\n", ["--template", "prompt=a {anmal}"], 65, "/prompt: cannot be built: the row has no value in the column 'anmal'; it has animal"),
    ("open.csv", b"animal\ncat\n", ["--template", "prompt=a {animal"], 64, "--template prompt=a {animal: a brace stands alone"),
    ("none.csv", b"animal\ncat\n", ["--template", "prompt=a {}"], 64, "--template prompt=a {}: a brace stands alone"),
    ("note.csv", b"prompt,note\nx,y\n", [], 65, "Columns that are no inputs can be left out: --ignore COLUMN"),
    ("gap.csv", b"animal,style\ncat,\n", ["--template", "prompt={animal} {style}"], 65, "no value in the column 'style'"),
    ("map.csv", b"prompt\nx\n", ["--map", "anmal=prompt"], 64, "--map anmal=prompt: no row has anything in a column"),
    ("grid.csv", b"prompt\nx\n", ["--grid", "quality=low,hgh"], 65, '"low", "medium", "high", got "hgh"'),
    ("sheet.xlsx", b"PK", [], 65, 'sheet.xlsx is a file of a spreadsheet program; save it as "CSV UTF-8"'),
    ("extra.csv", b"prompt,note\nx,y\n", ["--ignore", "nte"], 65, "/note: is not an input of this model"),
    ("keys.csv", b"prompt,no\nx,1\ny,1\n", ["--map", "no=key"], 65, "row 2 (1): /key: is also the key of row 1"),
    ("escape.csv", b"prompt,quality\nx,\x1b]0;t\x07\n", [], 65, r'got "\x1b]0;t\x07"'),
]  # fmt: skip


@pytest.mark.parametrize(("name", "content", "options", "status", "told"), REFUSED)
def test_what_cannot_be_meant_is_reported_and_nothing_is_made(
    name: str,
    content: bytes,
    options: list[str],
    status: int,
    told: str,
    batch: Command,
    service: MockService,
) -> None:
    Path(name).write_bytes(content)
    ran = batch(name, *options)
    assert told in ran.err
    assert (ran.status, ran.out, service.accepted) == (status, "", 0)
    assert not Path("out").exists()


#: What is taken: file name, content, and the payloads that are sent.
TAKEN: list[tuple[str, bytes, list[dict[str, Any]]]] = [
    ("bom.csv", b"\xef\xbb\xbfprompt\nx\n", [{"prompt": "x"}]),
    ("bom.jsonl", b'\xef\xbb\xbf{"prompt":"x"}\n', [{"prompt": "x"}]),
    ("excel.csv", "key;prompt;quality;\r\na;x, é;low;\r\nb;y;;\r\n".encode(), [{"prompt": "x, é", "quality": "low"}, {"prompt": "y"}]),
    ("quotes.csv", b'key,prompt\na,"one\nline ""two"", end"\n', [{"prompt": 'one\nline "two", end'}]),
    ("numbers.csv", b"key,prompt\n1,5\n", [{"prompt": "5"}]),
    ("empty.csv", b"key,prompt,quality\n0,x,\n,,\n", [{"prompt": "x"}]),
    ("tabs.tsv", b"key\tprompt\na\tx\n", [{"prompt": "x"}]),
    ("zero.jsonl", b'{"key":0,"prompt":"x"}\n{"key":1,"prompt":"x"}\n', [{"prompt": "x"}, {"prompt": "x"}]),
    ("end.csv", b"prompt\nx", [{"prompt": "x"}]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "content", "payloads"), TAKEN)
def test_what_spreadsheets_write_is_read_as_it_was_meant(
    name: str, content: bytes, payloads: list[dict[str, Any]], batch: Command, service: MockService
) -> None:
    Path(name).write_bytes(content)
    assert batch(name).status == 0
    assert sorted((job.payload for job in service.jobs), key=str) == sorted(payloads, key=str)


def test_columns_of_other_names_are_read_like_their_inputs(
    batch: Command, service: MockService
) -> None:
    Image.new("RGB", (640, 640)).save("cat.png")
    Path("rows.csv").write_text("No.,Text,Picture,Note\n7,a hat,cat.png,later\n")
    columns = [f"--map={one}" for one in ("No.=key", "Text=prompt", "Picture=images")]
    ran = batch("rows.csv", *columns, "--ignore", "Note", "--json", model=EDIT)
    assert [one["key"] for one in ran.json[:-1]] == ["7"]
    (sent,) = (job.payload for job in service.jobs)
    assert sorted(sent) == ["images", "prompt"]
    assert len(sent["images"]) == 1


def test_keys_are_those_of_the_key_column_whatever_its_type(batch: Command) -> None:
    Path("rows.jsonl").write_text('{"key":0,"prompt":"x"}\n{"key":"b","prompt":"x"}\n')
    assert [one["key"] for one in batch("rows.jsonl", "--json").json[:-1]] == ["0", "b"]


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.csv"])
def test_a_line_without_end_is_refused_before_it_is_read_whole(
    name: str, batch: Command, service: MockService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounded_lines, "LONGEST", 2**20)
    with Path(name).open("wb") as file:
        file.write(b"prompt\n" if name.endswith("csv") else b"")
        file.truncate(2**30)  # a hole: a line of a gigabyte of NUL
    ran = batch(name)
    line = 2 if name.endswith("csv") else 1
    assert f"{name}, line {line} is longer than 1 MiB, more than a request can hold" in ran.err
    assert (ran.status, service.accepted, Path("out").exists()) == (65, 0, False)


def test_a_refused_row_is_set_aside_only_when_asked(batch: Command, service: MockService) -> None:
    Path("rows.csv").write_text("key,prompt,quality\na,x,low\na,y,low\nb,z,odd\nc,w,low\n")
    assert batch("rows.csv").status == 65
    ran = batch("rows.csv", "--skip-invalid", "--json")
    assert [one["state"] for one in ran.json[:-1]] == [
        "succeeded",
        "invalid",
        "invalid",
        "succeeded",
    ]
    assert (ran.status, service.accepted) == (1, 2)


def test_a_thousand_bad_rows_are_counted_and_the_first_are_shown(batch: Command) -> None:
    Path("rows.csv").write_text("prompt,quality\n" + "x,odd\n" * 1_500)
    ran = batch("rows.csv")
    assert "1500 of 1500 rows are invalid; nothing was sent" in ran.err
    assert "… and 1480 more rows" in ran.err
    assert len(ran.err.splitlines()) < 30


def test_standard_input_is_read_with_files_relative_to_the_current_folder(
    batch: Command, service: MockService, monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.new("RGB", (640, 640)).save("cat.png")
    row = json.dumps({"prompt": "add a hat", "images": ["cat.png"]}).encode()
    for accepted in (1, 1):  # the second run pays nothing
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(row)))
        assert batch("-", model=EDIT).status == 0
        assert service.accepted == accepted


def test_an_empty_standard_input_makes_no_folder(
    batch: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"")))
    ran = batch("-")
    assert (ran.status, Path("out").exists()) == (65, False)
    assert "has no rows" in ran.err


def test_rows_that_lost_their_keys_are_named_before_they_are_paid_again(batch: Command) -> None:
    Path("rows.csv").write_text("key,prompt\na,x\nb,y\n")
    batch("rows.csv")
    Path("rows.csv").write_text("prompt\nx\ny\nz\n")
    ran = batch("rows.csv", "--dry-run")
    assert "2 of them are already in the folder under keys that no row has now" in ran.err


def test_equal_rows_are_no_rows_that_lost_their_keys(batch: Command) -> None:
    Path("rows.csv").write_text("prompt\nx\nx\n")
    batch("rows.csv", "--max-requests", "1")
    assert "already in the folder" not in batch("rows.csv").err


def test_standard_input_is_called_by_its_name(
    batch: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b'[{"prompt":"x"}]')))
    assert "standard input is one JSON list" in batch("-").err


def test_rows_are_checked_and_counted_without_a_token(
    command: Command, monkeypatch: pytest.MonkeyPatch, service: MockService
) -> None:
    monkeypatch.delenv("RUNCOMFY_TOKEN")
    Path("good.csv").write_text("prompt\nx\ny\n", encoding="utf-8")
    Path("bad.csv").write_text("prompt,quality\nx,hgh\n", encoding="utf-8")
    bad = command("batch", MODEL, "bad.csv", "--out", "out")
    assert bad.status == 65
    assert "row 1" in bad.err
    dry = command("batch", MODEL, "good.csv", "--dry-run", "--price", "0.5")
    assert (dry.status, dry.lines[0]) == (0, "2 rows: 2 to run, 0 invalid; estimated cost $1.00")
    good = command("batch", MODEL, "good.csv", "--out", "out")
    assert good.status == 77
    assert "runcomfy-py login" in good.err
    monkeypatch.setenv("RUNCOMFY_TOKEN", "the-first-token-1234")
    assert command("batch", MODEL, "good.csv", "--out", "out", "--no-save").status == 0
    monkeypatch.delenv("RUNCOMFY_TOKEN")
    # How many rows are done already is known with the token alone.
    assert command("batch", MODEL, "good.csv", "--out", "out", "--dry-run").status == 77
    assert service.accepted == 2


def test_a_dry_run_needs_no_folder(command: Command, service: MockService) -> None:
    Path("rows.csv").write_text("prompt\nx\ny\n")
    ran = command("batch", MODEL, "rows.csv", "--dry-run", "--price", "0.04", "--json")
    assert (ran.status, ran.json[0]["rows"], service.accepted) == (0, 2, 0), ran.err


def test_status_has_the_number_of_rows(batch: Command, command: Command) -> None:
    Path("rows.csv").write_text("prompt\nx\ny\nz\n")
    batch("rows.csv", "--max-requests", "1")
    told = command("batch", "status", "out", "--json").json[0]
    assert (told["rows"], told["states"]) == (3, {"succeeded": 1})
    assert "rows: 3" in command("batch", "status", "out").out


def test_names_take_ext_as_run_does(batch: Command) -> None:
    Path("rows.csv").write_text("prompt\nx\n")
    assert batch("rows.csv", "--name", "{row}-{index}{ext}").status == 0
    assert [path.name for path in Path("out").rglob("*.png")] == ["1-1.png"]


def test_a_dry_run_reports_and_makes_no_folder(batch: Command, service: MockService) -> None:
    Path("rows.csv").write_text("key,prompt\na,x\nb,y\n")
    told = batch("rows.csv", "--dry-run", "--json").json[0]
    assert (told["rows"], told["new"], told["estimate"]) == (2, 2, 0.08)
    assert (service.accepted, Path("out").exists()) == (0, False)
    batch("rows.csv")
    told = batch("rows.csv", "--dry-run", "--json").json[0]
    assert (told["new"], told["known"]) == (0, {"succeeded": 2})


def test_a_missing_local_file_is_named_with_its_row(batch: Command, service: MockService) -> None:
    Path("rows.csv").write_text("prompt,images\nx,nowhere.png\n")
    ran = batch("rows.csv", model=EDIT)
    assert '/images/0: cannot be read: No such file or directory, got "nowhere.png"' in ran.err
    assert (ran.status, service.accepted) == (65, 0)


def test_a_file_that_many_rows_use_is_read_and_inspected_once(
    batch: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    from runcomfy.batch import local_files
    from runcomfy.media import probe as probing

    Image.new("RGB", (640, 640)).save("cat.png")
    Path("rows.csv").write_text("prompt,images\n" + "".join(f"{n},cat.png\n" for n in range(50)))
    read = Mock(wraps=local_files._digest)
    looked = Mock(wraps=probing.probe)
    monkeypatch.setattr(local_files, "_digest", read)
    monkeypatch.setattr(probing, "probe", looked)
    assert batch("rows.csv", "--dry-run", model=EDIT).status == 0
    assert (read.call_count, looked.call_count) == (1, 1)


def test_the_gallery_has_the_order_of_the_rows(batch: Command, command: Command) -> None:
    Path("rows.csv").write_text("key,prompt\na,the-first\nb,the-second\nc,the-third\n")
    batch("rows.csv", "--jobs", "1")
    results = Path("out/results.jsonl")
    results.write_text("\n".join(reversed(results.read_text().splitlines())))
    assert command("gallery", "out").status == 0
    page = Path("out/gallery.html").read_text()
    assert page.index("the-third") < page.index("the-second") < page.index("the-first")


def test_validate_tells_how_the_rows_of_a_batch_are_checked(command: Command) -> None:
    Path("rows.csv").write_text("key,prompt,images\na,x,pictures/cat.png\n")
    ran = command("validate", EDIT, "rows.csv")
    assert "check its rows with: runcomfy-py batch MODEL rows.csv --out FOLDER --dry-run" in ran.err
    Path("rows.csv").write_text("colour,prompt\nred,x\n")
    assert "--dry-run" not in command("validate", EDIT, "rows.csv").err


def test_a_budget_that_was_reached_says_what_lets_the_batch_go_on(batch: Command) -> None:
    Path("rows.csv").write_text("prompt\nx\ny\n")
    ran = batch("rows.csv", "--max-cost", "0.05")
    assert ran.status == 78
    assert "Rerun the command with a higher --max-cost to resume." in ran.err
