"""Looking at remote files: what is found, and how little is read for it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import anyio
import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runcomfy.errors import ConfigurationError
from runcomfy.media.probe import MediaInfo, NeedBytes, probe
from runcomfy.media.remote import RemoteLimits, probe_urls
from runcomfy.media.remote.partial_content import PartialContent
from support.file_server import (
    CLOSE,
    RESET,
    Asked,
    FileServer,
    Route,
    chunked,
    drip,
    endless,
    head,
    ranged,
    raw,
    redirect,
    serve,
    status,
    whole,
    zipped,
)
from support.lookers import LOOKERS, Look
from support.pictures import picture

KB, MB = 1024, 1024 * 1024


@pytest.fixture(scope="module")
def shared() -> Iterator[FileServer]:
    with serve() as server:
        yield server


@pytest.fixture
def server(shared: FileServer) -> FileServer:
    shared.asked.clear()
    shared.routes.clear()
    shared.connections = shared.busiest = 0
    shared.ended.clear()
    return shared


@pytest.fixture(params=LOOKERS)
def looks(request: pytest.FixtureRequest) -> Look:
    return LOOKERS[request.param]


def near(server: FileServer, **limits: Any) -> RemoteLimits:
    return RemoteLimits(allow=[server.place], **limits)


def see(server: FileServer, route: Route, looks: Look = probe_urls, **limits: Any) -> MediaInfo:
    """What is found of a file that is served so."""
    return looks([server.url("/file", route)], near(server, **limits))[server.url("/file")]


def large(content: bytes) -> bytes:
    """The file with as much behind its header as a picture of 10 MB has."""
    return content + bytes(10 * 10**6 - len(content))


def with_exif(size: int) -> bytes:
    """A JPEG with that much between its beginning and what tells its width and height."""
    content = picture(700, 500, "JPEG")
    segments = b""
    while size > 0:
        body = bytes(min(size, 65_533))
        segments += b"\xff\xe1" + (len(body) + 2).to_bytes(2, "big") + body
        size -= len(body)
    return content[:2] + segments + content[2:]


PICTURES = {
    "JPEG": picture(700, 500, "JPEG"),
    "JPEG with 60 KB of EXIF": with_exif(60_000),
    "progressive JPEG": picture(700, 500, "JPEG", progressive=True),
    "PNG": picture(700, 500, "PNG"),
    "lossy WebP": picture(700, 500, "WEBP"),
    "lossless WebP": picture(700, 500, "WEBP", lossless=True),
    "WebP with a profile": picture(700, 500, "WEBP", icc_profile=bytes(50_000)),
    "GIF": picture(700, 500, "GIF"),
}


@pytest.mark.parametrize("name", PICTURES)
def test_of_a_large_image_64_kb_are_read_in_two_requests(
    server: FileServer, looks: Look, name: str
) -> None:
    content = large(PICTURES[name])
    info = see(server, ranged(content), looks)
    assert (info.size, info.width, info.height, info.reason) == (10 * 10**6, 700, 500, "")
    assert len(server.asked) <= 2
    bodies = sum(stop - start for start, stop in (asked.range for asked in server.asked))
    assert bodies <= 64 * KB


@pytest.mark.parametrize("size", [1, 200, 33_000, 300_000])
@pytest.mark.parametrize("route", [ranged, whole, chunked])
def test_a_remote_file_is_found_to_be_what_it_is(
    server: FileServer, looks: Look, route: Any, size: int
) -> None:
    content = with_exif(size)
    assert see(server, route(content), looks) == probe(content)


def test_an_empty_file(server: FileServer, looks: Look) -> None:
    for route in (ranged(b""), whole(b"")):
        assert see(server, route, looks) == probe(b"")


def test_later_requests_grow(server: FileServer) -> None:
    assert see(server, ranged(with_exif(400_000))).width == 700
    sizes = [stop - start for start, stop in (asked.range for asked in server.asked)]
    assert sizes[:4] == [32 * KB, 32 * KB, 64 * KB, 128 * KB]


@pytest.mark.parametrize("route", [ranged, whole, chunked])
def test_a_header_beyond_the_cap_is_given_up(server: FileServer, looks: Look, route: Any) -> None:
    content = with_exif(3 * MB)
    info = see(server, route(content), looks, file_bytes=200_000)
    assert "the 200,000 bytes that are read of a remote file" in info.reason
    assert info.width is None
    assert info.size == (None if route is chunked else len(content))
    if route is ranged:
        assert server.bodies <= 205_000


def movie_told_at_its_end(between: int) -> bytes:
    """An MP4 with that much between its beginning and what tells its facts, as cameras write them."""
    content = io.BytesIO()
    with av.open(content, "w", format="mp4") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for _ in range(5):
            container.mux(stream.encode(av.VideoFrame(64, 48, "yuv420p")))
        container.mux(stream.encode())
    start, facts, end = content.getvalue().rpartition(b"moov")
    filler = (between + 8).to_bytes(4, "big") + b"free" + bytes(between)
    return start[:-4] + filler + start[-4:] + facts + end


def test_a_video_is_reported_from_its_end_without_what_lies_between(
    server: FileServer, looks: Look
) -> None:
    content = movie_told_at_its_end(5 * MB)
    info = see(server, ranged(content), looks)
    assert (info.format, info.width, info.duration) == ("mp4", 64, 0.2)
    assert info == probe(content)
    assert server.bodies < 150 * KB
    assert "does not support range requests" in see(server, whole(content), looks).reason


def test_requests_for_one_file_are_counted(server: FileServer) -> None:
    info = see(server, ranged(with_exif(500_000)), file_requests=2)
    assert info.reason == "its header is spread over too many places to be fetched"
    assert len(server.asked) == 2


def test_a_server_without_ranges_is_cut_off(server: FileServer, looks: Look) -> None:
    info = see(server, endless(picture(700, 500, "JPEG")), looks)
    assert (info.width, info.height, info.size) == (700, 500, None)
    assert info.reason == "the server does not report the size of the file"
    assert server.ended.wait(5)


def test_the_size_comes_from_the_head_where_the_rest_is_not_read(server: FileServer) -> None:
    content = picture(700, 500, "PNG") + bytes(40 * MB)
    info = see(server, whole(content))
    assert (info.size, info.width) == (len(content), 700)
    assert server.ended.wait(5)
    assert server.asked[0].sent < len(content)


#: Answers that are no file, and what is said of them.
REFUSED: dict[str, tuple[Route, str]] = {
    "403": (status(403), "the server returned 403 (Forbidden)"),
    "404 with a picture": (status(404, PICTURES["PNG"]), "the server returned 404 (Not Found)"),
    "416": (status(416), "the server returned 416"),
    "416 for a file with content": (
        status(416, Content_Range="bytes */500"),
        "the server returned 416",
    ),
    "500": (status(500), "the server returned 500 (Internal Server Error)"),
    "204": (raw(head(204)), "the server returned 204 (No Content)"),
    "304": (raw(head(304)), "the server returned 304 (Not Modified)"),
    "799": (status(799), "the server returned 799"),
    "a web page": (
        whole(b"<!doctype html><title>Sign in</title>", Content_Type="text/html; charset=utf-8"),
        "the server returned a web page",
    ),
    "a compressed file": (zipped(PICTURES["PNG"]), "compressed"),
    "a part without its place": (status(206, PICTURES["PNG"]), "which part of the file"),
    "parts in one body": (
        status(206, b"--x", Content_Type="multipart/byteranges; boundary=x"),
        "which part of the file",
    ),
    "another part": (
        status(206, bytes(10), Content_Range="bytes 5-14/100"),
        "a different part of the file",
    ),
    "a part beyond the end": (
        status(206, bytes(10), Content_Range="bytes 0-9/5"),
        "is inconsistent",
    ),
    "a part that ends before it starts": (
        status(206, bytes(10), Content_Range="bytes 0--1/5"),
        "which part of the file",
    ),
    "no HTTP": (raw(b"SSH-2.0-OpenSSH_9.6\r\n\r\n", CLOSE), "did not respond with HTTP"),
    "a broken chunk": (
        raw(head(200, Transfer_Encoding="chunked"), b"zz\r\n"),
        "did not respond with HTTP",
    ),
    "nothing": (raw(CLOSE), "the connection was lost"),
    "a reset": (raw(RESET), "the connection was lost"),
    "a body cut short": (
        raw(head(200, Content_Length=5000), b"\x89PNG\r\n\x1a\n", CLOSE),
        "the connection was lost",
    ),
    "a head without end": (
        raw(b"HTTP/1.1 200 OK\r\n", *[b"X: " + b"x" * 1000 + b"\r\n"] * 5000),
        "did not respond with HTTP",
    ),
    "interim answers without end": (
        raw(*[b"HTTP/1.1 100 Continue\r\n\r\n"] * 10_000),
        "did not respond with HTTP",
    ),
    "two lengths": (
        raw(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello"),
        "did not respond with HTTP",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_file_has_a_reason(server: FileServer, looks: Look, name: str) -> None:
    route, reason = REFUSED[name]
    info = see(server, route, looks)
    assert reason in info.reason
    assert (info.kind, info.width) == (None, None)


def test_a_web_page_has_no_size(server: FileServer) -> None:
    assert see(server, REFUSED["a web page"][0]).size is None


def changing(second: Any) -> Route:
    """A file that is another one when it is asked for again."""
    content = with_exif(60_000)
    answers = iter([ranged(content, ETag='"a"'), second(content)])

    def answer(asked: Asked) -> Any:
        return next(answers)(asked)

    return answer


@pytest.mark.parametrize(
    ("second", "reason"),
    [
        (lambda content: ranged(content, ETag='"b"'), "the file changed"),
        (lambda content: ranged(content + b"x", ETag='"a"'), "the file changed"),
        (lambda content: whole(content, ETag='"a"'), "only intermittently"),
        (lambda _: status(403), "403"),
        (lambda _: ranged(b""), "the file changed"),
    ],
)
def test_the_parts_of_a_file_must_belong_together(
    server: FileServer, second: Any, reason: str
) -> None:
    assert reason in see(server, changing(second)).reason
    assert len(server.asked) == 2


def test_an_answer_that_sends_nothing_new_ends_the_look(server: FileServer) -> None:
    content = with_exif(60_000)
    short = raw(head(206, Content_Range=f"bytes 0-32767/{len(content)}", Content_Length=0))
    assert see(server, short).reason == "the server sent fewer bytes than it announced"
    assert len(server.asked) == 1


def test_redirects_are_followed_and_remembered(server: FileServer, looks: Look) -> None:
    content = with_exif(60_000)
    server.routes["/b"] = redirect("c?x=1#part", 307)
    server.routes["/c"] = ranged(content)
    assert see(server, redirect("/b", 301), looks) == probe(content)
    assert [asked.path for asked in server.asked] == ["/file", "/b", "/c?x=1", "/c?x=1"]
    assert server.connections == 1


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("/file", "redirects more than 5 times"),
        ("", "redirects without a location"),
        ("http://[::bad/", "not a web URL"),
        ("file:///etc/passwd", "neither http nor https"),
        ("gopher://example.com/", "neither http nor https"),
        ("http://me:secret@example.com/", "a user name or password"),
        ("http://127.0.0.1/", "a loopback address"),
        ("http://169.254.169.254/latest/meta-data/", "a link-local address"),
        ("http://[fd00:ec2::254]/latest/", "a private address"),
        ("http://10.0.0.1:8080/", "a private address"),
        ("//2130706433/", "a loopback address"),
        ("http://example.com:25/", "its port 25"),
    ],
)
def test_every_redirect_is_checked(
    server: FileServer, looks: Look, location: str, reason: str
) -> None:
    info = see(server, redirect(location), looks)
    assert reason in info.reason
    assert "secret" not in info.reason
    assert len(server.asked) == (6 if location == "/file" else 1)


def test_nothing_is_sent_that_identifies_the_caller(
    server: FileServer, looks: Look, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".netrc").write_text("default login me password secret\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("RUNCOMFY_TOKEN", "secret")
    server.routes["/b"] = ranged(picture(700, 500))
    assert see(server, redirect("/b", Set_Cookie="a=secret"), looks).width == 700
    for asked in server.asked:
        assert asked.headers.keys() == {"host", "user-agent", "accept", "accept-encoding", "range"}
        assert asked.headers["accept-encoding"] == "identity"
        assert "secret" not in str(asked)


def test_connections_are_used_again(server: FileServer, looks: Look) -> None:
    urls = [server.url(f"/{number}", ranged(with_exif(50_000))) for number in range(30)]
    found = looks(urls, near(server, concurrency=2))
    assert {info.width for info in found.values()} == {700}
    assert len(server.asked) == 60
    assert server.connections == 2


def test_a_kept_connection_that_was_closed_is_replaced(server: FileServer, looks: Look) -> None:
    content = picture(700, 500)

    def then_closes(asked: Any) -> Iterator[Any]:
        yield from ranged(content)(asked)
        yield CLOSE

    urls = [server.url(f"/{number}", then_closes) for number in range(5)]
    found = looks(urls, near(server, concurrency=1))
    assert {info.width for info in found.values()} == {700}
    assert server.connections == 5


def test_many_at_once_but_not_more_than_requested(server: FileServer, looks: Look) -> None:
    def slow(asked: Any) -> Iterator[Any]:
        yield 0.01
        yield from ranged(picture(700, 500))(asked)

    urls = [server.url(f"/{number}", slow) for number in range(60)]
    found = looks([*urls, *urls], near(server, concurrency=6))
    assert list(found) == urls
    assert {info.width for info in found.values()} == {700}
    assert len(server.asked) == 60
    assert 1 < server.busiest <= 6


SLOW = {
    "head": drip(0.1, b"HTTP/1.1 200 OK\r\nX: "),
    "body": drip(0.1, head(200, Content_Length=10**6) + b"\xff\xd8\xff"),
    "silence": raw(3.0),
}


@pytest.mark.parametrize("name", SLOW)
def test_a_slow_server_takes_its_own_time_only(server: FileServer, looks: Look, name: str) -> None:
    slow = server.url("/slow", SLOW[name])
    good = [server.url(f"/{number}", ranged(picture(700, 500))) for number in range(5)]
    found = looks([slow, *good], near(server, concurrency=1, file_timeout=0.3))
    assert found[slow].reason == "its server took more than 0.3 s"
    assert [found[url].width for url in good] == [700] * 5


def test_one_deadline_for_all_files(server: FileServer, looks: Look) -> None:
    slow = server.url("/slow", SLOW["body"])
    urls = [server.url("/good", ranged(picture(700, 500))), *(f"{slow}?{i}" for i in range(50))]
    found = looks(urls, near(server, concurrency=2, timeout=0.5, file_timeout=5))
    assert found[urls[0]].width == 700
    assert {found[url].reason for url in urls[1:]} == {
        "the time limit for all files, 0.5 s, was reached"
    }
    assert len(server.asked) == 3  # the others were not begun when the time ran out


def test_look_works_where_an_event_loop_runs(server: FileServer) -> None:
    url = server.url("/file", ranged(picture(700, 500)))

    async def main() -> dict[str, MediaInfo]:
        return probe_urls([url], near(server))

    for backend in LOOKERS.keys() - {"blocking"}:
        assert anyio.run(main, backend=backend)[url].width == 700


def test_no_urls(looks: Look) -> None:
    assert looks([], RemoteLimits()) == {}


@pytest.mark.parametrize(
    "bad",
    [
        {"timeout": 0},
        {"timeout": "10"},
        {"file_timeout": float("nan")},
        {"concurrency": -1},
        {"concurrency": 1.5},
        {"file_bytes": 0},
        {"file_requests": None},
        {"allow": "localhost:80"},
        {"allow": [80]},
        {"allow": ["localhost:0"]},
        {"allow": ["localhost:99999"]},
        {"allow": ["me@localhost:80"]},
        {"allow": ["localhost"]},
        {"allow": ["http://localhost:80"]},
        {"allow": [":80"]},
    ],
)
def test_limits_that_cannot_be_kept_are_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match=next(iter(bad))):
        RemoteLimits(**bad)


def test_one_url_is_no_list_of_urls() -> None:
    with pytest.raises(TypeError, match=r"probe_urls\(\[url\]\)"):
        probe_urls("https://example.com/cat.png")


@given(st.binary(max_size=300), st.booleans())
def test_whatever_a_server_sends_is_an_answer(
    shared: FileServer, answer: bytes, is_body: bool
) -> None:
    begin = head(200, Content_Length=len(answer)) if is_body else b""
    info = see(shared, raw(begin + answer, CLOSE), LOOKERS["asyncio"])
    assert info.width or info.reason


@given(st.binary(max_size=200), st.data())
def test_fragments_read_like_a_file_once_all_is_at_hand(
    content: bytes, data: st.DataObject
) -> None:
    """And what is missing is asked for, from its first byte on."""
    fragments, file = PartialContent(len(content)), io.BytesIO(content)
    for _ in range(6):
        place = data.draw(st.integers(0, 220))
        size = data.draw(st.none() | st.integers(-1, 220))
        assert fragments.seek(place) == file.seek(place)
        needs: list[NeedBytes] = []
        while (got := _read(fragments, size, needs)) is None:
            need = needs[-1]
            assert not fragments.has(need.start)
            assert place <= need.start < need.stop <= len(content)
            fragments.add(need.start, content[need.start : need.start + 7])
        assert got == file.read(size)
        assert fragments.tell() == file.tell()
        assert fragments.seek(0, 2) == len(content)


def _read(fragments: PartialContent, size: int | None, needs: list[NeedBytes]) -> bytes | None:
    try:
        return fragments.read(size)
    except NeedBytes as need:
        needs.append(need)
        return None
