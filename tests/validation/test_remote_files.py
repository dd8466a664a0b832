"""``validate(…, check_files="remote")`` and the command: media rules over files behind URLs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import runcomfy
from runcomfy.media.remote import RemoteLimits
from support.file_server import Asked, FileServer, ranged, serve, status
from support.pictures import data_uri, picture

WAN = "wan-ai/wan-2-6/image-to-image"
PROGRAM = [sys.executable, "-c", "import sys; from runcomfy.cli import main; sys.exit(main())"]


@pytest.fixture
def server() -> Iterator[FileServer]:
    with serve() as server:
        yield server


def payload(*urls: str) -> dict[str, Any]:
    return {"prompt": "two monsters", "image_urls": [*urls]}


def rules(found: list[Any]) -> set[tuple[str, str]]:
    return {(one.pointer, one.rule) for one in found}


def test_rules_are_checked_on_the_files_behind_urls(server: FileServer) -> None:
    good = server.url("/good.png", ranged(picture(700, 500)))
    small = server.url("/small.png", ranged(picture(383, 500)))
    gone = server.url("/gone.png", status(404))
    report = runcomfy.validate(
        WAN,
        payload(good, small, gone),
        check_files="remote",
        remote_limits=RemoteLimits(allow=[server.place]),
    )
    assert rules(report.errors) == {("/image_urls/1", "width_pixels>")}
    assert {one.pointer for one in report.unchecked} == {"/image_urls/2"}
    assert {one.reason for one in report.unchecked} == {"the server returned 404 (Not Found)"}


def test_files_that_are_given_are_not_fetched(server: FileServer) -> None:
    given = server.url("/given.png", ranged(picture(100, 100)))
    here = data_uri(picture(700, 500))
    report = runcomfy.validate(
        WAN,
        payload(given, here),
        files={given: picture(700, 500)},
        check_files="remote",
        remote_limits=RemoteLimits(allow=[server.place]),
    )
    assert report.valid
    assert not report.unchecked
    assert not server.asked


def test_nothing_is_fetched_unless_requested(server: FileServer) -> None:
    url = server.url("/a.png", ranged(picture(700, 500)))
    assert runcomfy.validate(WAN, payload(url)).unchecked
    assert not server.asked


def test_a_place_inside_leaves_the_rules_unchecked(server: FileServer) -> None:
    url = server.url("/a.png", ranged(picture(700, 500)))
    report = runcomfy.validate(WAN, payload(url), check_files="remote")
    assert report.valid
    assert all("a loopback address" in one.reason for one in report.unchecked)
    assert report.unchecked
    assert not server.asked


def test_a_payload_that_is_no_object_is_reported_all_the_same() -> None:
    assert not runcomfy.validate(WAN, 7, check_files="remote").valid


def test_an_unknown_way_of_checking_files_is_refused() -> None:
    with pytest.raises(ValueError, match="'everything'"):
        runcomfy.validate(WAN, payload(), check_files="everything")


def test_the_files_of_many_lines_are_inspected_together(server: FileServer) -> None:
    def slow(asked: Asked) -> Iterator[Any]:
        yield 0.01
        yield from ranged(picture(700, 500))(asked)

    urls = [server.url(f"/{number}", slow) for number in range(300)]
    urls[7] = server.url("/small.png", ranged(picture(383, 500)))
    urls[280] = server.url("/gone.png", status(404))
    given = server.url("/given.png", ranged(picture(100, 100)))
    lines = [json.dumps(payload(url, urls[0])) for url in urls]
    lines[3], lines[4] = "no JSON", json.dumps(payload(given))
    reports = runcomfy.validate_lines(
        WAN,
        lines,
        files={given: picture(700, 500)},
        check_files="remote",
        remote_limits=RemoteLimits(allow=[server.place]),
    )
    found = {number: report for number, report in reports if report.errors}
    assert found.keys() == {4, 8}
    assert rules(found[8].errors) == {("/image_urls/0", "width_pixels>")}
    asked = [asked.path for asked in server.asked]
    assert len(asked) == len(set(asked)) == 298
    assert "/given.png" not in asked
    assert reports.summary.unchecked == 5  # the rules about the file that is gone
    assert server.busiest > 1


def test_lines_whose_files_are_fetched_are_checked_in_one_process() -> None:
    with pytest.raises(ValueError, match="one process"):
        runcomfy.validate_lines(WAN, [], check_files="remote", processes=2)
    with pytest.raises(ValueError, match="'off'"):
        runcomfy.validate_lines(WAN, [], check_files="off")


def run(folder: Path, *arguments: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [*PROGRAM, "validate", WAN, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "COLUMNS": "100"},
    )
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout, done.stderr


def test_the_command_inspects_remote_files_when_asked(server: FileServer, tmp_path: Path) -> None:
    small = server.url("/small.png", ranged(picture(383, 500)))
    (tmp_path / "payload.json").write_text(json.dumps(payload(small)))
    options = ["payload.json", "--check-files", "remote"]
    told, out, _ = run(tmp_path, *options)
    assert told == 0
    flat = " ".join(out.split())
    assert "a loopback address" in flat
    assert "--allow-host HOST:PORT adds exceptions" in flat
    assert "RemoteLimits" not in flat
    told, out, _ = run(tmp_path, *options, "--allow-host", server.place, "--json")
    assert told == 65
    assert [error["rule"] for error in json.loads(out)["errors"]] == ["width_pixels>"]


def test_the_command_refuses_what_it_cannot_do(tmp_path: Path) -> None:
    (tmp_path / "lines.jsonl").write_text("{}\n")
    (tmp_path / "payload.json").write_text("{}\n")
    for arguments, reason in [
        (["lines.jsonl", "--check-files", "remote", "--processes", "2"], "one process"),
        (["payload.json", "--allow-host", "localhost:80"], "--check-files remote"),
        (
            ["payload.json", "--check-files", "remote", "--allow-host", "a"],
            ": --allow-host contains 'a', which",
        ),
    ]:
        told, out, error = run(tmp_path, *arguments)
        assert (told, out) == (64, "")
        assert reason in error


LOOKING = """
import sys
from runcomfy.media.remote import RemoteLimits, probe_urls

probe_urls([sys.argv[1]], RemoteLimits(allow=[sys.argv[2]]))
"""


def test_an_interruption_ends_the_inspect_once(server: FileServer) -> None:
    looked = threading.Event()

    def silent(_: Asked) -> Iterator[Any]:
        looked.set()
        yield 8.0

    url = server.url("/a.png", silent)
    program = [sys.executable, "-c", LOOKING, url, server.place]
    with subprocess.Popen(program, stderr=subprocess.PIPE, text=True) as process:
        assert looked.wait(20)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=5)
    assert err.rstrip().endswith("KeyboardInterrupt")


@pytest.mark.parametrize("model", ["openai/gpt-image-2/edit", WAN])
def test_a_look_that_failed_is_unchecked_with_the_reason_in_every_output(model: str) -> None:
    url = "https://nowhere.invalid/a.png"
    name = "images" if "edit" in model else "image_urls"
    report = runcomfy.validate(model, {"prompt": "a hat", name: [url]}, check_files="remote")
    reason = "its host name does not resolve"
    assert report.valid
    assert {one.reason for one in report.unchecked} == {reason}
    assert reason in report.files[0].info.summary()
    assert "unknown format" not in str(report)
    assert str(report.as_dict()).count(reason) >= 2
