"""Media inputs: odd URLs, and the rules about the files behind them."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from runcomfy import Report, Request, validate, validate_lines
from runcomfy.model.media import MediaInput, MediaRule
from support.made_videos import video
from support.pictures import data_uri, picture, turned
from support.sample_model import Sample

WAN = "wan-ai/wan-2-6/image-to-image"
URL = "https://example.com/a.png"
RULES = ["file_size_mb<", "width_pixels>", "height_pixels>", "width_pixels<", "height_pixels<"]


def wan(*urls: str, **given: Any) -> Report:
    return validate(WAN, {"prompt": "two monsters", "image_urls": list(urls)}, **given)


def told(found: list[Any]) -> list[tuple[str, str]]:
    return [(one.pointer, one.rule) for one in found]


def test_a_remote_file_leaves_each_of_its_rules_unchecked() -> None:
    report = wan(URL)
    assert report.valid
    assert told(report.unchecked) == [("/image_urls/0", rule) for rule in RULES]
    assert {one.url for one in report.unchecked} == {URL}
    assert {one.reason for one in report.unchecked} == {"its file is remote and was not given"}


def test_a_good_file_is_checked_from_a_path_text_or_content(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(picture(500, 400))
    for source in (path, str(path), picture(500, 400), memoryview(picture(500, 400))):
        report = wan(URL, files={URL: source})
        assert (report.errors, report.warnings, report.unchecked) == ([], [], [])


def test_a_broken_rule_is_an_error_with_value_limit_rule_and_words() -> None:
    (error,) = wan(URL, files={URL: picture(300, 400)}).errors
    assert (error.pointer, error.rule, error.value, error.limit) == (
        "/image_urls/0",
        "width_pixels>",
        300,
        384,
    )
    assert "Each image side must be at least 384 pixels." in str(error)


@pytest.mark.parametrize("files", ["a.png", ["a.png"]])
def test_files_without_their_urls_are_refused(files: Any) -> None:
    with pytest.raises(TypeError, match="must map URLs to files"):
        wan(URL, files=files)


def test_each_item_of_a_list_is_checked_on_its_own() -> None:
    other = "https://example.com/b.png"
    report = wan(URL, other, URL, files={other: picture(500, 6000)})
    assert told(report.errors) == [("/image_urls/1", "height_pixels<")]
    assert {one.pointer for one in report.unchecked} == {"/image_urls/0", "/image_urls/2"}


def test_exactly_on_the_bound_is_a_warning_and_an_error_when_strict() -> None:
    files = {URL: picture(384, 5000)}
    report = wan(URL, files=files)
    bounds = [("/image_urls/0", "width_pixels>"), ("/image_urls/0", "height_pixels<")]
    assert (told(report.errors), told(report.warnings)) == ([], bounds)
    report = wan(URL, files=files, strict=True)
    assert (told(report.errors), told(report.warnings)) == (bounds, [])


@pytest.mark.parametrize(
    ("size", "errors", "warnings"), [(9_999_999, 0, 0), (10_200_000, 0, 1), (10_485_761, 1, 0)]
)
def test_a_file_between_the_two_megabytes_is_a_warning(
    size: int, errors: int, warnings: int
) -> None:
    content = picture(500, 400)
    report = wan(URL, files={URL: content + b"\0" * (size - len(content))})
    assert (len(report.errors), len(report.warnings)) == (errors, warnings)


def test_a_turned_image_is_judged_as_it_is_shown() -> None:
    report = wan(URL, files={URL: turned(300, 500, "JPEG")})
    assert told(report.errors) == [("/image_urls/0", "height_pixels>")]


def test_data_uris_are_inspected_without_being_given() -> None:
    report = wan(data_uri(picture(300, 400)))
    assert (told(report.errors), report.warnings) == ([("/image_urls/0", "width_pixels>")], [])


@pytest.mark.parametrize(
    ("uri", "why"),
    [
        ("data:image/png;base64,", "is empty"),
        ("DATA:,", "is empty"),
        ("data:image/png;base64,*", "cannot be read: it is not of the form data:TYPE;base64,"),
        ("data:image/png;base64", "cannot be read: it is not of the form data:TYPE;base64,"),
    ],
)
def test_a_data_uri_that_holds_no_file_is_an_error_as_such_a_local_file_is(
    uri: str, why: str
) -> None:
    report = wan(URL, uri, files={URL: picture(500, 400)})
    assert told(report.errors) == [("/image_urls/1", "file")]
    assert report.errors[0].message.startswith(why)
    assert report.unchecked == []
    (_, lines) = next(validate_lines(WAN, [json.dumps({"prompt": "a", "image_urls": [uri]})]))
    assert told(lines.errors) == [("/image_urls/0", "file")]


def test_a_file_that_cannot_be_read_is_unchecked_with_the_reason(tmp_path: Path) -> None:
    report = wan(URL, files={URL: tmp_path / "none.png"})
    assert report.valid
    assert told(report.unchecked) == [("/image_urls/0", rule) for rule in RULES]
    assert {one.reason for one in report.unchecked} == {
        "the file cannot be read: No such file or directory"
    }


def test_of_a_file_of_no_known_format_the_size_is_still_checked() -> None:
    report = wan(URL, files={URL: b"\0" * 11_000_000})
    assert told(report.errors) == [("/image_urls/0", "file_size_mb<")]
    assert told(report.warnings) == [("/image_urls/0", "file-unknown")]
    assert [one.rule for one in report.unchecked] == RULES[1:]


def test_inputs_inside_a_list_of_objects_are_found() -> None:
    payload = {"loras": [{"path": "https://example.com/0"}, {"scale": 1}, {"path": "x", "a": 2}]}
    report = validate(Sample, payload, files={"x": b"\0" * 2_000_000})
    assert told(report.errors) == [("/loras/2/path", "file_size_mb<")]
    assert told(report.unchecked) == [("/loras/0/path", "file_size_mb<")]


def test_a_ratio_is_width_by_height() -> None:
    report = validate(Sample, {"image": URL}, files={URL: picture(40, 100)})
    assert told(report.errors) == [("/image", "width/height>")]
    report = validate(Sample, {"image": URL}, files={URL: picture(200, 100)})
    assert told(report.warnings) == [("/image", "width/height<")]


def with_rules(*rules: MediaRule, kind: str = "image") -> type[Request[Any]]:
    """A model whose one input has these rules."""

    class Ruled(Sample):
        _media = (MediaInput(("image",), kind, rules),)  # type: ignore[assignment]  # it has fewer

    return Ruled


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        (MediaRule("sharpness", "<", 5), "unknown metric sharpness"),
        (MediaRule("looks_nice", "", 1), "unknown metric looks_nice"),
        (MediaRule("width_pixels", "!=", 5), "unknown operator !="),
        (MediaRule("width_pixels", "<", "wide"), "its limit is not a number"),
        (MediaRule("fps", "<", 60), "its frame rate is unknown"),
    ],
)
def test_a_rule_that_cannot_be_checked_is_unchecked_with_the_reason(
    rule: MediaRule, reason: str
) -> None:
    report = validate(with_rules(rule), {"image": URL}, files={URL: picture(40, 30)})
    assert (report.errors, report.warnings) == ([], [])
    assert [(one.pointer, one.rule, one.reason) for one in report.unchecked] == [
        ("/image", rule.name, reason)
    ]


def test_rules_about_length_rate_and_format_are_checked() -> None:
    rules = (
        MediaRule("duration_seconds", "<=", 1),
        MediaRule("fps", ">=", 24),
        MediaRule("aspect_ratio", "=", 1.33),
        MediaRule("format", "=", "mov, webm"),
    )
    payload = {"image": URL}
    report = validate(with_rules(*rules, kind="video"), payload, files={URL: video("mp4")})
    assert [error.rule for error in report.errors] == ["duration_seconds<=", "format="]
    assert [error.value for error in report.errors] == [2.0, "mp4"]
    assert [warning.rule for warning in report.warnings] == ["aspect_ratio="]
    (file,) = report.files
    assert file.held == ["fps>="]


@pytest.mark.parametrize(
    ("content", "limit"),
    [(picture(40, 30), 50_000_000), (video("mp4"), 100_000_000)],
    ids=["image", "video"],
)
def test_a_file_larger_than_the_pages_advise_is_a_warning_without_any_rule(
    content: bytes, limit: int, tmp_path: Path
) -> None:
    path = tmp_path / "large"
    path.write_bytes(content)
    os.truncate(path, limit)
    model = with_rules()
    assert not validate(model, {"image": URL}, files={URL: path}).warnings
    os.truncate(path, limit + 1)
    report = validate(model, {"image": URL}, files={URL: path})
    (warning,) = report.warnings
    assert (warning.pointer, warning.rule, warning.limit) == (
        "/image",
        "advised-size",
        limit // 10**6,
    )
    assert f"≤ {limit // 10**6} MB" in warning.message
    assert report.files[0].unclear == ["advised-size"]
    assert not validate(model, {"image": URL}, files={URL: path}, strict=True).valid


def test_the_report_says_of_each_file_what_held_broke_and_was_not_inspected() -> None:
    other, third = "https://example.com/b.jpg", "https://example.com/c.jpg"
    files = {URL: picture(300, 5000), other: b"\0hello"}
    report = wan(URL, other, third, files=files)
    first, second = report.files
    assert (first.pointer, first.url) == ("/image_urls/0", URL)
    assert (first.info.format, first.info.size) == ("png", len(files[URL]))
    assert (first.info.width, first.info.height) == (300, 5000)
    assert first.held == ["file_size_mb<", "height_pixels>", "width_pixels<"]
    assert (first.broken, first.unclear, first.unchecked) == (
        ["width_pixels>"],
        ["height_pixels<"],
        [],
    )
    assert second.held == ["file_size_mb<"]
    assert second.unchecked == [one for one in report.unchecked if one.url == other]
    assert [one.rule for one in second.unchecked] == RULES[1:]
    assert [one.rule for one in report.unchecked if one.url == third] == RULES


def test_the_report_shows_its_files_as_text_and_as_plain_data() -> None:
    report = wan(URL, files={URL: picture(300, 400)})
    size = len(picture(300, 400))
    line = f"/image_urls/0: png, 300 × 400 pixels, {size} bytes; held: file_size_mb<"
    assert f"  file: {line}" in str(report)
    (file,) = json.loads(json.dumps(report.as_dict()))["files"]
    # There may be facts that this test does not know of.
    told = {"kind": "image", "format": "png", "size": size, "width": 300, "height": 400}
    assert file["info"].items() >= told.items()
    assert (file["broken"], file["unchecked"]) == (["width_pixels>"], [])
    assert file["held"] == [rule for rule in RULES if rule != "width_pixels>"]


def test_where_no_file_was_inspected_the_report_reports_of_none() -> None:
    assert wan(URL).files == []
    assert "file:" not in str(wan(URL))


def test_media_rules_are_checked_beside_a_broken_schema() -> None:
    payload = {"image_urls": [URL, 5], "seed": -1}
    report = validate(WAN, payload, files={URL: picture(300, 400)})
    assert ("/image_urls/0", "width_pixels>") in told(report.errors)
    assert ("/seed", "minimum") in told(report.errors)


def test_a_file_is_inspected_once_however_often_it_is_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from runcomfy.media import probe as module

    looks = []
    original = module.probe

    def look(source: Any) -> Any:
        looks.append(source)
        return original(source)

    monkeypatch.setattr(module, "probe", look)
    wan(URL, URL, URL, files={URL: picture(500, 400)})
    assert len(looks) == 1


def test_the_command_reports_what_became_of_each_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from runcomfy.cli.command_group import run

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    Path("a.png").write_bytes(picture(500, 400))
    Path("payload.json").write_text(json.dumps({"prompt": "two monsters", "image_urls": [URL]}))
    assert run(["validate", WAN, "payload.json", "--file", f"{URL}=a.png"]) == 0
    out = capsys.readouterr().out
    assert "/image_urls/0" in out
    assert "png, 500 × 400 pixels" in out
    assert f"held: {', '.join(RULES)}" in out
