"""A result in a notebook: what it shows, and that nothing from outside becomes markup."""

from __future__ import annotations

from typing import Any

import pytest

from runcomfy import AsyncResult, Output, Result
from runcomfy.downloads.config import DownloadSettings
from runcomfy.downloads.manager import Downloads
from runcomfy.protocol.allowed_hosts import AllowedHosts
from support.html_page import HOSTILE, Page


def page(output: object, *, model_id: str | None = "acme/cat", **raw: Any) -> Page:
    document = {"output": output, **raw}
    return Page(Result("req-1", Output.from_payload({}), document, model_id)._repr_html_())


def test_images_videos_and_audio_are_shown() -> None:
    shown = page(
        {
            "images": ["https://x.runcomfy.net/a.png?sig=1&b=2"],
            "video": "https://x.runcomfy.com/b",
            "audio": {"url": "https://x.runcomfy.com/c.mp3"},
        }
    )
    assert [one["src"] for one in shown.all("img")] == ["https://x.runcomfy.net/a.png?sig=1&b=2"]
    assert [one["src"] for one in shown.all("video")] == ["https://x.runcomfy.com/b"]
    assert [one["src"] for one in shown.all("audio")] == ["https://x.runcomfy.com/c.mp3"]
    assert len(shown.all("a")) == 3


def test_status_cost_and_time_are_reported() -> None:
    shown = page(
        None,
        status="succeeded",
        cost=0.25,
        created_at="2026-01-02T03:04:05Z",
        finished_at="2026-01-02T03:04:17.5Z",
    )
    for fact in ("acme/cat", "req-1", "succeeded", "0.25", "12.5 s"):
        assert fact in shown.text


@pytest.mark.parametrize(
    "raw",
    [
        {},
        {"status": 3, "cost": "1", "created_at": 5},
        {"created_at": "2026-01-02T03:04:05Z", "finished_at": "2026-01-02T03:04:05"},
        {"created_at": "2026-01-02T03:04:05Z", "finished_at": "2025-01-02T03:04:05Z"},
    ],
)
def test_what_is_missing_or_odd_breaks_nothing(raw: dict[str, Any]) -> None:
    assert "req-1" in page(["https://x.runcomfy.net/a"], **raw).text


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/a.png",
        "http://x.runcomfy.net/a.png",
        "https://x.runcomfy.net@evil.example/a.png",
        "http://127.0.0.1:8189/a.png",
    ],
)
def test_an_address_of_another_host_is_text_only(url: str) -> None:
    hosts = AllowedHosts.of("http://127.0.0.1:8188")
    downloads = Downloads(DownloadSettings(hosts))
    result = Result("r", Output.from_payload({}), {"output": {"image": url}}, None, True, downloads)
    shown = Page(result._repr_html_())
    assert not shown.all("img")
    assert not shown.all("a")
    assert url in shown.text


def test_the_images_of_a_service_on_this_machine_are_shown() -> None:
    downloads = Downloads(DownloadSettings(AllowedHosts.of("http://127.0.0.1:8188")))
    raw = {"output": "http://127.0.0.1:8188/files/a.png"}
    result = Result("r", Output.from_payload({}), raw, None, True, downloads)
    [picture] = Page(result._repr_html_()).all("img")
    assert picture["src"] == "http://127.0.0.1:8188/files/a.png"


def test_a_host_that_was_added_is_shown() -> None:
    downloads = Downloads(DownloadSettings(AllowedHosts.of(None, ["cdn.example.com"])))
    raw = {"output": "https://cdn.example.com/a.png"}
    result = Result("r", Output.from_payload({}), raw, None, True, downloads)
    assert Page(result._repr_html_()).all("img")


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_nothing_from_outside_becomes_markup(text: str) -> None:
    plain = page(["https://x.runcomfy.net/a.png", "https://evil.example/a"], status="x")
    spaceless = "".join(text.split())
    hostile = page(
        [f"https://x.runcomfy.net/{spaceless}.png", f"https://evil.example/{spaceless}"],
        model_id=text,
        status=text,
        created_at=text,
        **{text: text},
    )
    allowed = {"div", "table", "tr", "th", "td", "img", "a"}
    assert {tag for tag, _ in hostile.elements} <= allowed
    for tag, attributes in hostile.elements:
        assert attributes.keys() <= {
            "div": set(),
            "img": {"src", "alt", "style", "loading", "referrerpolicy"},
            "a": {"href", "rel", "target", "style"},
            "th": {"style"},
            "td": {"style"},
        }.get(tag, set())
    for attributes in (*hostile.all("img"), *hostile.all("a")):
        address = attributes.get("src") or attributes.get("href") or ""
        assert address.startswith("https://x.runcomfy.net/")
    assert len(hostile.all("tr")) == len(plain.all("tr"))
    assert all(character.isprintable() or character == "\n" for character in hostile.text)


def test_both_kinds_of_result_show_the_same() -> None:
    raw = {"output": "https://x.runcomfy.net/a.png", "status": "completed"}
    given = ("req-1", Output.from_payload({}), raw)
    assert Result(*given)._repr_html_() == AsyncResult(*given)._repr_html_()
