"""Bad input: named with its place and the way out, exit status 2, nothing written."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from runcomfy_codegen.ingest import sources
from support.ingest import ENGLISH, INPUT, OUTPUT, PAGES, add, page, tree

DEEP = "[" * 200_000 + "]" * 200_000  # more than any Python reads

CURL = "--url https://model-api.runcomfy.net/v1/models/owner/model \\\n"

FAULTS = {
    "no JSON": ("Nothing to see.\n" + CURL, "3:1", "no JSON object"),
    "no model id": (INPUT, "1:1", "no model id"),
    "two model ids": (
        CURL + CURL.replace("model \\", "other \\") + INPUT,
        "2:48",
        "'owner/other' here, 'owner/model' at",
    ),
    "prose and curl differ": (
        page().replace("run owner/model.", "run owner/other."),
        "1:27",
        "two different model ids",
    ),
    "cut off in a string": (CURL + '{"type": "obj', "2:10", "starts at 2:1 is cut off"),
    "cut off between values": (CURL + '{"type": "object",\n', "3:1", "starts at 2:1 is cut off"),
    "cut off before the footer": (
        CURL + '{"type": "object"\nRunComfy is the premier',
        "3:1",
        "starts at 2:1 is invalid here",
    ),
    "bent quotes": (CURL + "{“type”: “object”}", "2:2", "is invalid here"),
    "no input schema": (CURL + OUTPUT, f"2:{len(OUTPUT) + 1}", "no input schema"),
    "schema of a list": (CURL + '{"type": "array", "items": {}}', "2:10", "type is 'array'"),
    "properties are a list": (
        CURL + '{"type": "object", "properties": []}',
        "2:34",
        "properties are a list",
    ),
    "property is a string": (
        CURL + '{"type": "object", "properties": {"a": "string"}}',
        "2:40",
        "the schema of 'a' is a string",
    ),
    "output is a list": (CURL + INPUT + '\n{"output": []}', "3:12", "the schema is a list"),
    "two input schemas": (
        CURL + INPUT + "\n" + INPUT.replace("prompt", "text"),
        "3:1",
        "two different input schemas",
    ),
    "duplicate name": (
        CURL + '{"type": "object",\n "properties": {}, "type": "object"}',
        "3:20",
        "the name 'type' occurs twice",
    ),
    "duplicate name, once escaped": (
        CURL + '{"type": "object", "t\\u0079pe": "object"}',
        "2:20",
        "the name 'type' occurs twice",
    ),
    "NaN": (CURL + '{"type": "object", "maximum": NaN}', "2:31", "NaN is not a JSON number"),
    "Infinity": (CURL + '{"type": "object", "a": [-Infinity]}', "2:26", "-Infinity is not"),
    "a number beyond floats": (CURL + '{"type": "object", "a": 1e999}', "2:25", "1e999 is not"),
    "more digits than Python reads": (
        CURL + '{"type": "object", "maximum": ' + "9" * 5_000 + "}",
        "2:1",
        "cannot be read",
    ),
    "too deep": (CURL + f'{{"type": "object", "default": {DEEP}}}', "2:1", "levels deep"),
    "deep, though Python copes": (
        CURL + '{"type": "object", "default": ' + "[" * 70 + "]" * 70 + "}",
        "2:94",
        "levels deep",
    ),
    "entry without a schema": ('[{"model_id": "a/b"}]', "1:2", "has no input_schema"),
    "entry without an id": ('{"input_schema": {"type": "object"}}', "1:1", "no model id"),
    "entry that is a number": ('{"models": [\n5]}', "2:1", "not a catalogue entry"),
    "entry whose id is a number": (
        '{"model_id": 5, "input_schema": {"type": "object"}}',
        "1:14",
        "the model_id is not a string",
    ),
    "entry whose schema is a string": (
        '{"model_id": "a/b", "input_schema": "{}"}',
        "1:37",
        "the schema is a string",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_reported_with_its_place_and_writes_nothing(name: str, tmp_path: Path) -> None:
    text, position, problem = FAULTS[name]
    source = tmp_path / "page.txt"
    source.write_text(text, "utf-8")
    ran = add(source, "--schemas", tmp_path / "schemas", "--json")
    assert ran.status == 65
    error = ran.json["errors"][0]
    assert error["place"] == f"{source}:{position}"
    assert problem in error["problem"]
    assert error["advice"]
    assert not (tmp_path / "schemas").exists()


@pytest.mark.parametrize(
    "model_id",
    ["../x", "a/../../x", "/root/x", "a\\b/c", "a//b", "a/.", "a/b\0c", "a/%2e%2e/b", "single"],
)
def test_an_id_that_would_leave_the_folder_is_refused(model_id: str, tmp_path: Path) -> None:
    ran = add("-", "--schemas", tmp_path / "schemas", stdin=page(model_id).encode())
    assert ran.status == 65
    assert "is not a model id" in ran.err or "two different model ids" in ran.err
    assert list(tmp_path.iterdir()) == []


def test_an_id_from_the_command_line_is_held_to_the_same_rules(tmp_path: Path) -> None:
    ran = add("-", "--model-id", "../x", "--schemas", tmp_path, stdin=INPUT.encode())
    assert ran.status == 65
    assert "error: --model-id: '../x' is not a model id" in ran.err


def test_an_id_from_the_command_line_must_agree_with_the_page(tmp_path: Path) -> None:
    ran = add("-", "--model-id", "owner/other", "--schemas", tmp_path, stdin=page().encode())
    assert ran.status == 65
    assert "'owner/model' here, 'owner/other' at --model-id" in ran.err


def test_bytes_that_are_no_utf8_are_reported_with_their_place(tmp_path: Path) -> None:
    ran = add("-", "--schemas", tmp_path, stdin=b"\xef\xbb\xbfone\r\ntw\xff")
    assert ran.status == 65
    assert "error: -:2:3: this is not UTF-8 text (byte 0xff)" in ran.err


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    ran = add(tmp_path / "nowhere.txt", "--schemas", tmp_path / "schemas")
    assert ran.status == 65
    assert "nowhere.txt: cannot be read: No such file" in ran.err


def test_a_name_that_is_none_is_an_error_like_others(tmp_path: Path) -> None:
    assert add("page\0.txt", "--schemas", tmp_path).status == 65
    assert add(ENGLISH, "--schemas", f"{tmp_path}/a\0b").status == 65


@pytest.mark.parametrize("files", [[], ["README.md"], ["sub/page.txt"]])
def test_a_folder_without_pages_is_an_error(files: list[str], tmp_path: Path) -> None:
    folder = tmp_path / "pages"
    folder.mkdir()
    for name in files:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("words")
    ran = add(folder, "--schemas", tmp_path / "schemas")
    assert ran.status == 65
    assert "contains no saved page" in ran.err


def test_input_beyond_the_cap_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "MAX_BYTES", 2 * 1024 * 1024)
    ran = add("-", "--schemas", tmp_path, stdin=page().encode() + b" " * 2 * 1024 * 1024)
    assert ran.status == 65
    assert "larger than 2 MB" in ran.err


def test_one_bad_page_keeps_all_others_from_being_written(tmp_path: Path) -> None:
    bad = tmp_path / "bad.txt"
    bad.write_text(page()[:-60])
    ran = add(PAGES, bad, "--schemas", tmp_path / "schemas")
    assert ran.status == 65
    assert "Nothing was written." in ran.err
    assert not (tmp_path / "schemas").exists()


def test_all_faults_are_reported_in_one_run(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("{}")
    (tmp_path / "b.txt").write_text(CURL + '{"type": "object", "type": NaN}')
    ran = add(tmp_path, tmp_path / "c.txt", "--schemas", tmp_path / "s", "--json")
    places = [error["place"].removeprefix(f"{tmp_path}/") for error in ran.json["errors"]]
    assert places == ["a.txt:1:1", "b.txt:2:20", "b.txt:2:28", "c.txt"]


def test_a_place_in_html_is_a_place_in_the_saved_file(tmp_path: Path) -> None:
    text = f"<html>\n<body>\n<pre>\n{CURL}<b>{{</b>\n  <i>&quot;type&quot;</i>: <s>oops</s>\n"
    ran = add("-", "--schemas", tmp_path, stdin=text.encode())
    assert "error: -:6:31: the JSON block that starts at 5:4 is invalid" in ran.err


def test_errors_cannot_steer_the_terminal(tmp_path: Path) -> None:
    text = CURL + '{"type": "\\u001b]0;owned\\u0007\\u202e\\ud800", "properties": {}}'
    ran = add("-", "--schemas", tmp_path, stdin=text.encode())
    assert ran.status == 65
    assert all(char == "\n" or char.isprintable() for char in ran.err)


def test_a_missing_file_cannot_steer_the_terminal_by_its_name(tmp_path: Path) -> None:
    ran = add(tmp_path / "\x1b]0;owned\x07\n.txt", "--schemas", tmp_path)
    assert ran.status == 65
    assert "\\x1b]0;owned\\x07\\n.txt: cannot be read" in ran.err


@pytest.mark.skipif(os.name == "nt", reason="such names cannot be created there")
def test_file_names_cannot_steer_the_terminal_or_spoil_the_record(tmp_path: Path) -> None:
    source = tmp_path / os.fsdecode(b"\x1b[31m\xff.txt")
    source.write_text(page())
    ran = add(source, "--schemas", tmp_path / "schemas")
    assert ran.status == 0
    assert "\x1b" not in ran.out
    assert json.loads((tmp_path / "schemas/owner/model/source.json").read_bytes())


def test_prose_with_braces_is_no_json(tmp_path: Path) -> None:
    text = "{request_id} { } {{x}} {'a': 1} {1} {\n" + page()
    assert add("-", "--schemas", tmp_path, stdin=text.encode()).status == 0
    assert "owner/model/input.json" in tree(tmp_path)
