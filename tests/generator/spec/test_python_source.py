"""Literals mean what they were made from, in any text."""

from __future__ import annotations

import ast
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runcomfy_codegen.spec.names import Identifier
from runcomfy_codegen.spec.python_source import docstring, literal, pointer

text = st.text(st.characters(exclude_categories=()))  # lone surrogates too
json_value = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | text,
    lambda inner: st.lists(inner) | st.dictionaries(text, inner) | st.tuples(inner),
    max_leaves=10,
)


@given(json_value)
def test_a_literal_is_its_value(value: Any) -> None:
    source = literal(value)
    assert ast.literal_eval(source) == value
    assert repr(ast.literal_eval(source)) == repr(value)


@given(json_value)
def test_a_literal_is_one_printable_line(value: Any) -> None:
    assert literal(value).isprintable()


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, b"x", {1, 2}, object(), 1j, ...])
def test_other_values_have_no_literal(value: object) -> None:
    with pytest.raises(ValueError, match="has no Python literal"):
        literal(value)


def test_a_text_that_describes_itself_in_its_own_way_is_a_text() -> None:
    class Sly(str):
        __slots__ = ()

        def __repr__(self) -> str:
            return "__import__('os')"

    assert literal(Sly("x")) == "'x'"


@given(st.lists(text | st.just(Identifier("index"))))
def test_a_pointer_is_the_place_at_run_time(steps: list[str]) -> None:
    expected = "".join(
        "/7" if isinstance(step, Identifier) else "/" + step.replace("~", "~0").replace("/", "~1")
        for step in steps
    )
    assert eval(pointer(steps), {"__builtins__": {}}, {"index": 7}) == expected  # noqa: S307  # a literal of ours, without builtins


def _read(source: str, indent: int) -> str:
    lines = [" " * indent + source if indent else source, " " * indent + "x = 1"]
    tree = ast.parse("\n".join(["if True:" if indent else "", *lines]))
    body = tree.body[0].body if isinstance(tree.body[0], ast.If) else tree.body
    assert len(body) == 2
    assert isinstance(body[0], ast.Expr)
    assert isinstance(body[0].value, ast.Constant)
    return str(body[0].value.value)


@given(text, st.sampled_from([0, 4]))
def test_a_docstring_is_one_constant_with_the_words_of_the_text(words: str, indent: int) -> None:
    found = _read(docstring(words, indent), indent)
    shown = words.encode("utf-8", "backslashreplace").decode("utf-8")
    assert "".join(found.split()) == "".join(shown.split())


@given(text)
def test_a_docstring_breaks_lines_at_line_feeds_only(words: str) -> None:
    source = docstring(words, 4)
    assert source.splitlines() == source.split("\n")
    assert source.replace("\n", "").isprintable()


@given(text)
def test_a_docstring_has_utf_8(words: str) -> None:
    _read(docstring(words, 0), 0).encode("utf-8")
