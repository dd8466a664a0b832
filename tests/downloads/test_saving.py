"""Saving a result's files: real sockets, real files, the same cases over every driver."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from runcomfy import NoFiles, Output, Result, errors
from support.callers import BACKENDS, TOKEN, Caller
from support.file_host import CONTENT, FileHost, Given, file_host
from support.scripted_server import ID, Reply, ScriptedServer, json_reply, serve
from support.stalls import STALL, before_the_stall_ends


@pytest.fixture
def server(host: FileHost) -> Iterator[ScriptedServer]:
    with serve() as scripted:
        give(scripted, f"{host.url}/hat.png")
        yield scripted


#: Files come over httpx, whatever the calls go over.
WAYS = ["sync", *BACKENDS]


@pytest.fixture(params=WAYS)
def caller(request: pytest.FixtureRequest, server: ScriptedServer, host: FileHost) -> Caller:
    return Caller(request.param, server.url, download_hosts=[host.place])


def give(server: ScriptedServer, *urls: str) -> None:
    """The result has these files."""
    server.script(result=[json_reply(status="completed", output={"images": list(urls)})])


def with_result(caller: Caller, use: Callable[[Any], Any]) -> Any:
    """Do something with the result, awaited where the caller awaits."""
    if caller.kind == "sync":
        return caller.call(lambda client: use(client.job(ID).result()))

    async def main(client: Any) -> Any:
        return await use(await client.job(ID).result())

    return caller.call(main)


def save(caller: Caller, folder: Path, **options: Any) -> Any:
    return with_result(caller, lambda result: result.save(folder, **{"timeout": 10, **options}))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_saved_under_the_request_its_place_and_its_own_name(
    caller: Caller, tmp_path: Path
) -> None:
    paths = save(caller, tmp_path / "new" / "folder")
    assert paths == [tmp_path / "new" / "folder" / f"{ID}-1-hat.png"]
    assert paths[0].read_bytes() == CONTENT
    assert names(paths[0].parent) == [f"{ID}-1-hat.png"]


def test_a_result_without_files_is_an_error_that_says_what_is_there(
    caller: Caller, server: ScriptedServer, tmp_path: Path
) -> None:
    server.script(result=[json_reply(status="completed", output={"image": "file:///etc/passwd"})])
    with pytest.raises(NoFiles, match=r"output/image holds .file:///etc/passwd.") as caught:
        save(caller, tmp_path)
    assert caught.value.request_id == ID
    result = Result(ID, Output.from_payload({}), {"output": {"images": []}})
    with pytest.raises(NoFiles, match="contains no file"):
        _ = result.files[0]
    assert [*result.files] == result.files[:1] == []


def test_a_text_that_is_no_file_is_named_beside_those_that_are_saved(
    caller: Caller, server: ScriptedServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    image = "data:image/png;base64,iVBORw0KGgo="
    give(server, image, "none")
    (path,) = save(caller, tmp_path)
    assert (path.name, path.read_bytes()) == (f"{ID}-1.png", b"\x89PNG\r\n\x1a\n")
    assert 'output/images/1 holds "none", which is not a file URL' in caplog.text


def test_a_file_of_a_comfyui_server_without_a_url_is_named(
    caller: Caller, server: ScriptedServer, host: FileHost, tmp_path: Path, caplog: Any
) -> None:
    other = {"filename": "mask_1.png", "subfolder": "", "type": "output"}
    output = {"image": f"{host.url}/hat.png", "masks": [other]}
    server.script(result=[json_reply(status="completed", output=output)])
    assert len(save(caller, tmp_path)) == 1
    assert 'output/masks/0 names the file "mask_1.png" without its URL' in caplog.text


def test_a_file_is_read_and_saved_by_itself(caller: Caller, tmp_path: Path) -> None:
    assert with_result(caller, lambda result: result.files[0].read()) == CONTENT
    path = tmp_path / "mine.bin"
    assert with_result(caller, lambda result: result.files[0].save(path)) == path
    assert path.read_bytes() == CONTENT
    into = with_result(caller, lambda result: result.files[0].save(str(tmp_path / "new") + "/"))
    assert into == tmp_path / "new" / f"{ID}-1-hat.png"


def test_the_token_and_cookies_do_not_go_to_a_file_host(
    caller: Caller, server: ScriptedServer, host: FileHost, tmp_path: Path
) -> None:
    give(server, f"{host.url}/a.png", f"{host.url}/b.png")
    host.script(Given(headers={"Set-Cookie": "id=1"}, body=CONTENT))
    save(caller, tmp_path, concurrency=1)
    assert len(host.asked) == 2
    for path, headers in host.asked:
        assert TOKEN not in f"{path} {headers}"
        assert not {"authorization", "cookie", "referer"} & headers.keys()
        assert headers["accept-encoding"] == "identity"


def test_files_of_the_api_itself_are_fetched_without_the_token(
    caller: Caller, server: ScriptedServer, tmp_path: Path
) -> None:
    server.script(file=[Reply(200, CONTENT)])
    give(server, f"{server.url}/v1/requests/{ID}/file")
    assert len(save(caller, tmp_path)) == 1
    assert "authorization" not in server.asked[-1].headers


REFUSED = [
    "https://example.com/a.png",
    "https://x.runcomfy.net.evil.example/a.png",
    "https://x.runcomfy.net@127.0.0.1/a.png",
    "http://x.runcomfy.net/a.png",
    "https://169.254.169.254/latest/meta-data",
]


@pytest.mark.parametrize("url", REFUSED)
def test_other_hosts_are_refused_before_anything_is_asked(
    caller: Caller, server: ScriptedServer, tmp_path: Path, url: str
) -> None:
    give(server, url + "?signature=s3cret")
    with pytest.raises(errors.DownloadRefused) as caught:
        save(caller, tmp_path / "out")
    assert caught.value.request_id == ID
    assert caught.value.url == url + "?signature=s3cret"
    assert "s3cret" not in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_a_refusal_says_how_to_allow_the_host(
    server: ScriptedServer, host: FileHost, tmp_path: Path
) -> None:
    with pytest.raises(errors.DownloadRefused) as caught:
        save(Caller("sync", server.url), tmp_path)
    assert f'Client(download_hosts=["{host.place}"])' in str(caught.value)
    assert not host.asked


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_followed_to_allowed_hosts_only(
    caller: Caller, host: FileHost, tmp_path: Path, status: int
) -> None:
    host.script(Given(status, {"Location": "/other.png"}), host.whole)
    assert save(caller, tmp_path)[0].read_bytes() == CONTENT
    assert [path for path, _ in host.asked] == ["/hat.png", "/other.png"]
    with file_host() as elsewhere:
        host.script(Given(status, {"Location": elsewhere.url + "/a.png?sig=1"}))
        with pytest.raises(errors.DownloadRefused, match="it redirects to") as caught:
            save(caller, tmp_path)
        assert not elsewhere.asked
    assert "sig=1" not in str(caught.value)


def test_a_redirect_without_end_is_an_error(caller: Caller, host: FileHost, tmp_path: Path) -> None:
    host.script(Given(302, {"Location": "/again.png"}))
    with pytest.raises(errors.DownloadFailed, match="more than 5 redirects"):
        save(caller, tmp_path)
    assert len(host.asked) == 6


@pytest.mark.parametrize("then", ["reset", "close"])
def test_a_broken_download_continues_where_it_broke(
    caller: Caller, host: FileHost, tmp_path: Path, then: Any
) -> None:
    host.script(host.cut(300_000, then), host.cut(100_000, then), host.whole)
    [path] = save(caller, tmp_path)
    assert path.read_bytes() == CONTENT
    assert names(tmp_path) == [path.name]
    first, second, third = host.ranges()
    assert first == ""
    assert 0 < int(second[6:-1]) < int(third[6:-1])
    assert host.asked[1][1]["if-range"] == '"v1"'


def change(host: FileHost) -> Callable[[dict[str, str]], Given]:
    def answer(headers: dict[str, str]) -> Given:
        host.etag, host.content = '"v2"', CONTENT[::-1]
        return host.whole(headers)

    return answer


def resumed(**headers: str) -> Given:
    return Given(206, {"ETag": '"v1"', **headers}, CONTENT[1000:])


SIZE = len(CONTENT)
#: What the host answers to the request for the rest, and whether the file is another one then.
RESUMPTIONS = {
    "the file has changed": (change, True),
    "ranges are ignored": (lambda _: Given(body=CONTENT), False),
    "the rest is called the whole": (
        lambda _: Given(headers={"ETag": '"v1"'}, body=CONTENT[1000:]),
        False,
    ),
    "no such range": (lambda _: Given(416, {"Content-Range": f"bytes */{SIZE}"}), False),
    "another place": (lambda _: resumed(**{"Content-Range": f"bytes 0-{SIZE - 1}/{SIZE}"}), False),
    "the size of the file changed": (
        lambda _: resumed(**{"Content-Range": f"bytes 1000-{SIZE}/{SIZE + 1}"}),
        False,
    ),
    "no place at all": (lambda _: resumed(), False),
    "another mark in a part": (
        lambda _: Given(
            206,
            {"ETag": '"v3"', "Content-Range": f"bytes 1000-{SIZE - 1}/{SIZE}"},
            b"x" * (SIZE - 1000),
        ),
        False,
    ),
}


@pytest.mark.parametrize("case", RESUMPTIONS.values(), ids=RESUMPTIONS)
def test_a_part_that_is_not_the_rest_of_the_same_file_is_not_added(
    caller: Caller, host: FileHost, tmp_path: Path, case: Any
) -> None:
    answer, changed = case
    host.script(host.cut(1000), answer(host), host.whole)
    [path] = save(caller, tmp_path)
    assert path.read_bytes() == (CONTENT[::-1] if changed else CONTENT)
    assert host.ranges()[1] == "bytes=1000-"


@pytest.mark.parametrize(
    "marks", [{}, {"ETag": 'W/"v1"'}, {"Last-Modified": "Mon, 02 Mar 2099 10:00:00 GMT"}]
)
def test_without_a_mark_that_is_sure_a_broken_download_starts_again(
    caller: Caller, host: FileHost, tmp_path: Path, marks: dict[str, str]
) -> None:
    host.script(Given(headers=marks, body=CONTENT, after=1000), Given(body=CONTENT))
    assert save(caller, tmp_path)[0].read_bytes() == CONTENT
    assert host.ranges() == ["", ""]


HTML, JSON = (
    {"Content-Type": f"{kind}; charset=utf-8"} for kind in ("text/html", "application/json")
)


PNG = {"Content-Type": "image/png"}


@pytest.mark.parametrize("content_type", ["application/json", ""])
def test_an_image_under_a_wrong_type_is_saved(
    caller: Caller, host: FileHost, tmp_path: Path, content_type: str
) -> None:
    host.script(Given(headers={"Content-Type": content_type}, body=CONTENT))
    assert save(caller, tmp_path)[0].read_bytes() == CONTENT
    assert len(host.asked) == 1


#: What is tried again, and what is said when it does not pass.
PASSING = {
    "500": (Given(500), "the file host failed"),
    "503 with Retry-After": (Given(503, {"Retry-After": "0"}), "the file host failed"),
    "429": (Given(429), "rate-limited"),
    "408": (Given(408), "the file host failed"),
    "reset at once": (Given(body=CONTENT, after=0, then="reset"), "the connection was lost"),
    "cut after the head": (Given(body=CONTENT, after=0), "the connection was lost"),
    "a web page": (
        Given(headers=HTML, body=b"<html>"),
        "received a web page or an error text instead",
    ),
    "an error as JSON": (Given(headers=JSON, body=b"{}"), "error text instead of the image"),
    "a web page as an image": (
        Given(headers=PNG, body=b"<html>"),
        "error text instead of the image",
    ),
    "an error without a type": (
        Given(body=b'{"error": "gone"}'),
        "error text instead of the image",
    ),
    "an error as XML": (
        Given(body=b"<?xml version='1.0'?><Error>"),
        "error text instead of the image",
    ),
    "nothing": (Given(body=b""), "the file is empty"),
    "a part that was not requested": (Given(206, body=b"x"), "an unexpected response"),
    "no content": (Given(204, {"Content-Length": ""}), "an unexpected response"),
}


@pytest.mark.parametrize("case", PASSING.values(), ids=PASSING)
def test_a_fault_that_passes_is_waited_for(
    caller: Caller, host: FileHost, tmp_path: Path, case: tuple[Given, str]
) -> None:
    fault, _ = case
    host.script(fault, fault, host.whole)
    assert save(caller, tmp_path)[0].read_bytes() == CONTENT
    assert len(host.asked) == 3


#: What does not pass, how often it is asked for, and what is said then.
LASTING = {name: (fault, 5, told) for name, (fault, told) in PASSING.items()} | {
    "403": (Given(403), 1, "refused"),
    "404": (Given(404), 1, "refused"),
    "410": (Given(410), 1, "refused"),
    "an invalid redirect": (Given(302), 1, "an invalid redirect"),
    "packed": (Given(headers={"Content-Encoding": "gzip"}, body=b"\x1f\x8b"), 5, "as gzip"),
    "shorter than it says": (Given(body=CONTENT, after=9), 5, "the connection was lost"),
}


@pytest.mark.parametrize("case", LASTING.values(), ids=LASTING)
def test_a_fault_that_lasts_is_an_error_and_leaves_nothing_behind(
    caller: Caller, host: FileHost, tmp_path: Path, case: Any
) -> None:
    fault, times, told = case
    host.script(fault)
    with pytest.raises(errors.DownloadFailed, match=told) as caught:
        save(caller, tmp_path)
    assert (caught.value.request_id, caught.value.url) == (ID, f"{host.url}/hat.png")
    assert f'client.job("{ID}").wait()' in str(caught.value)
    assert names(tmp_path) == []
    assert len(host.asked) == times


BOMBS = {
    "told": Given(headers={"Content-Length": str(10**12)}, after=0, then="wait"),
    "without a length": Given(headers={"Content-Length": ""}, after=0, then="endless"),
    "chunks": Given(body=CONTENT, after=0, then="endless", headers={"Content-Length": str(10**6)}),
}


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS)
@pytest.mark.parametrize("way", ["save", "read"])
def test_more_than_is_allowed_is_refused(
    server: ScriptedServer, host: FileHost, tmp_path: Path, bomb: Given, way: str
) -> None:
    ways = {"save": lambda file: file.save(tmp_path), "read": lambda file: file.read()}
    host.script(bomb)
    for kind in WAYS:
        caller = Caller(kind, server.url, download_hosts=[host.place], max_file_bytes=200_000)
        with pytest.raises(errors.DownloadRefused, match="max_file_bytes"):
            with_result(caller, lambda result: ways[way](result.files[0]))
    assert names(tmp_path) == []


def test_a_reader_may_set_a_limit_of_its_own(caller: Caller) -> None:
    with pytest.raises(errors.DownloadRefused, match="the limit is 1,000"):
        with_result(caller, lambda result: result.files[0].read(max_bytes=1000))
    assert with_result(caller, lambda result: result.files[0].read(max_bytes=SIZE)) == CONTENT


STALLS = {
    "no head": Given(delay=STALL),
    "half a body": Given(body=CONTENT, after=1000, then="wait"),
    "never well": Given(503, {"Retry-After": "3600"}),
    "always broken": Given(503, {"Retry-After": "1"}),
}


@pytest.mark.parametrize("stall", STALLS.values(), ids=STALLS)
def test_the_deadline_covers_all_attempts(
    caller: Caller, host: FileHost, tmp_path: Path, stall: Given
) -> None:
    host.script(stall)
    with before_the_stall_ends(), pytest.raises(errors.DeadlineExceeded) as caught:
        save(caller, tmp_path, timeout=0.5)
    assert f"{host.url}/hat.png" in str(caught.value)
    assert f'client.job("{ID}")' in str(caught.value)
    assert caught.value.url == f"{host.url}/hat.png"
    assert names(tmp_path) == []


def test_progress_reports_how_much_of_each_file_has_come(
    caller: Caller, host: FileHost, tmp_path: Path
) -> None:
    seen: list[tuple[str, int, int | None]] = []
    host.script(host.cut(300_000), host.whole)
    save(caller, tmp_path, progress=lambda file, *counts: seen.append((file.name, *counts)))
    assert {(name, total) for name, _, total in seen} == {(f"{ID}-1-hat.png", SIZE)}
    received = [count for _, count, _ in seen]
    assert received == sorted(received)
    assert received[-1] == SIZE


def test_what_progress_raises_ends_the_download(caller: Caller, tmp_path: Path) -> None:
    def stop(*_: object) -> None:
        raise LookupError("enough")

    with pytest.raises(LookupError, match="enough"):
        save(caller, tmp_path, progress=stop)
    assert names(tmp_path) == []


def make_impossible(folder: Path, how: str) -> Path:
    """A path below the folder that cannot be a folder, or have files in it."""
    place = folder / "place"
    if how == "closed":
        place.mkdir(mode=0o500)
        return place
    place.write_bytes(b"")
    return place if how == "a file" else place / "below"


@pytest.mark.parametrize("how", ["a file", "below a file", "closed"])
def test_an_error_of_the_disk_stays_one_and_says_which_file_it_is_about(
    caller: Caller, server: ScriptedServer, host: FileHost, tmp_path: Path, how: str
) -> None:
    if how == "closed" and (os.name == "nt" or os.getuid() == 0):
        pytest.skip("this user may write everywhere")
    place = make_impossible(tmp_path, how)
    with pytest.raises(OSError, match="place") as caught:
        save(caller, place)
    assert caught.value.__notes__ == [
        f"RunComfy request id {ID}: {host.url}/hat.png was not saved, and the service still has it. To fetch "
        f'the result again: client.job("{ID}").wait()'
    ]
    give(server, f"{host.url}/a.png", f"{host.url}/b.png")
    if how == "a file":  # which is seen before anything is fetched
        with pytest.raises(FileExistsError, match="place"):
            save(caller, place)
        return
    with pytest.raises(errors.NotAllSaved) as several:
        save(caller, place)
    assert [error.__notes__[0].split("/")[-1][:5] for _, error in several.value.failed] == [
        "a.png",
        "b.png",
    ]


def test_a_file_in_the_way_and_what_progress_raises_report_the_request_too(
    caller: Caller, tmp_path: Path
) -> None:
    path = tmp_path / "hat.png"
    path.write_bytes(b"")

    def fail(*_: object) -> None:
        raise ZeroDivisionError

    with pytest.raises(FileExistsError, match="overwrite=True") as taken:
        with_result(caller, lambda result: result.files[0].save(path))
    with pytest.raises(ZeroDivisionError) as raised:
        save(caller, tmp_path, progress=fail)
    for caught in (taken, raised):
        assert f'client.job("{ID}").wait()' in caught.value.__notes__[0]


def test_several_files_are_fetched_at_once_and_keep_their_order(
    caller: Caller, server: ScriptedServer, host: FileHost, tmp_path: Path
) -> None:
    give(server, *(f"{host.url}/{number}.png" for number in range(8)))
    all_there = threading.Barrier(
        4, timeout=10
    )  # breaks where fewer come, and hangs up on the rest

    def answer(_: dict[str, str]) -> Given:
        all_there.wait()
        return Given(body=CONTENT)

    host.script(answer)
    paths = save(caller, tmp_path, concurrency=4)
    assert [path.name for path in paths] == [f"{ID}-{n + 1}-{n}.png" for n in range(8)]
    assert all(path.read_bytes() == CONTENT for path in paths)


def test_when_one_file_fails_the_others_are_saved_and_the_error_names_both(
    caller: Caller, server: ScriptedServer, host: FileHost, tmp_path: Path
) -> None:
    give(server, f"{host.url}/a.png", "https://example.com/b.png?s3cret", f"{host.url}/c.png")
    with pytest.raises(errors.NotAllSaved) as caught:
        save(caller, tmp_path)
    error = caught.value
    assert [path.name for path in error.saved] == [f"{ID}-1-a.png", f"{ID}-3-c.png"]
    [(file, reason)] = error.failed
    assert file.url == "https://example.com/b.png?s3cret"
    assert isinstance(reason, errors.DownloadRefused)
    assert "1 of 3 files could not be saved" in str(error)
    assert "example.com/b.png" in str(error)
    assert "s3cret" not in str(error)
    assert names(tmp_path) == [path.name for path in error.saved]


def test_no_file_at_once_is_a_mistake(caller: Caller, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="concurrency must be at least 1"):
        save(caller, tmp_path, concurrency=0)
