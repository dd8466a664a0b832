"""Files in a bucket, on a real S3-compatible server: what is put there, how often, and who can read it."""

from __future__ import annotations

import io
import logging
import os
import re
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import obstore
import pytest
from botocore.auth import S3SigV4QueryAuth  # type: ignore[import-untyped]  # it ships no annotations
from botocore.awsrequest import AWSRequest  # type: ignore[import-untyped]  # it ships no annotations
from botocore.credentials import Credentials  # type: ignore[import-untyped]  # it ships no annotations
from obstore.store import AzureStore, GCSStore, MemoryStore, S3Store

from runcomfy import ConfigurationError, MissingExtra, UploadFailed
from runcomfy.extras import install_command
from runcomfy.uploads import ObjectStore, resolve
from runcomfy_models.openai import GptImage2Edit
from support.bucket_server import (
    KEY,
    REGION,
    SECRET,
    Watch,
    bucket_server,
    environment,
    other_process,
)
from support.callers import BACKENDS, Caller
from support.scripted_server import ScriptedServer
from support.uploads import picture, saved, sent

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """An S3 server with one bucket."""
    with bucket_server() as address:
        yield address


class Gate:
    """A bucket, and a count of what was asked of it by the store that the tests use."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self.keys: list[str] = []

    def store(self, bucket: str = "bucket", **settings: Any) -> S3Store:
        given: dict[str, Any] = {
            "endpoint": self.endpoint,
            "access_key_id": KEY,
            "secret_access_key": SECRET,
            "region": REGION,
            "client_options": {"allow_http": True},
            "retry_config": {"max_retries": 2, "retry_timeout": timedelta(seconds=5)},
        }
        return S3Store(bucket, **{**given, **settings})

    def objects(self) -> dict[str, int]:
        pages = obstore.list(self.store())
        return {item["path"]: item["size"] for page in pages for item in page}


@pytest.fixture
def gate(endpoint: str) -> Iterator[Gate]:
    made = Gate(endpoint)
    yield made
    obstore.delete(made.store(), [*made.objects()])


def edit(*files: Any) -> GptImage2Edit:
    return GptImage2Edit(prompt="a hat", images=files)


def urls(*files: Any, store: ObjectStore) -> list[str]:
    images: list[str] = resolve(edit(*files), store).payload()["images"]
    return images


def fetched(url: str) -> httpx.Response:
    """What the service gets: it has the URL and nothing else."""
    return httpx.get(url, trust_env=False)


@pytest.mark.parametrize("kind", ["sync", *BACKENDS])
def test_the_service_can_read_what_the_client_put_there(
    kind: str, gate: Gate, server: ScriptedServer, tmp_path: Path
) -> None:
    caller = Caller(kind, server.url, uploader=ObjectStore(gate.store()))
    caller.run(edit(saved(tmp_path), picture(kind="JPEG"), io.BytesIO(picture(kind="WEBP"))))
    answers = [fetched(url) for url in sent(server)["images"]]
    assert [answer.content for answer in answers] == [
        picture(kind=kind) for kind in ("PNG", "JPEG", "WEBP")
    ]
    assert [answer.headers["content-type"] for answer in answers] == [
        "image/png",
        "image/jpeg",
        "image/webp",
    ]


def test_nobody_can_read_it_without_the_signature(gate: Gate) -> None:
    (url,) = urls(picture(), store=ObjectStore(gate.store()))
    assert fetched(url).status_code == 200
    assert fetched(url.partition("?")[0]).status_code == 403


def test_the_signature_is_what_amazon_expects_of_a_get_for_that_long(gate: Gate) -> None:
    """The test server lets any signature pass, so it is worked out again by Amazon's own library."""
    (url,) = urls(picture(), store=ObjectStore(gate.store(), expires=1234))
    given = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    assert given["X-Amz-Expires"] == "1234"

    request = AWSRequest("GET", url.partition("?")[0])
    request.context["timestamp"] = given["X-Amz-Date"]
    signer = S3SigV4QueryAuth(Credentials(KEY, SECRET), "s3", REGION, expires=1234)
    signer._modify_request_before_signing(request)
    canonical = signer.canonical_request(request)
    text = signer.string_to_sign(request, canonical)
    assert signer.signature(text, request) == given["X-Amz-Signature"]


def test_objects_are_named_by_their_content(gate: Gate, tmp_path: Path) -> None:
    store = ObjectStore(gate.store(), prefix="/runcomfy/inputs/")
    urls(saved(tmp_path, "Ünglücklich ?.jpg"), store=store)
    assert [*gate.objects()] == [f"runcomfy/inputs/{sha256(picture()).hexdigest()}.png"]


def test_a_folder_in_the_url_of_a_store_is_kept(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment(gate.endpoint).items():
        monkeypatch.setenv(name, value)
    (url,) = urls(picture(), store=ObjectStore("s3://bucket/some/folder", prefix="inputs"))
    assert fetched(url).content == picture()
    assert [*gate.objects()] == [f"some/folder/inputs/{sha256(picture()).hexdigest()}.png"]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The calls of the library that reach the network, in order."""
    calls: list[str] = []

    def noted(name: str, function: Any) -> Any:
        def call(*arguments: Any, **options: Any) -> Any:
            calls.append(name)
            return function(*arguments, **options)

        return call

    for name in ("head", "put"):
        monkeypatch.setattr(obstore, name, noted(name, getattr(obstore, name)))
    return calls


def test_a_file_that_exists_is_not_sent_again(gate: Gate, asked: list[str], tmp_path: Path) -> None:
    path = saved(tmp_path)
    store = ObjectStore(gate.store())
    urls(path, store=store)
    assert asked == ["head", "put"]
    urls(path, store=store)
    urls(picture(), store=store)
    assert asked == ["head", "put"], "this process knows"
    urls(path, store=ObjectStore(gate.store()))
    assert asked == ["head", "put", "head"], "another process asks"


def test_many_calls_at_once_send_a_file_once(gate: Gate, asked: list[str]) -> None:
    store = ObjectStore(gate.store())
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: urls(picture(), store=store)[0], range(16)))
    assert asked == ["head", "put"]
    assert {url.partition("?")[0] for url in found} == {found[0].partition("?")[0]}


def test_an_object_of_another_size_is_not_taken_for_the_file(gate: Gate) -> None:
    name = f"{sha256(picture()).hexdigest()}.png"
    obstore.put(gate.store(), name, b"half a file")
    (url,) = urls(picture(), store=ObjectStore(gate.store()))
    assert fetched(url).content == picture()


def test_a_store_that_lets_nobody_look_is_written_to(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> object:
        raise obstore.exceptions.PermissionDeniedError("403")

    monkeypatch.setattr(obstore, "head", refuse)
    (url,) = urls(picture(), store=ObjectStore(gate.store()))
    assert fetched(url).content == picture()


def test_a_large_file_is_streamed(tmp_path: Path) -> None:
    """The server has a process of its own here, so that what it holds does not count."""
    path = tmp_path / "long.mp4"
    block = os.urandom(1024 * 1024)
    with path.open("wb") as file:
        for _ in range(200):
            file.write(block)
    with other_process(tmp_path) as endpoint:
        gate = Gate(endpoint)
        store = ObjectStore(gate.store())
        with Watch() as held:
            (url,) = urls(path, store=store)
        assert gate.objects() == {urlsplit(url).path.rpartition("/")[2]: 200 * 2**20}
    assert held.grown < 100 * 2**20


@pytest.mark.parametrize("size", [1_000, 20_000_000], ids=["in one piece", "in parts"])
def test_a_file_that_changes_while_it_is_sent_makes_no_object(
    size: int, gate: Gate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(bytes(size))
    head = obstore.head

    def head_and_change(*arguments: Any) -> Any:
        with path.open("r+b") as file:
            file.write(b"changed after it was hashed")
        return head(*arguments)

    monkeypatch.setattr(obstore, "head", head_and_change)
    with pytest.raises(UploadFailed, match="changed while it was"):
        urls(path, store=ObjectStore(gate.store()))
    assert gate.objects() == {}


@pytest.mark.parametrize("kind", ["sync", *BACKENDS])
def test_a_store_that_is_not_there_submits_nothing(
    kind: str, gate: Gate, server: ScriptedServer
) -> None:
    store = ObjectStore(gate.store(endpoint="http://127.0.0.1:9"))
    with pytest.raises(UploadFailed) as caught:
        Caller(kind, server.url, uploader=store).run(edit(picture()))
    message = str(caught.value)
    assert message.startswith("/images/0 (")
    assert "could not be uploaded to ObjectStore(S3Store(bucket=" in message
    assert message.endswith("nothing was submitted")
    assert "\n" not in message
    assert server.asked == []


def test_a_bucket_that_is_not_there_is_named(gate: Gate) -> None:
    with pytest.raises(UploadFailed, match='bucket="nowhere"'):
        urls(picture(), store=ObjectStore(gate.store("nowhere")))


def test_a_name_that_no_bucket_has_is_refused_at_once(gate: Gate) -> None:
    for store in (gate.store("no such name"), "s3://no%20such name/x"):
        with pytest.raises(ConfigurationError, match=r"not the name of a bucket|invalid domain"):
            ObjectStore(store)


def test_neither_repr_nor_log_nor_error_shows_a_secret(
    gate: Gate, caplog: pytest.LogCaptureFixture
) -> None:
    store = ObjectStore(gate.store())
    with caplog.at_level(logging.DEBUG):
        request = resolve(edit(picture()), store)
    url = request.payload()["images"][0]
    signature = parse_qs(urlsplit(url).query)["X-Amz-Signature"][0]
    shown = f"{store!r} {store} {request!r} {caplog.text}"
    assert signature not in shown
    assert KEY not in shown
    assert SECRET not in shown


def test_signing_works_for_google_and_azure_without_asking_anybody() -> None:
    azure = AzureStore("box", account_name="acme", account_key="c2VjcmV0")
    url = obstore.sign(ObjectStore(azure)._store, "GET", "cat.png", timedelta(hours=1))
    assert url.startswith("https://acme.blob.core.windows.net/box/cat.png?")
    assert ObjectStore(GCSStore("box"))._store.__class__ is GCSStore


def test_a_store_that_cannot_sign_is_refused_at_once() -> None:
    for store in ("memory:///", MemoryStore()):
        with pytest.raises(ConfigurationError, match="MemoryStore cannot sign URLs"):
            ObjectStore(store)  # type: ignore[arg-type]  # wrong on purpose


def test_a_url_that_names_no_store_is_refused_at_once() -> None:
    with pytest.raises(
        ConfigurationError, match=r"ftp://example\.com/x cannot be opened as an object store"
    ):
        ObjectStore("ftp://example.com/x?key=s3cr3t")


@pytest.mark.parametrize("expires", [0, -1, 7 * 24 * 3600 + 1, float("nan")])
def test_an_expiry_that_no_store_grants_is_refused_at_once(expires: float, gate: Gate) -> None:
    with pytest.raises(ConfigurationError, match="1 to 604800 seconds"):
        ObjectStore(gate.store(), expires=expires)


def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "obstore", None)
    with pytest.raises(MissingExtra, match=re.escape(install_command("upload"))):
        ObjectStore("s3://bucket")


def test_an_endpoint_over_http_says_how_it_is_allowed(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment(gate.endpoint).items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ALLOW_HTTP")
    with pytest.raises(UploadFailed, match="AWS_ALLOW_HTTP=true"):
        resolve(GptImage2Edit(prompt="a", images=[picture()]), ObjectStore("s3://bucket"))
