"""Patterns give the verdict of ``re.search``, in a time that does not explode."""

from __future__ import annotations

import re

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from runcomfy.model.patterns import _read, _simulate, is_bounded, search

PATTERNS = [
    r"^(a+)+$", r"^(a|a)*$", r"^[a-z0-9]+(?:-[a-z0-9]+)*$", r"(a*b?)*c", r"^(\w+\s?)*$", r"(x+x+)+y", r"a.*b.*c",
r"\bfoo\b.*\d", r"[^ab]+[ab]*$", r"(?:ab|cd)*?e", r"a{2,3}b*c*",
    r"^\s*\S+\s*$", r"(a{0,20}){0,20}\Z",
]  # fmt: skip


@pytest.mark.parametrize("pattern", PATTERNS)
@settings(max_examples=60)
@given(text=st.text(st.sampled_from("abcxyfo1 .-\n_é\u0663"), max_size=9))
def test_the_simulation_finds_what_re_finds(pattern: str, text: str) -> None:
    _, states = _read(pattern)
    assert states is not None
    assert _simulate(states, text) == (re.search(pattern, text) is not None)


@settings(max_examples=300)
@given(
    pattern=st.text(st.sampled_from("ab()[]|*+?{}1,.^$\\wsd-"), max_size=8),
    text=st.text(st.sampled_from("ab1 -\n"), max_size=6),
)
def test_any_pattern_gets_the_verdict_of_re(pattern: str, text: str) -> None:
    try:
        expected = re.search(pattern, text) is not None
    except (re.error, FutureWarning):
        assume(False)
    assert search(pattern, text) == expected


@pytest.mark.parametrize(
    "pattern",
    [
        r"^(a+)+$",
        r"^(a|a)*$",
        r"^(a*)*$",
        r"(x+x+)+y",
        r"(a?){40}a{40}$",
        "^" + "a?" * 40 + "a" * 40 + "$",
        "^" + "(a|a)" * 40 + "$",
        "^((a|a){16}){16}$",
        "^(a{0,2}){16}(a{0,2}){16}b",
    ],
)
def test_a_pattern_that_explodes_is_answered(pattern: str) -> None:
    assert search(pattern, "a" * 5_000 + "!") is False


def test_a_pattern_that_is_slow_on_long_texts_is_answered() -> None:
    assert search(r"a+a+a+b", "a" * 20_000) is False


@pytest.mark.parametrize(
    "pattern", [r"^(?=(a+)+$)", r"^(a+)+\1$", r"^(?i:a+)+$", "(?=b)" + "a?" * 40]
)
def test_what_can_explode_and_cannot_be_simulated_is_known(pattern: str) -> None:
    assert not is_bounded(pattern)


@pytest.mark.parametrize("pattern", [r"^(?!.*foo).*$", r"(a)\1", r"^https?://", r"^[a-z]{1,63}$"])
def test_usual_patterns_are_bounded(pattern: str) -> None:
    assert is_bounded(pattern)
