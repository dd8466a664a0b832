"""Results fetched into a bucket, on a real S3-compatible server: the rules are those of a folder."""

from __future__ import annotations

import hashlib
import os
import pickle
from base64 import b64decode
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, ClassVar

import obstore
import pytest
from obstore.store import S3Store

from runcomfy import BucketError, ConfigurationError, Journal, errors
from runcomfy.buckets import Bucket
from runcomfy.buckets.bucket import bucket_at
from runcomfy.client.output_file import OutputFile
from runcomfy.downloads.config import DownloadSettings
from runcomfy.downloads.manager import Downloads
from runcomfy.protocol.allowed_hosts import AllowedHosts
from support.bucket_server import Watch, bucket_server, environment, other_process
from support.callers import BACKENDS, Caller, a_request
from support.file_host import CONTENT, FileHost, Given
from support.local_server import QuietServer, running
from support.scripted_server import ID, ScriptedServer, json_reply, serve

pytestmark = pytest.mark.slow

URL = "s3://bucket/results"


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with bucket_server() as address:
        yield address


@pytest.fixture(autouse=True)
def store(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Store]:
    for name, value in environment(endpoint).items():
        monkeypatch.setenv(name, value)
    opened = S3Store("bucket")
    yield opened
    obstore.delete(opened, [*objects(opened)])


@pytest.fixture
def server(host: FileHost) -> Iterator[ScriptedServer]:
    with serve() as scripted:
        output = {"images": [f"{host.url}/hat.png"]}
        scripted.script(result=[json_reply(status="completed", output=output)])
        yield scripted


@pytest.fixture(params=["sync", *BACKENDS])
def caller(request: pytest.FixtureRequest, server: ScriptedServer, host: FileHost) -> Caller:
    return Caller(request.param, server.url, download_hosts=[host.place])


def objects(store: S3Store) -> dict[str, int]:
    return {item["path"]: item["size"] for page in obstore.list(store) for item in page}


def put(caller: Caller, *arguments: Any, **options: Any) -> Any:
    """``file.put`` of the result's only file, awaited where the caller awaits."""
    if caller.kind == "sync":
        return caller.call(
            lambda client: client.job(ID).result().files[0].put(*arguments, **options)
        )

    async def main(client: Any) -> Any:
        return await (await client.job(ID).result()).files[0].put(*arguments, **options)

    return caller.call(main)


def a_file(host: FileHost, max_bytes: int = 10**9) -> OutputFile:
    settings = DownloadSettings(hosts=AllowedHosts.of("", [host.place]), max_bytes=max_bytes)
    return OutputFile(f"{host.url}/a.png", "image", "a.png", "r1", None, Downloads(settings))


def test_a_file_lands_whole_with_its_type_and_digest(caller: Caller, store: S3Store) -> None:
    url = put(caller, URL)
    assert url == f"{URL}/{ID}-1-hat.png"
    there = obstore.get(store, f"results/{ID}-1-hat.png")
    assert bytes(there.bytes()) == CONTENT
    assert there.attributes == {
        "Content-Type": "image/png",
        "sha256": hashlib.sha256(CONTENT).hexdigest(),
    }


def test_a_name_of_our_own_finds_a_free_one(caller: Caller, store: S3Store) -> None:
    urls = [put(caller, URL), put(caller, Bucket(URL)), put(caller, URL, overwrite=True)]
    assert [one.rpartition("-1-")[2] for one in urls] == ["hat.png", "hat (2).png", "hat.png"]
    assert len(objects(store)) == 2


def test_a_name_that_was_given_is_kept_or_refused(caller: Caller, host: FileHost) -> None:
    assert put(caller, URL, "rows/00001-1.png") == f"{URL}/rows/00001-1.png"
    asked = len(host.asked)
    with pytest.raises(FileExistsError, match=r"overwrite=True.*s3://bucket/results/rows/00001-1"):
        put(caller, URL, "rows/00001-1.png")
    assert len(host.asked) == asked
    assert put(caller, URL, "rows/00001-1.png", overwrite=True).endswith("00001-1.png")


def test_the_extension_is_that_of_the_content(caller: Caller, host: FileHost) -> None:
    host.content = b"\xff\xd8\xff\xe0" + bytes(500)
    assert put(caller, URL).endswith(f"{ID}-1-hat.jpg")
    assert put(caller, URL, "rows/1.png").endswith("rows/1.png")
    assert put(caller, URL, "rows/1.png", exact=False).endswith("rows/1.jpg")


def test_a_download_that_breaks_continues_and_lands_once(
    caller: Caller, host: FileHost, store: S3Store
) -> None:
    host.script(host.cut(300_000, "reset"), host.cut(100_000), host.whole)
    put(caller, URL)
    assert bytes(obstore.get(store, f"results/{ID}-1-hat.png").bytes()) == CONTENT
    assert len(host.ranges()) == 3


FAULTS = {
    "shorter than it says": Given(body=CONTENT, after=9),
    "a web page": Given(headers={"Content-Type": "text/html"}, body=b"<html>"),
    "gone": Given(404),
    "nothing": Given(body=b""),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_download_that_fails_leaves_no_object(
    caller: Caller, host: FileHost, store: S3Store, fault: Given
) -> None:
    host.script(fault)
    with pytest.raises(errors.DownloadFailed):
        put(caller, URL)
    assert objects(store) == {}


def test_other_hosts_and_larger_files_are_refused(
    server: ScriptedServer, host: FileHost, store: S3Store
) -> None:
    with pytest.raises(errors.DownloadRefused, match="download_hosts"):
        put(Caller("sync", server.url), URL)
    with pytest.raises(errors.DownloadRefused, match="bytes"):
        a_file(host, max_bytes=1_000).put(URL)
    assert objects(store) == {}


@pytest.mark.parametrize(
    "name", ["../up.png", "a//b.png", "/root.png", "", "a\nb.png", ".", "a/.."]
)
def test_a_name_that_leads_elsewhere_is_refused(name: str, host: FileHost) -> None:
    with pytest.raises(ConfigurationError, match="is not a valid object name"):
        a_file(host).put(URL, name)
    assert host.asked == []


@pytest.mark.parametrize(
    "url", ["ftp://example.com/x?key=s3cr3t", "results", "https://example.com/"]
)
def test_what_is_no_bucket_is_refused_by_name(url: str, host: FileHost) -> None:
    with pytest.raises(ConfigurationError, match="not a bucket URL") as caught:
        a_file(host).put(url)
    assert "s3cr3t" not in str(caught.value)


def test_a_bucket_that_is_not_there_is_named_once(caller: Caller) -> None:
    with pytest.raises(BucketError, match=r"s3://nowhere/x/.*could not be written") as caught:
        put(caller, "s3://nowhere/x")
    assert "\n" not in str(caught.value)
    assert f"request id {ID}" in caught.value.__notes__[0]


class Recorder(BaseHTTPRequestHandler):
    """Takes every object, and keeps the headers that came with it."""

    seen: ClassVar[list[dict[str, str]]] = []

    def do_PUT(self) -> None:  # the name that http.server calls
        self.seen.append({name.lower(): value for name, value in self.headers.items()})
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("ETag", '"v1"')
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_HEAD(self) -> None:  # likewise
        self.send_response(403)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base's name
        """Say nothing."""


def test_the_store_gets_the_sha256_of_what_is_written(
    host: FileHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Amazon refuses an object whose content has another one; the test server does not look."""
    with running(QuietServer(("127.0.0.1", 0), Recorder)) as port:
        for name, value in environment(f"http://127.0.0.1:{port}").items():
            monkeypatch.setenv(name, value)
        a_file(host).put(URL)
    [headers] = Recorder.seen
    assert b64decode(headers["x-amz-checksum-sha256"]) == hashlib.sha256(CONTENT).digest()


def test_a_large_file_is_streamed(tmp_path: Path, host: FileHost, monkeypatch: Any) -> None:
    host.content = b"\x89PNG\r\n\x1a\n" + os.urandom(1024) * 100_000
    with other_process(tmp_path) as elsewhere:
        for name, value in environment(elsewhere).items():
            monkeypatch.setenv(name, value)
        a_file(host).put(URL)  # what the first use loads does not count
        with Watch() as held:
            a_file(host).put(URL, overwrite=True)
        there = obstore.get(S3Store("bucket"), "results/a.png")
        assert there.meta["size"] == len(host.content)
    assert held.grown < 80 * 2**20


def test_a_bucket_is_pickled_without_credentials() -> None:
    again = pickle.dumps(Bucket(URL))
    assert b"wJalr" not in again
    assert pickle.loads(again).url("a") == f"{URL}/a"  # noqa: S301  # made a line above


def test_a_bucket_is_opened_once_until_its_settings_change(monkeypatch: pytest.MonkeyPatch) -> None:
    first = bucket_at(URL)
    assert bucket_at(URL) is first
    assert pickle.loads(pickle.dumps(first)) is first  # noqa: S301  # made here
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    assert bucket_at(URL) is not first


def test_a_journal_keeps_where_objects_are(
    caller: Caller, server: ScriptedServer, host: FileHost, tmp_path: Path
) -> None:
    with Journal(tmp_path / "journal.db") as journal:
        kept = Caller(caller.kind, server.url, download_hosts=[host.place], journal=journal)
        if kept.kind == "sync":
            kept.call(lambda client: client.run(a_request(), key="a").files[0].put(URL))
        else:

            async def main(client: Any) -> None:
                await (await client.run(a_request(), key="a")).files[0].put(URL)

            kept.call(main)
        [entry] = journal.entries()
    [file] = entry.files
    assert file.path is None
    assert file.address == f"{URL}/{entry.request_id}-1-hat.png"
    assert entry.saved


def test_a_result_that_was_pickled_can_still_be_put(host: FileHost) -> None:
    file = pickle.loads(pickle.dumps(a_file(host)))  # noqa: S301  # made here
    assert file.put(URL) == f"{URL}/a.png"
