"""Mistaken URLs: each has its own rule, and is recognised by its text alone."""

from __future__ import annotations

import json
from typing import Any

import pytest

from runcomfy import Report, validate, validate_lines
from support.sample_model import Sample
from support.small_models import make_class

EDIT = "openai/gpt-image-2/edit"


def edit(url: str) -> Report:
    return validate(EDIT, {"prompt": "a hat", "images": [url]})


SLIPS = {
    "cat.png": "url-file-name",
    "cat": "url-file-name",
    "": "url-empty",
    " \n": "url-empty",
    "./a.png": "url-relative",
    "../a.png": "url-relative",
    "~/a.png": "url-relative",
    "/home/me/a.png": "url-relative",
    "inputs/a.png": "url-relative",
    "C:\\a.png": "url-relative",
    "//example.com/a.png": "url-relative",
    "example.com/a.png": "url-relative",
    "localhost:8000/a.png": "url-relative",
    "file:///a.png": "url-file",
    "FILE:/a.png": "url-file",
    "ftp://example.com/a.png": "url-scheme",
    "s3://bucket/a.png": "url-scheme",
    "blob:https://example.com/a": "url-scheme",
    "https://": "url-no-host",
    "https:///a.png": "url-no-host",
    "https:example": "url-no-host",
    "https://localhost/a.png": "url-private",
    "HTTPS://LocalHost:8000/a.png": "url-private",
    "https://a.localhost/a.png": "url-private",
    "https://printer.local/a.png": "url-private",
    "https://printer.LOCAL/a.png": "url-private",
    "https://media.internal./a.png": "url-private",
    "http://127.0.0.1/a.png": "url-private",
    "https://127.1/a.png": "url-private",
    "https://0x7f000001/a.png": "url-private",
    "https://2130706433/a.png": "url-private",
    "https://10.1.2.3/a.png": "url-private",
    "https://192.168.1.1:8443/a.png": "url-private",
    "https://169.254.169.254/a.png": "url-private",
    "https://[::1]/a.png": "url-private",
    "https://[fd00::1]/a.png": "url-private",
    "https://0xa/a.png": "url-private",
    "https://0x7f00000a/a.png": "url-private",
    "https://%31%32%37.0.0.1/a.png": "url-private",
    "https://local%68ost/a.png": "url-private",
    "https://\uff11\uff12\uff17.0.0.1/a.png": "url-private",
    "https://127\u30020\u30020\u30021/a.png": "url-private",
    "https://\u24db\u24deca\u24dbhost\u3002/a.png": "url-private",
    "https://localhost.localdomain/a.png": "url-private",
    "https://myserver/a.png": "url-private",
    "https://minio:9000/bucket/a.png": "url-private",
    "https://myserver./a.png": "url-private",
    "HTTP://NAS/a.png": "url-private",
    "https://m\u00fcller/a.png": "url-private",
    "https://ip6-localhost/a.png": "url-private",
    "https://user:secret@example.com/a.png": "url-credentials",
    "https://user@example.com/a.png": "url-credentials",
    "https://example.com/a b.png": "url-space",
    "https://example.com/a.png\n": "url-space",
    " https://example.com/a.png": "url-space",
    "https://exam\u200bple.com/a.png": "url-space",
    "https://example.com:port/a.png": "url-malformed",
    "https://[::1/a.png": "url-malformed",
    "https://256.1.1.1/a.png": "url-malformed",
    "https://1.2.3.4.5/a.png": "url-malformed",
    "https://4294967296/a.png": "url-malformed",
    "https://example..com/a.png": "url-malformed",
    "https://.example.com/a.png": "url-malformed",
    "https://xn--a/a.png": "url-malformed",
    f"https://{'a' * 64}.com/a.png": "url-malformed",
    f"https://{'a.' * 130}com/a.png": "url-malformed",
    "https://{host}/a.png": "url-malformed",
    "https://https://example.com/a.png": "url-malformed",
    "https://<host>/a.png": "url-malformed",
    "https://$HOST/a.png": "url-malformed",
    "https://*.example.com/a.png": "url-malformed",
    "https://exa%20mple.com/a.png": "url-malformed",
    "https://example.com\\a.png": "url-malformed",
    " data:image/png;base64,iVBORw0KGgo=": "url-space",
    "\ndata:image/png;base64,iVBORw0KGgo=": "url-space",
}


@pytest.mark.parametrize(("url", "rule"), SLIPS.items(), ids=map(repr, SLIPS))
def test_a_slip_is_a_warning_that_stops_a_submit(url: str, rule: str) -> None:
    report = edit(url)
    assert [(one.pointer, one.rule) for one in report.warnings] == [("/images/0", rule)]
    assert report.slips == report.warnings
    assert report.valid


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/a.png",
        "HTTPS://EXAMPLE.com/a.png",
        "https://example.com:8443/a.png?sig=1&b=%20#x",
        "https://8.8.8.8/a.png",
        "https://bücher.example/猫.png",
        "https://example.com/me@home/a.png",
        "https://xn--bcher-kva.example/a.png",
        "https://my_bucket.example.com./a.png",
        f"https://{'a' * 63}.{'b' * 63}.com/a.png",
        "https://[2606:4700::1111]:8443/a.png",
        "https://example.com?a=b",
        "data:image/png;base64,iVBORw0KGgo=",
    ],
)
def test_good_urls_have_no_warning(url: str) -> None:
    assert not edit(url).warnings


def test_http_is_a_doubt_and_no_slip() -> None:
    report = edit("http://example.com/a.png")
    assert [one.rule for one in report.warnings] == ["url-http"]
    assert report.slips == []


@pytest.mark.parametrize("url", [*SLIPS, "https://example.com/a.png", "http://example.com/a.png"])
def test_a_line_has_the_same_warnings_as_a_payload(url: str) -> None:
    line = json.dumps({"prompt": "a hat", "images": [url]})
    found = [report for _, report in validate_lines(EDIT, [line])]
    expected = edit(url)
    assert [report.warnings for report in found] == [expected.warnings] * bool(expected.warnings)


def test_the_password_in_a_url_is_not_reported() -> None:
    assert "secret" not in edit("https://user:secret@example.com/a.png").warnings[0].message


@pytest.mark.parametrize("slip", ["other.png", "./other.png"])
def test_what_the_model_itself_shows_is_no_slip(slip: str, tmp_path: Any) -> None:
    image = {"type": "string", "format": "image_uri"}
    shown = {**image, "default": slip.replace("other", "input")}
    model = make_class(
        tmp_path,
        {
            "named": shown,
            "plain": image,
            "many": {"type": "array", "items": image, "default": [shown["default"]]},
            "inside": {"type": "array", "items": {"type": "object", "properties": {"at": shown}}},
        },
    )
    good = {"named": slip, "many": [slip], "inside": [{"at": slip}]}
    assert validate(model, good).warnings == []
    assert [one.pointer for one in validate(model, {"plain": slip}).slips] == ["/plain"]


def test_the_report_says_which_warnings_stop_a_submit() -> None:
    found = validate(Sample, {"image": "http://example.com/a", "pair": ["a.png"]}).as_dict()
    told = {one["rule"]: one["stops_run"] for one in found["warnings"]}  # type: ignore[attr-defined]  # plain data
    assert told == {"url-http": False, "url-file-name": True}
