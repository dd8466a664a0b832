"""Metrics: expressions over the facts of a file."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runcomfy.media.probe.info import MediaInfo
from runcomfy.media.rules.metrics import UnknownMetric, metric, problem

INFO = MediaInfo(
    kind="video",
    format="mp4",
    size=2_500_000,
    width=640,
    height=480,
    duration=8.0,
    frame_rate=25.0,
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("file_size_mb", 2.5),
        ("file_size_kb", 2500),
        ("file_size_bytes", 2_500_000),
        ("width_pixels", 640),
        ("height_pixels", 480),
        ("width", 640),
        ("WIDTH_PIXELS", 640),
        ("width/height", 640 / 480),
        ("width_pixels/height_pixels", 640 / 480),
        ("height/width", 0.75),
        ("aspect_ratio", 640 / 480),
        ("megapixels", 0.3072),
        ("width*height", 307_200),
        ("duration", 8),
        ("duration_seconds", 8),
        ("duration_ms", 8000),
        ("fps", 25),
        ("frames_per_second", 25),
        ("format", "mp4"),
        ("duration*frame_rate", 200),
        ("width + height * 2", 1600),
        ("(width + height) * 2", 2240),
        ("width - height - 10", 150),
        ("width / 2 / 2", 160),
        ("((width))", 640),
        ("8*file_size_mb/duration", 2.5),
        ("100/aspect_ratio", 75),
    ],
)
def test_an_expression_is_computed_from_the_facts(text: str, value: float | str) -> None:
    values = metric(text).values(INFO)
    assert values is not None
    assert values[0] == (value if isinstance(value, str) else pytest.approx(value))
    assert problem(text, "=", "mp4" if isinstance(value, str) else 1) == ""


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sharpness",
        "width height",
        "width//height",
        "*width",
        "width*",
        "(width",
        "width)",
        "()",
        "10",
        "10/2",
        "format*2",
        "nan*width",
        "inf*width",
        "1_0*width",
        "0x10*width",
        "1.2.3*width",
        "²*width",
        "٣*width",
        "width.real",
        "__import__",
        "width;height",
        "(" * 5000 + "width" + ")" * 5000,
    ],
)
def test_anything_else_is_unknown(text: str) -> None:
    with pytest.raises(UnknownMetric, match="unknown metric"):
        metric(text)


@given(st.text("wh idt/*+-()0.e", max_size=30))
def test_any_text_is_computed_or_unknown(text: str) -> None:
    try:
        values = metric(text).values(INFO)
    except UnknownMetric:
        return
    assert values is None or all(isinstance(value, (int, float)) for value in values)


@given(st.recursive(st.sampled_from(["width", "height", "7", "0.5"]), lambda inner: st.one_of(
    st.tuples(inner, st.sampled_from("+-*/"), inner).map(" ".join), inner.map("({})".format)
), max_leaves=12))  # fmt: skip  # it reads as a grammar
def test_an_expression_means_what_it_means_in_python(text: str) -> None:
    if ("w" not in text and "h" not in text) or len(text) > 200:
        return
    try:
        expected = eval(text, {"width": 640, "height": 480})  # noqa: S307  # the text is ours
    except ZeroDivisionError:
        expected = None
    values = metric(text).values(INFO)
    assert (values and values[0]) == (None if expected is None else pytest.approx(expected))


def test_a_fact_that_is_not_known_gives_no_value() -> None:
    assert metric("width/height").values(MediaInfo(width=640)) is None
    assert metric("format").values(MediaInfo()) is None


def test_a_division_by_nothing_gives_no_value() -> None:
    assert metric("width/(height-480)").values(INFO) is None


@pytest.mark.parametrize(
    ("text", "operator", "limit", "words"),
    [
        ("sharpness", "<", 1, "unknown metric sharpness"),
        ("width", "!=", 1, "unknown operator !="),
        ("width", "", 1, "missing"),
        ("width", "<", "10", "its limit is not a number"),
        ("format", "<", "png", "a format cannot be compared with <"),
    ],
)
def test_a_rule_that_cannot_be_checked_says_why(
    text: str, operator: str, limit: object, words: str
) -> None:
    assert words in problem(text, operator, limit)


def test_readings_of_two_units_are_all_held_against_each_other() -> None:
    """A rule counts as broken only where every reading of every fact breaks it."""
    values = metric("file_size_mb/duration").values(MediaInfo(size=10_200_000, duration=5.0))
    assert values is not None
    assert len(values) == 6
    assert max(values) == pytest.approx(10.2 / 4.95)
    assert min(values) == pytest.approx(10_200_000 / 2**20 / 5.05)


@pytest.mark.parametrize("limit", ["", 5, "image/*", "image/*, video/mp4", "anything"])
def test_a_limit_that_names_no_format_breaks_no_file(limit: object) -> None:
    assert problem("format", "=", limit) == "its limit contains no known format"
