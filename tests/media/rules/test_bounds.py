"""The bound policy: broken only where every reading is broken."""

from __future__ import annotations

import pytest

from runcomfy.media.probe.info import MediaInfo
from runcomfy.media.rules.bounds import BREAKS, HOLDS, UNCLEAR, explain, judge
from runcomfy.media.rules.metrics import metric
from runcomfy.model.media import MediaRule


def verdict(name: str, operator: str, limit: float | str, **facts: float | str) -> str:
    values = metric(name).values(MediaInfo(**facts))  # type: ignore[arg-type]  # facts by their names
    assert values is not None
    return judge(values, operator, limit)


@pytest.mark.parametrize(
    ("operator", "width", "expected"),
    [
        (">", 383, BREAKS),
        (">", 384, UNCLEAR),
        (">", 385, HOLDS),
        (">=", 383, BREAKS),
        (">=", 384, UNCLEAR),
        (">=", 385, HOLDS),
        ("<", 383, HOLDS),
        ("<", 384, UNCLEAR),
        ("<", 385, BREAKS),
        ("<=", 383, HOLDS),
        ("<=", 384, UNCLEAR),
        ("<=", 385, BREAKS),
        ("=", 383, BREAKS),
        ("=", 384, HOLDS),
        ("==", 384, HOLDS),
        ("==", 385, BREAKS),
    ],
)
def test_exactly_on_the_bound_nobody_can_say(operator: str, width: int, expected: str) -> None:
    assert verdict("width_pixels", operator, 384, width=width) == expected


@pytest.mark.parametrize(
    ("operator", "size", "expected"),
    [
        # 10 MB: below both readings, on the lower, between, on the upper, above both.
        ("<", 9_999_999, HOLDS),
        ("<", 10_000_000, UNCLEAR),
        ("<", 10_200_000, UNCLEAR),
        ("<", 10_485_760, UNCLEAR),
        ("<", 10_485_761, BREAKS),
        (">", 10_485_761, HOLDS),
        (">", 9_999_999, BREAKS),
        ("<", 0, HOLDS),
    ],
)
def test_a_size_is_judged_in_both_megabytes(operator: str, size: int, expected: str) -> None:
    assert verdict("file_size_mb", operator, 10, size=size) == expected


@pytest.mark.parametrize(
    ("operator", "limit", "width", "height", "expected"),
    [
        (">", 0.0625, 100, 1600, UNCLEAR),
        ("<", 0.4, 400, 1000, UNCLEAR),
        ("<", 16, 1601, 100, BREAKS),
        ("=", 1.78, 1920, 1080, UNCLEAR),  # the limit is rounded
        ("=", 1.78, 1024, 1024, BREAKS),
    ],
)
def test_a_ratio_is_judged_as_it_is_computed(
    operator: str, limit: float, width: int, height: int, expected: str
) -> None:
    assert verdict("width/height", operator, limit, width=width, height=height) == expected


@pytest.mark.parametrize(
    ("operator", "duration", "expected"),
    [
        ("<=", 9.9, HOLDS),
        ("<=", 10.03, UNCLEAR),
        ("<=", 10.2, BREAKS),
        (">=", 9.97, UNCLEAR),
        ("=", 10.0, HOLDS),
        ("=", 10.04, UNCLEAR),
        ("=", 11.0, BREAKS),
    ],
)
def test_a_length_is_told_to_a_frame_only(operator: str, duration: float, expected: str) -> None:
    assert verdict("duration_seconds", operator, 10, duration=duration) == expected


@pytest.mark.parametrize(
    ("operator", "rate", "expected"),
    [
        (">=", 30000 / 1001, UNCLEAR),
        ("<", 30000 / 1001, UNCLEAR),
        ("=", 30.0, HOLDS),
        ("=", 30000 / 1001, UNCLEAR),
        (">=", 29.0, BREAKS),
        (">=", 31.0, HOLDS),
    ],
)
def test_a_rate_of_29_97_may_be_called_30(operator: str, rate: float, expected: str) -> None:
    assert verdict("fps", operator, 30, frame_rate=rate) == expected


@pytest.mark.parametrize("limit", ["png", "PNG", "jpg, png", "image/jpeg|image/png", ".png .webp"])
def test_a_format_is_one_of_those_that_a_text_names(limit: str) -> None:
    assert verdict("format", "=", limit, format="png") == HOLDS
    assert verdict("format", "==", limit, format="gif") == BREAKS


def test_a_format_has_several_names() -> None:
    assert verdict("format", "=", "jpg", format="jpeg") == HOLDS
    assert verdict("format", "=", "video/quicktime", format="mov") == HOLDS


def test_the_sentence_on_a_bound_quotes_the_rule_and_its_words() -> None:
    words = explain(MediaRule("width_pixels", ">", 384, 'At least "384" pixels.'), UNCLEAR)
    assert "exactly at the limit" in words
    assert "width_pixels> 384" in words
    assert r"At least \"384\" pixels." in words


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("file_size_mb", "10^6 or 2^20"),
        ("file_size_kb", "10^3 or 2^10"),
        ("duration", "to the nearest frame"),
        ("fps", "29.97"),
    ],
)
def test_the_sentence_between_two_readings_says_which(name: str, why: str) -> None:
    words = explain(MediaRule(name, "<", 10, "Less than 10."), UNCLEAR, metric(name).units)
    assert why in words
    assert f"{name}< 10" in words


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (MediaRule("width", ">", 384), "width> 384 (in pixels)"),
        (MediaRule("file_size_mb", "<", 10), "file_size_mb< 10 (in MB)"),
        (MediaRule("duration", "<=", 10), "duration<= 10 (in seconds)"),
        (MediaRule("fps", "<=", 30), "fps<= 30 (in frames per second)"),
        (MediaRule("aspect_ratio", "<", 2), "aspect_ratio< 2"),
        (MediaRule("duration*1000", "<", 2), "duration*1000< 2"),
        (MediaRule("format", "=", "png"), "format= png"),
        (MediaRule("width", ">", 384, "A wide one."), 'width> 384, in words "A wide one."'),
    ],
)
def test_a_rule_without_words_of_its_own_is_reported_with_its_unit(
    rule: MediaRule, message: str
) -> None:
    assert explain(rule, BREAKS, metric(rule.metric).units) == f"must satisfy the rule {message}"
