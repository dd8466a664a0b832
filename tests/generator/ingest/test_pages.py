"""Every form that a page is saved in gives the same exact texts."""

from __future__ import annotations

import hashlib
import html
import json
from pathlib import Path
from typing import Any

import pytest

from support.ingest import (
    CHINESE,
    ENGLISH,
    INPUT,
    OUTPUT,
    PAGE_IDS,
    PLACEHOLDERS,
    RENDERED,
    WAN,
    add,
    page,
    tree,
)

STORED = ("input.json", "output.json", "example.json")


def load(path: Path) -> Any:
    return json.loads(path.read_bytes())


@pytest.mark.parametrize("source", PAGE_IDS, ids=lambda path: path.name[:3])
def test_the_stored_texts_are_exact_substrings_of_the_page(source: Path, tmp_path: Path) -> None:
    assert add(source, "--schemas", tmp_path).status == 0
    folder = tmp_path / PAGE_IDS[source]
    for name in STORED:
        assert (folder / name).read_bytes() in source.read_bytes()


@pytest.mark.parametrize("source", PAGE_IDS, ids=lambda path: path.name[:3])
def test_each_file_holds_its_own_block(source: Path, tmp_path: Path) -> None:
    add(source, "--schemas", tmp_path)
    schema, output, example = (load(tmp_path / PAGE_IDS[source] / name) for name in STORED)
    assert schema["required"][0] == "prompt"
    assert list(output["properties"]) == ["image", "video", "images", "videos"]
    assert {name: schema["properties"][name]["default"] for name in example} == example


def test_the_record_names_the_document_and_how_its_texts_came_out(tmp_path: Path) -> None:
    add(CHINESE, "--schemas", tmp_path)
    assert load(tmp_path / "openai/gpt-image-2/edit/source.json") == {
        "model_id": "openai/gpt-image-2/edit",
        "document": "003_64bb65ecb2540dd7.txt",
        "sha256": hashlib.sha256(CHINESE.read_bytes()).hexdigest(),
        "form": "text",
        "dialect": "page",
        "texts": {"placeholders": True, "translated": True, "rendered": False},
    }


def test_the_record_distinguishes_the_kinds_of_page(tmp_path: Path) -> None:
    texts = {}
    for source, model_id in PAGE_IDS.items():
        add(source, "--schemas", tmp_path / source.name)
        texts[source] = load(tmp_path / source.name / model_id / "source.json")["texts"]
    clean = {"placeholders": False, "translated": False, "rendered": False}
    assert texts[PLACEHOLDERS] == clean | {"placeholders": True}
    assert texts[RENDERED] == clean | {"rendered": True}
    assert texts[ENGLISH] == clean
    assert texts[WAN] == clean | {"placeholders": True}


def test_nothing_stored_reports_the_day_or_the_machine(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        add(*PAGE_IDS, "--schemas", tmp_path / folder)
    assert tree(tmp_path / "one") == tree(tmp_path / "two")
    assert str(tmp_path).encode() not in b"".join(tree(tmp_path).values())


def test_a_page_from_standard_input_is_recorded_as_a_dash(tmp_path: Path) -> None:
    ran = add("-", "--schemas", tmp_path, stdin=ENGLISH.read_bytes())
    assert ran.status == 0
    assert load(tmp_path / PAGE_IDS[ENGLISH] / "source.json")["document"] == "-"


# HTML


def as_html(text: str) -> str:
    """A page as a browser saves it: entities, highlighting, line numbers, scripts."""
    code = html.escape(text).replace(
        "&quot;prompt&quot;", "<span class='k'>&quot;prompt&quot;</span>"
    )
    lines = "\n".join(
        f'<span class="linenumber">1</span><b>{line}</b>' for line in code.split("\n")
    )
    return (
        "<!-- saved from url=(0042)https://www.runcomfy.com -->\n<!DOCTYPE html><html><head>"
        '<title>T</title><style>a{"b": 1}</style><script>var x = {"type": "object"};</script></head>'
        f"<body><nav><ul><li>API</ul></nav><pre>{lines}</pre></body></html>"
    )


@pytest.mark.parametrize("source", PAGE_IDS, ids=lambda path: path.name[:3])
def test_html_gives_the_texts_of_the_page_that_it_shows(source: Path, tmp_path: Path) -> None:
    saved = tmp_path / "page.html"
    saved.write_text(as_html(source.read_text("utf-8")), "utf-8")
    assert add(saved, "--schemas", tmp_path / "html").status == 0
    add(source, "--schemas", tmp_path / "text")
    for name in STORED:
        stored = (tmp_path / "html" / PAGE_IDS[source] / name).read_bytes()
        assert stored == (tmp_path / "text" / PAGE_IDS[source] / name).read_bytes()


def test_html_is_known_without_its_extension_and_said_in_the_record(tmp_path: Path) -> None:
    add("-", "--schemas", tmp_path, stdin=as_html(page()).encode())
    record = load(tmp_path / "owner/model/source.json")
    assert record["form"] == "html"
    assert "text extracted from the HTML" in record["extraction"]


def test_html_that_lost_its_line_ends_still_reports_the_id(tmp_path: Path) -> None:
    text = html.escape(page("minimax/Hailuo Video 01 Live")).replace("\n", "")
    assert add("-", "--schemas", tmp_path, stdin=f"<p>{text}</p>".encode()).status == 0
    assert (tmp_path / "minimax/Hailuo Video 01 Live/input.json").read_text() == INPUT


def test_a_byte_order_mark_does_not_hide_html(tmp_path: Path) -> None:
    add("-", "--schemas", tmp_path, stdin=b"\xef\xbb\xbf" + as_html(page()).encode())
    assert load(tmp_path / "owner/model/source.json")["form"] == "html"


def test_an_element_on_its_own_line_ends_the_line_before(tmp_path: Path) -> None:
    text = f"<p>POST https://x.test/v1/models/a/b</p><p>Schema</p>{html.escape(INPUT)}"
    assert add("-", "--schemas", tmp_path, stdin=text.encode()).status == 0
    assert (tmp_path / "a/b/input.json").read_text() == INPUT


def test_a_line_per_element_breaks_the_lines(tmp_path: Path) -> None:
    text = "".join(f"<div>{html.escape(line)}</div>" for line in page().split("\n"))
    assert add("-", "--schemas", tmp_path, stdin=text.encode()).status == 0
    assert (tmp_path / "owner/model/example.json").read_text() == '{"prompt": "a cat"}'


@pytest.mark.parametrize("saved_as", ["text", "html"])
@pytest.mark.parametrize("space", ["\xa0", "\u2003", "\u3000", "\ufeff"])
def test_odd_spaces_are_plain_ones_except_in_strings(space: str, saved_as: str, tmp_path: Path) -> None:  # fmt: skip
    schema = '{\n  "type": "object",\n  "properties": {"prompt": {"title": "a\\"\xa0b"}}\n}'
    text = page(schema=schema.replace(" ", space))
    raw = f"<p>{html.escape(text)}</p>" if saved_as == "html" else text
    assert add("-", "--schemas", tmp_path, stdin=raw.encode()).status == 0
    assert (tmp_path / "owner/model/input.json").read_text("utf-8") == schema


# The model id


@pytest.mark.parametrize(
    "model_id", ["minimax/Hailuo Video 01 Live", "wan-ai/wan-2.6/4K", "a/b/c/d/e"]
)
def test_ids_hold_spaces_dots_and_capitals(model_id: str, tmp_path: Path) -> None:
    assert add("-", "--schemas", tmp_path, stdin=page(model_id).encode()).status == 0
    assert (tmp_path / model_id / "input.json").is_file()


@pytest.mark.parametrize(
    "words",
    [
        "modelApiDoc_getStartedBeforeModela/b.cmodelApiDoc_getStartedAfterModel\n",
        "Use RunComfy's API to run a/b.c. For accepted inputs and outputs, see the schema.\n",
        "--url https://model-api.runcomfy.net/v1/models/a/b.c",
        '--url https://model-api.runcomfy.net/v1/models/a/b.c --header "Accept: */*"\n',
        '--url "https://model-api.runcomfy.net/v1/models/a/b.c"\n',
        "GET /v1/requests/{request_id}/status, POST /v1/models/{model_id}, /v1/models/a/b.c\n",
    ],
)
def test_any_place_that_names_the_id_is_enough(words: str, tmp_path: Path) -> None:
    assert add("-", "--schemas", tmp_path, stdin=f"{INPUT}\n{words}".encode()).status == 0
    assert (tmp_path / "a/b.c/input.json").read_text() == INPUT


@pytest.mark.parametrize("end", ["\n", " "])
def test_words_that_only_begin_like_the_sentence_with_the_id_name_none(
    end: str, tmp_path: Path
) -> None:
    text = f"Use the API to run models of all kinds.{end}{page()}"
    assert add("-", "--schemas", tmp_path, stdin=text.encode()).status == 0


def test_one_id_can_be_the_beginning_of_another(tmp_path: Path) -> None:
    for model_id in ("owner/model/draft", "owner/model"):
        add("-", "--schemas", tmp_path, stdin=page(model_id).encode())
    assert (tmp_path / "owner/model/input.json").is_file()
    assert (tmp_path / "owner/model/draft/input.json").is_file()


# Blocks


@pytest.mark.parametrize(
    "payload",
    [
        '{"prompt": "a } brace, a { brace and {\\"json\\": 1}"}',
        '{"prompt": "it\'s \'quoted\'"}',
        '{"prompt": "", "images": []}',
        "{}",
    ],
)
def test_a_payload_is_taken_whole_whatever_it_holds(payload: str, tmp_path: Path) -> None:
    assert add("-", "--schemas", tmp_path, stdin=page(payload=payload).encode()).status == 0
    assert (tmp_path / "owner/model/example.json").read_text() == payload


def test_line_ends_and_spaces_stay_as_they_were_saved(tmp_path: Path) -> None:
    schema = INPUT.replace(", ", ",\r\n\t ")
    add("-", "--schemas", tmp_path, stdin=page(schema=schema).encode())
    assert (tmp_path / "owner/model/input.json").read_bytes() == schema.encode()


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path: Path) -> None:
    text = b"\xef\xbb\xbf" + INPUT.encode()
    assert add("-", "--model-id", "a/b", "--schemas", tmp_path, stdin=text).status == 0
    assert (tmp_path / "a/b/input.json").read_text() == INPUT


def test_a_jobs_answer_on_the_page_is_no_output_schema(tmp_path: Path) -> None:
    text = '{"output": {"image": "https://x.test/1.png"}}' + page()
    add("-", "--schemas", tmp_path, stdin=text.encode())
    assert "properties" in load(tmp_path / "owner/model/output.json")


# Bare blocks and the catalogue


def test_an_input_schema_alone_is_enough(tmp_path: Path) -> None:
    ran = add("-", "--model-id", "a/b", "--schemas", tmp_path, stdin=INPUT.encode())
    assert ran.status == 0
    assert sorted(tree(tmp_path)) == ["a/b/input.json", "a/b/source.json"]
    assert "note: there is no output schema" in ran.out


@pytest.mark.parametrize(
    "output", [OUTPUT, '{"type": "object", "properties": {"image": {"type": "string"}}}']
)
def test_the_copied_blocks_are_distinguished(output: str, tmp_path: Path) -> None:
    text = '{"prompt": "a cat"}' + INPUT + output
    add("-", "--model-id", "a/b", "--schemas", tmp_path, stdin=text.encode())
    folder = tmp_path / "a/b"
    assert (folder / "example.json").read_text() == '{"prompt": "a cat"}'
    assert (folder / "input.json").read_text() == INPUT
    assert list(load(folder / "output.json")["properties"]) == ["image"]


CATALOGUE_SCHEMA = (
    '{"properties": {"images": {"format": "image_uris", "type": "array"}}, "type": "object"}'
)


@pytest.mark.parametrize("frame", ["%s", "[%s]", '{"models": [%s], "total": 1}'])
def test_a_catalogue_entry_is_taken_from_any_answer(frame: str, tmp_path: Path) -> None:
    entry = f'{{"display_name": "x", "model_id": "a/b", "input_schema" : {CATALOGUE_SCHEMA}}}'
    assert add("-", "--schemas", tmp_path, stdin=(frame % entry).encode()).status == 0
    assert (tmp_path / "a/b/input.json").read_text() == CATALOGUE_SCHEMA
    assert load(tmp_path / "a/b/source.json")["dialect"] == "catalogue"


@pytest.mark.parametrize(
    ("schema", "dialect"),
    [
        (CATALOGUE_SCHEMA, "catalogue"),
        (
            '{"properties": {"a": {"description": "", "type": "string"}}, "type": "object"}',
            "catalogue",
        ),
        ('{"type": "object", "properties": {"a": {"type": "string"}}}', "page"),
        (INPUT, "page"),
    ],
)
def test_the_dialect_is_seen_in_the_schema(schema: str, dialect: str, tmp_path: Path) -> None:
    add("-", "--model-id", "a/b", "--schemas", tmp_path, stdin=schema.encode())
    assert load(tmp_path / "a/b/source.json")["dialect"] == dialect


# Folders


def test_a_folder_gives_all_its_pages_and_passes_over_the_rest(tmp_path: Path) -> None:
    folder = tmp_path / "pages"
    (folder / "page_files").mkdir(parents=True)
    (folder / "one.txt").write_text(page("a/one"))
    (folder / "two").write_text(page("a/two"))
    (folder / "README.md").write_text("These are pages.")
    (folder / "shot.png").write_bytes(b"\x89PNG")
    (folder / ".DS_Store").write_bytes(b"\xff")
    ran = add(folder, "--schemas", tmp_path / "schemas", "--json")
    assert [entry["model_id"] for entry in ran.json["written"]] == ["a/one", "a/two"]
    assert [Path(entry["place"]).name for entry in ran.json["skipped"]] == ["README.md", "shot.png"]


def test_a_page_that_is_named_twice_is_read_once(tmp_path: Path) -> None:
    (tmp_path / "one.txt").write_text(page())
    ran = add(tmp_path, tmp_path / "one.txt", "--schemas", tmp_path / "schemas", "--json")
    assert ran.status == 0
    assert ran.json["written"][0]["passed_over"] == []


MARKS = [
    "`https://model-api.runcomfy.net/v1/models/owner/model`, then wait",
    "**https://model-api.runcomfy.net/v1/models/owner/model**",
    "[the model](https://model-api.runcomfy.net/v1/models/owner/model) of today",
    "<https://model-api.runcomfy.net/v1/models/owner/model>",
    "| POST | /v1/models/owner/model | starts it |",
    r"\_https://model-api.runcomfy.net/v1/models/owner/model\_",
    "POST to https://model-api.runcomfy.net/v1/models/owner/model, and wait",
    "POST to https://model-api.runcomfy.net/v1/models/owner/model.",
    "POST to https://model-api.runcomfy.net/v1/models/owner/model to start it",
    "POST to https://model-api.runcomfy.net/v1/models/{model_id} to start it",
    "向 https://model-api.runcomfy.net/v1/models/owner/model。然后等待",
    "（https://model-api.runcomfy.net/v1/models/owner/model）",
    "「https://model-api.runcomfy.net/v1/models/owner/model」、",
    "POST to \u201chttps://model-api.runcomfy.net/v1/models/owner/model\u201d, and wait",
    "POST to \u00abhttps://model-api.runcomfy.net/v1/models/owner/model\u00bb",
    "https://model-api.runcomfy.net/v1/models/owner/model\u2014then wait",
    "https://model-api.runcomfy.net/v1/models/owner/model\u2026",
    "https://model-api.runcomfy.net/v1/models/owner/model/",
    "https://model-api.runcomfy.net/v1/models/owner/model\u00a0is the URL",
    "~~https://model-api.runcomfy.net/v1/models/owner/model~~",
    "https://model-api.runcomfy.net/v1/models/owner/model\u2028then wait",
]


@pytest.mark.parametrize("words", MARKS)
@pytest.mark.parametrize("place", ["before", "after"])
def test_an_id_in_prose_ends_where_its_marks_begin(words: str, place: str, tmp_path: Path) -> None:
    text = f"{words}\n{page()}" if place == "before" else f"{page()}\n{words}\n"
    ran = add("-", "--schemas", tmp_path, "--json", stdin=text.encode())
    assert [one["model_id"] for one in ran.json["written"]] == ["owner/model"], ran.json


def test_of_two_ids_on_a_page_the_command_line_says_which_it_is_about(tmp_path: Path) -> None:
    text = f"See also `/v1/models/owner/sibling`.\n{page()}".encode()
    assert add("-", "--schemas", tmp_path, stdin=text).status == 65
    ran = add("-", "--schemas", tmp_path, "--json", "--model-id", "owner/model", stdin=text)
    assert [one["model_id"] for one in ran.json["written"]] == ["owner/model"]
