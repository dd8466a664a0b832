"""The file host: no token, ranges with a validator, and an origin of its own where that is wanted."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO

import httpx
import pytest
from PIL import Image

from runcomfy.mock import MockService
from runcomfy.testing import mock_service
from support.mock_calls import TOKEN, Calls


@pytest.fixture
def service() -> Iterator[MockService]:
    with mock_service(polls_in_queue=0, polls_running=0) as service:
        yield service


def made(calls: Calls) -> str:
    address: str = calls.result(calls.submitted()).json()["output"]["image"]
    return address


@pytest.fixture
def address(service: MockService) -> str:
    with Calls(service) as calls:
        return made(calls)


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    with httpx.Client(verify=False) as http:  # noqa: S501  # there is no TLS on loopback
        yield http


def test_a_file_is_a_real_image_and_needs_no_token(http: httpx.Client, address: str) -> None:
    answer = http.get(address)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/png"
    assert int(answer.headers["content-length"]) == len(answer.content)
    with Image.open(BytesIO(answer.content)) as picture:
        picture.load()
        assert picture.width > 100


@pytest.mark.parametrize(
    ("asked", "part"),
    [
        ("bytes=0-9", slice(0, 10)),
        ("bytes=10-", slice(10, None)),
        ("bytes=-10", slice(-10, None)),
        ("bytes=5-99999999", slice(5, None)),
    ],
)
def test_a_range_gives_that_part(http: httpx.Client, address: str, asked: str, part: slice) -> None:
    whole = http.get(address)
    answer = http.get(address, headers={"Range": asked, "If-Range": whole.headers["etag"]})
    expected = whole.content[part]
    start = whole.content.index(expected)
    assert (answer.status_code, answer.content) == (206, expected)
    assert answer.headers["etag"] == whole.headers["etag"]
    assert answer.headers["content-range"] == (
        f"bytes {start}-{start + len(expected) - 1}/{len(whole.content)}"
    )


def test_a_range_of_another_version_gives_the_whole(http: httpx.Client, address: str) -> None:
    answer = http.get(address, headers={"Range": "bytes=10-", "If-Range": '"old"'})
    assert answer.status_code == 200
    assert answer.content.startswith(b"\x89PNG")


def test_a_range_behind_the_end_cannot_be_satisfied(http: httpx.Client, address: str) -> None:
    size = len(http.get(address).content)
    answer = http.get(address, headers={"Range": f"bytes={size}-"})
    assert (answer.status_code, answer.headers["content-range"]) == (416, f"bytes */{size}")


@pytest.mark.parametrize("asked", ["bytes=0-1,4-5", "lines=1-2", "bytes=-", "bytes=b-a"])
def test_other_ranges_give_the_whole(http: httpx.Client, address: str, asked: str) -> None:
    assert http.get(address, headers={"Range": asked}).status_code == 200


def test_head_reports_the_length_and_sends_nothing(http: httpx.Client, address: str) -> None:
    answer = http.head(address)
    assert answer.content == b""
    assert int(answer.headers["content-length"]) == len(http.get(address).content)
    assert http.get(address, headers={"If-None-Match": answer.headers["etag"]}).status_code == 304


def test_files_of_requests_that_have_not_ended_are_not_there() -> None:
    with mock_service() as service, Calls(service) as calls:
        answer = calls.http.get(f"/files/{calls.submitted()}/image-1.png")
    assert answer.status_code == 404


def test_the_file_host_can_be_another_origin(http: httpx.Client) -> None:
    with (
        mock_service(polls_in_queue=0, polls_running=0, file_host=True) as service,
        Calls(service) as calls,
    ):
        address = made(calls)
        assert address.startswith(service.files_url + "/files/")
        assert service.files_url != service.url
        assert http.get(address).status_code == 200
        download = service.log[-1]
        assert (download.action, download.host) == ("download", "files")
        assert download not in service.with_token(TOKEN)
        assert http.get(service.files_url + "/v1/models").status_code == 404


def test_the_foreign_host_answers_and_notes_what_it_is_asked(
    service: MockService, http: httpx.Client
) -> None:
    answer = http.post(service.elsewhere_url + "/v1/models/x/y", headers={"X-Token": TOKEN})
    assert answer.status_code == 200
    assert [asked.action for asked in service.with_token(TOKEN)] == ["elsewhere"]
    assert service.accepted == 0
