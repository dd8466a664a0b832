"""``Client(check_files="remote")``: files behind URLs are looked at before anything is uploaded or submitted."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from runcomfy import ConfigurationError, ValidationError
from runcomfy.media.remote import RemoteLimits
from runcomfy_models.wan_ai import Wan2_6ImageToImage
from support.callers import Caller
from support.file_server import FileServer, ranged, status
from support.file_server import serve as serve_files
from support.scripted_server import ScriptedServer
from support.uploads import picture


@pytest.fixture
def files() -> Iterator[FileServer]:
    with serve_files() as server:
        yield server


def caller(kind: str, server: ScriptedServer, files: FileServer) -> Caller:
    limits = RemoteLimits(allow=[files.place])
    return Caller(kind, server.url, check_files="remote", remote_limits=limits)


def test_a_remote_file_that_breaks_a_rule_stops_the_submit(
    kind: str, server: ScriptedServer, files: FileServer
) -> None:
    urls = [files.url("/good.png", ranged(picture())), files.url("/bad.png", ranged(picture(9, 9)))]
    request = Wan2_6ImageToImage(prompt="a hat", image_urls=[*urls, picture(8, 400)])
    with pytest.raises(ValidationError) as caught:
        caller(kind, server, files).run(request)
    assert [(v.pointer, v.rule) for v in caught.value.violations] == [
        ("/image_urls/1", "width_pixels>"),
        ("/image_urls/1", "height_pixels>"),
        ("/image_urls/2", "width_pixels>"),
    ]
    assert server.asked == []


def test_a_remote_file_that_keeps_its_rules_is_submitted_by_its_url(
    kind: str, server: ScriptedServer, files: FileServer
) -> None:
    url = files.url("/good.png", ranged(picture()))
    caller(kind, server, files).run(Wan2_6ImageToImage(prompt="a hat", image_urls=[url]))
    assert server.accepted == 1
    assert files.asked


def test_nothing_is_fetched_unless_it_is_requested(
    kind: str, server: ScriptedServer, files: FileServer
) -> None:
    url = files.url("/bad.png", ranged(picture(9, 9)))
    Caller(kind, server.url).run(Wan2_6ImageToImage(prompt="a hat", image_urls=[url]))
    assert server.accepted == 1
    assert files.asked == []


def test_a_file_that_could_not_be_inspected_is_reported(
    kind: str, server: ScriptedServer, files: FileServer, caplog: pytest.LogCaptureFixture
) -> None:
    """The submit goes on, and nobody takes the file for checked."""
    url = files.url("/gone.png", status(404))
    with caplog.at_level(logging.WARNING, "runcomfy"):
        caller(kind, server, files).run(Wan2_6ImageToImage(prompt="a hat", image_urls=[url]))
    assert server.accepted == 1
    assert "width_pixels>" in caplog.text
    assert "was not checked: the server returned 404 (Not Found)" in caplog.text


def test_a_file_that_nobody_asked_to_inspect_is_not_reported(
    kind: str, server: ScriptedServer, caplog: pytest.LogCaptureFixture
) -> None:
    request = Wan2_6ImageToImage(prompt="a hat", image_urls=["https://e.com/a.png", picture()])
    with caplog.at_level(logging.WARNING, "runcomfy"):
        Caller(kind, server.url).run(request)
    assert "not checked" not in caplog.text


def test_limits_of_another_type_are_refused_at_once(kind: str, server: ScriptedServer) -> None:
    with pytest.raises(ConfigurationError, match=r"must be RemoteLimits"):
        Caller(kind, server.url, remote_limits=10).run("a/b", {})
