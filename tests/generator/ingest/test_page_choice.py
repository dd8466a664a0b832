"""Of several pages of one model the best is kept, and the tool says which and why."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.ingest import (
    CHINESE,
    INPUT,
    PAGE_IDS,
    PAGES,
    PLACEHOLDERS,
    RENDERED,
    add,
    page,
    tree,
)

ID = PAGE_IDS[RENDERED]


def test_the_rendered_page_wins_over_placeholder_keys_and_the_tool_says_why(tmp_path: Path) -> None:
    ran = add(PAGES, "--schemas", tmp_path)
    assert f"added      {ID}  from {RENDERED.name}" in ran.out
    assert (
        f"{PLACEHOLDERS.name} was not used: it shows placeholder keys (modelApiDoc_…) "
        "instead of texts and is not the fully rendered page"
    ) in ran.out


@pytest.mark.parametrize("order", [(PLACEHOLDERS, RENDERED), (RENDERED, PLACEHOLDERS)])
def test_the_order_of_the_sources_does_not_matter(order: tuple[Path, Path], tmp_path: Path) -> None:
    add(*order, "--schemas", tmp_path)
    assert RENDERED.name in (tmp_path / ID / "source.json").read_text()


@pytest.mark.parametrize("name", [PLACEHOLDERS.name, str(PLACEHOLDERS)])
def test_prefer_takes_the_named_page_instead(name: str, tmp_path: Path) -> None:
    ran = add(PAGES, "--prefer", name, "--schemas", tmp_path)
    assert PLACEHOLDERS.name in (tmp_path / ID / "source.json").read_text()
    assert f"{RENDERED.name} was not used: --prefer selects {PLACEHOLDERS.name}" in ran.out


def test_prefer_that_matches_nothing_is_an_error_that_lists_the_names(tmp_path: Path) -> None:
    ran = add(RENDERED, "--prefer", "typo.txt", "--schemas", tmp_path)
    assert ran.status == 65
    assert "typo.txt" in ran.err
    assert RENDERED.name in ran.err
    assert tree(tmp_path) == {}


GERMAN = page().replace(
    "Use RunComfy's API to run owner/model. For accepted inputs and outputs, see the schema.",
    "Mit der API von RunComfy lässt sich owner/model ausführen; zulässige Eingaben zeigt das Schema.",
)


@pytest.mark.parametrize(
    ("worse", "reason"),
    [
        (page(output=""), "has no output schema"),
        (page(payload="…"), "has no example payload"),
        (page() + "modelApiDoc_footer", "shows placeholder keys"),
        (page(schema=INPUT.replace('"Input"', '"输入"')), "is not in English"),
        (GERMAN, "is not in English"),
    ],
)
def test_what_a_page_lacks_counts_against_it(worse: str, reason: str, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(worse, "utf-8")
    (tmp_path / "b.txt").write_text(page(), "utf-8")
    ran = add(tmp_path / "a.txt", tmp_path / "b.txt", "--schemas", tmp_path / "schemas")
    assert "from b.txt" in ran.out
    assert f"a.txt was not used: it {reason}" in ran.out


def test_a_translated_complete_page_beats_an_english_one_without_output(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(GERMAN, "utf-8")
    (tmp_path / "b.txt").write_text(page(output=""), "utf-8")
    ran = add(tmp_path / "b.txt", tmp_path / "a.txt", "--schemas", tmp_path / "schemas")
    assert "from a.txt" in ran.out


def test_of_equals_the_first_is_taken(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(page(payload='{"prompt": "a"}'))
    (tmp_path / "b.txt").write_text(page(payload='{"prompt": "b"}'))
    ran = add(tmp_path / "a.txt", tmp_path / "b.txt", "--schemas", tmp_path / "schemas")
    assert "b.txt was not used: it is equally good and was listed later" in ran.out


# Against what is stored


def test_a_second_run_changes_nothing(tmp_path: Path) -> None:
    add(PAGES, "--schemas", tmp_path)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.json")}
    ran = add(PAGES, "--schemas", tmp_path, "--json")
    assert len(ran.json["unchanged"]) == 4
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.json")} == before


def test_a_worse_page_does_not_replace_a_stored_one(tmp_path: Path) -> None:
    add(RENDERED, "--schemas", tmp_path)
    before = tree(tmp_path)
    ran = add(PLACEHOLDERS, "--schemas", tmp_path)
    assert ran.status == 0
    assert tree(tmp_path) == before
    assert f"kept       {ID}" in ran.out
    assert f"the stored page ({RENDERED.name}) is better: this one shows placeholder" in ran.out
    assert f"--prefer {PLACEHOLDERS.name}" in ran.out


def test_prefer_replaces_a_better_stored_page_and_leaves_nothing_of_it(tmp_path: Path) -> None:
    add("-", "--schemas", tmp_path, stdin=page().encode())
    bare = tmp_path / "bare.json"
    bare.write_text(INPUT)
    folder = tmp_path / "owner/model"
    ran = add(bare, "--model-id", "owner/model", "--prefer", "bare.json", "--schemas", tmp_path)
    assert sorted(tree(folder)) == ["input.json", "source.json"]
    assert "output.json was removed" in ran.out


def test_a_better_page_replaces_a_stored_one(tmp_path: Path) -> None:
    add(PLACEHOLDERS, "--schemas", tmp_path)
    assert f"updated    {ID}" in add(RENDERED, "--schemas", tmp_path).out


def test_a_newer_page_of_the_same_worth_replaces_the_stored_one(tmp_path: Path) -> None:
    add("-", "--schemas", tmp_path, stdin=page().encode())
    add("-", "--schemas", tmp_path, stdin=page(payload='{"prompt": "new"}').encode())
    assert (tmp_path / "owner/model/example.json").read_text() == '{"prompt": "new"}'


def test_overrides_are_never_touched(tmp_path: Path) -> None:
    add(CHINESE, "--schemas", tmp_path)
    overrides = tmp_path / PAGE_IDS[CHINESE] / "overrides.json"
    overrides.write_text('{"input": {}}')
    text = CHINESE.read_text("utf-8").replace('"1k"', '"8k"')
    assert add("-", "--schemas", tmp_path, stdin=text.encode()).status == 0
    assert overrides.read_text() == '{"input": {}}'
    assert '"8k"' in (overrides.parent / "input.json").read_text("utf-8")


@pytest.mark.parametrize("record", ["", "[]", "{", '{"texts": 1}', "[" * 100_000])
def test_a_record_that_was_spoilt_by_hand_is_written_anew(record: str, tmp_path: Path) -> None:
    add(RENDERED, "--schemas", tmp_path)
    written = tree(tmp_path)
    (tmp_path / ID / "source.json").write_text(record)
    assert add(RENDERED, "--schemas", tmp_path).status == 0
    assert tree(tmp_path) == written
