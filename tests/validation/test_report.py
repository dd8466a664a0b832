"""The content of a report, for people and for programs."""

from __future__ import annotations

import json

import pytest

from runcomfy import Report, Unchecked, ValidationError, Violation

TOO_SMALL = Violation("/seed", "minimum", -1, 0)
UNKNOWN = Violation("/promt", "unknown-input", "x", ("prompt",), "is not an input")
NOT_SEEN = Unchecked("/image", "width_pixels>", "its file is remote", "https://example.com/a.png")


def test_a_report_without_errors_is_valid_whatever_else_it_holds() -> None:
    assert Report("a/b", [], [UNKNOWN], [NOT_SEEN]).valid
    assert not Report("a/b", [TOO_SMALL]).valid


def test_raise_for_errors_raises_every_error_at_once_and_no_warning() -> None:
    Report("a/b", [], [UNKNOWN], [NOT_SEEN]).raise_for_errors()
    with pytest.raises(ValidationError) as caught:
        Report("a/b", [TOO_SMALL, TOO_SMALL], [UNKNOWN]).raise_for_errors()
    assert caught.value.violations == (TOO_SMALL, TOO_SMALL)


def test_as_dict_is_plain_json_with_all_three_answers() -> None:
    answer = json.loads(json.dumps(Report("a/b", [TOO_SMALL], [UNKNOWN], [NOT_SEEN]).as_dict()))
    assert answer["valid"] is False
    assert [error["pointer"] for error in answer["errors"]] == ["/seed"]
    assert [warning["rule"] for warning in answer["warnings"]] == ["unknown-input"]
    assert answer["unchecked"] == [
        {
            "pointer": "/image",
            "rule": "width_pixels>",
            "reason": "its file is remote",
            "url": "https://example.com/a.png",
        }
    ]


def test_as_dict_does_not_repeat_a_data_uri() -> None:
    huge = Unchecked("/image", "width_pixels>", "it is damaged", "data:," + "x" * 10**6)
    assert len(json.dumps(huge.as_dict())) < 500


def test_the_text_gives_the_verdict_first_and_groups_unchecked_rules_by_place() -> None:
    more = Unchecked(NOT_SEEN.pointer, "height_pixels>", NOT_SEEN.reason, NOT_SEEN.url)
    text = str(Report("a/b", [TOO_SMALL], [UNKNOWN], [NOT_SEEN, more]))
    assert text.splitlines() == [
        "a/b: invalid, 1 error, 1 warning, 2 rules not checked",
        "  error: /seed: must be at least 0, got -1",
        "  warning: /promt: is not an input",
        "  not checked: /image: width_pixels>, height_pixels>: its file is remote",
    ]
    assert repr(Report("a/b")) == "<Report a/b: valid>"


def test_reports_and_unchecked_rules_compare_by_what_they_say() -> None:
    again = Unchecked(NOT_SEEN.pointer, NOT_SEEN.rule, NOT_SEEN.reason, NOT_SEEN.url)
    assert Report("a/b", [TOO_SMALL], (), [NOT_SEEN]) == Report("a/b", [TOO_SMALL], (), [again])
    assert Report("a/b") != Report("a/b", [TOO_SMALL])
    assert len({NOT_SEEN, again}) == 1
