"""Whatever a page holds: never a traceback, never a file outside the schemas folder."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.codegen import Ran
from support.ingest import INPUT, PAGE_IDS, add, page, tree

REAL_PAGES = [source.read_bytes() for source in PAGE_IDS]

FRAGMENTS = st.sampled_from(
    [
        *'{}[]",:\\/\'<>&;\r\n\t\0 \u2028\u202e\ufeff',
        "../", "/v1/models/", "--url https://x/v1/models/", " \\\n", "--data '", "%2e%2e%2f",
        '{"output": ', '{"type": "object"', '"properties": {', '"type":', "NaN", "1e999", "[" * 3000,
        "modelApiDoc_getStartedBeforeModel", "API to run ", ". For accepted", "a/b",
        "<script>", "</script>", "<!--", "<![CDATA[", "<pre>", "&quot;", "&#x0;", "&#xd800;",
        '{"models": [', '{"model_id": "a/b", "input_schema": ', INPUT,
    ]
)  # fmt: skip


def hostile_run(data: bytes) -> tuple[Ran, dict[str, bytes]]:
    """Run over the bytes in a folder of its own; what was written, by path from that folder."""
    with tempfile.TemporaryDirectory() as folder:
        ran = add("-", "--schemas", Path(folder) / "a/b/schemas", "--json", stdin=data)
        return ran, tree(Path(folder))


def check(ran: Ran, files: dict[str, bytes]) -> None:
    assert ran.status in (0, 65)
    assert all(name.startswith("a/b/schemas/") for name in files)
    assert bool(ran.json["errors"]) == (ran.status == 65) == (not files)
    for data in files.values():
        json.loads(data)


@given(st.sampled_from(REAL_PAGES), st.data())
@settings(max_examples=150, deadline=None)
def test_a_page_with_holes_and_splices(original: bytes, data: st.DataObject) -> None:
    start, end = sorted(data.draw(st.integers(0, len(original))) for _ in range(2))
    splice = data.draw(st.one_of(st.binary(max_size=8), FRAGMENTS.map(lambda text: text.encode())))
    check(*hostile_run(original[:start] + splice + original[end:]))


@given(st.lists(FRAGMENTS, max_size=30).map("".join))
@settings(max_examples=300, deadline=None)
def test_a_text_of_fragments(text: str) -> None:
    check(*hostile_run(text.encode()))


@given(st.text(max_size=40))
@settings(max_examples=200, deadline=None)
def test_any_text_as_model_id(model_id: str) -> None:
    data = page("MODEL").replace("MODEL", model_id).encode("utf-8", "replace")
    check(*hostile_run(data))


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["type", "properties", "output", "title", "items", "a"]),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
@settings(max_examples=300, deadline=None)
def test_any_json_as_the_input_schema(value: object) -> None:
    check(*hostile_run(page(schema=json.dumps(value)).encode()))


@pytest.mark.parametrize(
    "piece", ["{", "{ { { ", "{}", '{"a":', "[{", "<a ", "<!--", "<p>", "&", "/v1/models/a/b "]
)
def test_time_grows_with_the_size_and_not_with_its_square(piece: str) -> None:
    """A square would take minutes here, and the time limit of the test run would end it."""
    hostile_run((piece * 100_000).encode())
