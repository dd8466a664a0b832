"""``pull`` at services that misbehave: what can be used is stored, and nothing is lost by what they leave out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from runcomfy.protocol.retries import Retries
from runcomfy_codegen.catalogue import cursor, reader
from support.codegen import Ran, codegen
from support.generate import text_schema, tree
from support.scripted_server import Reply, json_reply, serve

DIGITS = "9" * 5_000


def _entry(model_id: str, **facts: Any) -> dict[str, Any]:
    return {"model_id": model_id, "input_schema": text_schema("prompt"), **facts}


def _page(*ids: str, **more: Any) -> Reply:
    return json_reply(models=[_entry(one) for one in ids], **more)


@pytest.fixture(autouse=True)
def _small_pages_and_no_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNCOMFY_TOKEN", "any")
    monkeypatch.setattr(reader, "_PAGE", 3)
    monkeypatch.setattr(Retries, "repeats", lambda *_: False)


def _pull(schemas: Path, replies: Sequence[Reply], *arguments: str) -> Ran:
    with serve() as server:
        server.script(models=[*replies])
        places = ("--schemas", schemas, "--base-url", server.url)
        return codegen("pull", "--all", "--json", *places, *arguments)


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    """A folder with one model of the catalogue, which the pulls below do not meet."""
    schemas = tmp_path / "schemas"
    _pull(schemas, [_page("acme/known", total=1)])
    return schemas


@pytest.mark.parametrize(
    "replies",
    [
        pytest.param([_page("a/1", "a/2", "a/3", total=50)], id="the first page again and again"),
        pytest.param([_page("a/1", "a/2", "a/3")], id="the same, and no total"),
        pytest.param([_page("a/1", total=50), _page(total=50)], id="nothing after the first page"),
        pytest.param([_page(total=50)], id="nothing at all"),
        pytest.param(
            [_page("a/1", "a/2", "a/3", total=50), _page("a/4", "a/5", total=50)] * 2,
            id="two pages in turns",
        ),
    ],
)
def test_a_catalogue_that_ends_early_marks_and_prunes_nothing(
    stored: Path, replies: list[Reply]
) -> None:
    ran = _pull(stored, replies, "--prune")
    assert (ran.status, ran.json["complete"]) == (65, False)
    assert "so no model is marked as deprecated" in ran.json["remarks"][0]
    assert {one["verdict"] for one in ran.json["changes"]} <= {"added"}
    assert "acme/known/deprecated.json" not in tree(stored)


@pytest.mark.parametrize("total", [None, "3", True, 2, 0, -1])
def test_a_strange_total_ends_the_catalogue_all_the_same(tmp_path: Path, total: object) -> None:
    ran = _pull(tmp_path / "schemas", [_page("a/1", "a/2", total=total), _page(total=total)])
    assert (ran.status, len(ran.json["changes"])) == (0, 2)


def test_a_model_that_is_listed_twice_is_taken_once(tmp_path: Path) -> None:
    """Pages shift while they are read, if the catalogue grows."""
    pages = [_page("a/1", "a/1", "a/2", total=5), _page("a/2", "a/3", total=5)]
    ran = _pull(tmp_path / "schemas", pages)
    assert (ran.status, ran.json["unchanged"]) == (0, 0)
    assert [one["model_id"] for one in ran.json["changes"]] == ["a/1", "a/2", "a/3"]


@pytest.mark.parametrize("second", ["a/cat", "a/Cat", "A/CAT"])
def test_of_two_models_for_one_folder_the_first_is_taken(tmp_path: Path, second: str) -> None:
    other = _entry(second, input_schema=text_schema("other"))
    reply = json_reply(models=[_entry("a/cat"), other, _entry("a/dog")], total=3)
    ran = _pull(tmp_path / "schemas", [reply])
    assert (ran.status, list(ran.json["unusable"])) == (65, [second])
    assert sorted(tree(tmp_path / "schemas")) == [
        f"a/{name}/{file}" for name in ("cat", "dog") for file in ("input.json", "source.json")
    ]
    assert "prompt" in (tmp_path / "schemas/a/cat/input.json").read_text()


BROKEN = {
    "a fault of the service": Reply(500, b"boom"),
    "no JSON": Reply(body=b"<html>"),
    "no UTF-8": Reply(body=json.dumps({"models": [_entry("a/2")], "total": 3}).encode("utf-16")),
    "a number of thousands of digits": Reply(
        body=b'{"models": [%s], "total": 3}'
        % json.dumps(_entry("a/2", base_price_usd=0)).replace(" 0}", f" {DIGITS}}}").encode()
    ),
}


@pytest.mark.parametrize("reply", BROKEN.values(), ids=BROKEN)
def test_an_entry_that_no_page_can_hold_costs_itself_alone(stored: Path, reply: Reply) -> None:
    """Its page fails, then its entries are asked for one by one; without its id, no model counts as gone."""
    ran = _pull(stored, [reply, _page("a/1", total=3), reply, _page("a/3", total=3)])
    assert (ran.status, list(ran.json["unusable"])) == (65, ["entry 2"])
    assert [one["model_id"] for one in ran.json["changes"]] == ["a/1", "a/3"]
    assert ran.json["remarks"] == [
        "the catalogue has entries without an id (1), so no model is marked as deprecated"
    ]


def test_an_outage_is_not_put_down_to_the_entries(tmp_path: Path) -> None:
    """The next pull asks for them again, and does not know of a fault."""
    schemas = tmp_path / "schemas"
    outage = _pull(schemas, [_page("a/1", "a/2", "a/3", total=4), Reply(503, b"")])
    assert (outage.status, "HTTP 503" in outage.err) == (69, True)
    ran = _pull(schemas, [_page("a/1", "a/2", "a/3", total=4), _page("a/4", total=4)])
    assert (ran.status, ran.json["unusable"]) == (0, {})


def test_an_answer_that_is_no_text_names_the_address_to_check(tmp_path: Path) -> None:
    ran = _pull(tmp_path / "schemas", [BROKEN["no UTF-8"]])
    assert (ran.status, "Check --base-url" in ran.err) == (65, True)


def test_an_entry_without_an_id_is_not_looked_up(tmp_path: Path) -> None:
    ran = _pull(tmp_path / "schemas", [json_reply(models=[{}, {"model_id": 5}], total=2)])
    assert ran.json["unusable"] == dict.fromkeys(
        ("entry 1", "entry 2"), "this catalogue entry has no input_schema"
    )


@pytest.mark.parametrize(
    ("resumed", "word", "removed"),
    [
        pytest.param([[5, 6, 7], [8, 9]], "resumed at entry 5", [], id="as it was"),
        pytest.param([[8, 9], [4, 5, 6], [7, 8, 9]], "started over", [1, 2, 3], id="has moved"),
        pytest.param([[], [7, 8, 9]], "started over", [1, 2, 3, 4, 5, 6], id="is shorter"),
    ],
)
def test_an_interrupted_pull_resumes_only_in_the_catalogue_that_it_read(
    tmp_path: Path,
    resumed: list[list[int]],
    word: str,
    removed: list[int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What slipped to places before that of the interruption would count as gone."""
    monkeypatch.setattr(cursor, "_OVERLAP", 2)
    schemas = tmp_path / "schemas"

    def pages(numbers: list[list[int]], total: int) -> list[Reply]:
        return [_page(*(f"a/{one}" for one in page), total=total) for page in numbers]

    with serve() as server:
        command = ("pull", "--all", "--json", "--schemas", schemas, "--base-url", server.url)
        server.script(models=pages([[1, 2, 3], [4, 5, 6], [7, 8, 9]], 9))
        assert codegen(*command).status == 0
        server.script(models=[*pages([[1, 2, 3], [4, 5, 6]], 9), Reply(403)])
        assert codegen(*command).status == 77
        server.script(models=pages(resumed, 9 - len(removed)))
        ran = codegen(*command, "--prune")
    assert ran.json["remarks"][0].startswith(word)
    assert [one["model_id"] for one in ran.json["changes"]] == [f"a/{one}" for one in removed]
