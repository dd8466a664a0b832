"""The bound policy: broken only where every reading is broken."""

from __future__ import annotations

import pytest

from runcomfy.media import MediaRule
from runcomfy.media.bounds import BREAKS, HOLDS, UNCLEAR, explain, in_unit, judge


@pytest.mark.parametrize(
    ("metric", "operator", "measured", "limit", "verdict"),
    [
        ("width_pixels", ">", 383, 384, BREAKS),
        ("width_pixels", ">", 384, 384, UNCLEAR),
        ("width_pixels", ">", 385, 384, HOLDS),
        ("width_pixels", "<", 4999, 5000, HOLDS),
        ("width_pixels", "<", 5000, 5000, UNCLEAR),
        ("width_pixels", "<", 5001, 5000, BREAKS),
        ("width/height", ">", 100 / 1600, 0.0625, UNCLEAR),
        ("width/height", "<", 400 / 1000, 0.4, UNCLEAR),
        ("width/height", "<", 16.01, 16, BREAKS),
        # 10 MB: below both readings, on the lower, between, on the upper, above both.
        ("file_size_mb", "<", 9_999_999, 10, HOLDS),
        ("file_size_mb", "<", 10_000_000, 10, UNCLEAR),
        ("file_size_mb", "<", 10_200_000, 10, UNCLEAR),
        ("file_size_mb", "<", 10_485_760, 10, UNCLEAR),
        ("file_size_mb", "<", 10_485_761, 10, BREAKS),
        ("file_size_mb", ">", 10_485_761, 10, HOLDS),
        ("file_size_mb", ">", 9_999_999, 10, BREAKS),
        ("file_size_mb", "<", 0, 0.5, HOLDS),
    ],
)
def test_a_rule_holds_or_breaks_only_under_every_reading(
    metric: str, operator: str, measured: float, limit: float, verdict: str
) -> None:
    assert judge(metric, operator, measured, limit) == verdict


def test_the_sentence_on_a_bound_quotes_the_rule_and_its_words() -> None:
    words = explain(MediaRule("width_pixels", ">", 384, 'At least "384" pixels.'), UNCLEAR)
    assert "exactly on the bound" in words
    assert "width_pixels> 384" in words
    assert r"At least \"384\" pixels." in words


def test_the_sentence_between_the_megabytes_says_that_there_are_two() -> None:
    words = explain(MediaRule("file_size_mb", "<", 10, "Less than 10 MB."), UNCLEAR)
    assert "10^6 or 2^20" in words
    assert "file_size_mb< 10" in words


def test_a_rule_without_words_is_told_without_them() -> None:
    assert explain(MediaRule("width_pixels", ">", 384), BREAKS) == (
        "must keep the rule width_pixels> 384"
    )


def test_sizes_are_told_in_the_unit_of_the_limit() -> None:
    assert in_unit("file_size_mb", 2_500_000) == 2.5
    assert in_unit("width_pixels", 384) == 384
