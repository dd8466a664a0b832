"""Files that were read or saved are embedded in the notebook; all others are links to allowed hosts."""

from __future__ import annotations

import copy
import os
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest

import runcomfy.notebook.live
from runcomfy import Client, Job, Output, Result
from runcomfy.client.fetched_files import Fetched
from runcomfy.mock import MockService, Settings, small_output
from runcomfy.notebook.embedding import EMBEDDED_BYTES
from runcomfy_models.openai import GptImage1_5TextToImage
from support.html_page import HOSTILE, Page

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 100
REQUEST = GptImage1_5TextToImage(prompt="a hat")


@pytest.fixture
def client() -> Iterator[Client]:
    settings = Settings(make_output=small_output, polls_in_queue=1, polls_running=1)
    with MockService(settings) as service, service.client() as one:
        yield one


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    import IPython  # noqa: F401  # a kernel has imported it

    monkeypatch.setattr(runcomfy.notebook.live, "in_kernel", lambda: True)


def sources(shown: object) -> list[str]:
    html: str = shown._repr_html_()  # type: ignore[attr-defined]  # a result, an outcome or a job
    return [str(one["src"]) for one in Page(html).all("img")]


def data_result(url: str) -> Result[Output]:
    return Result("req-1", Output.from_payload({}), {"output": {"image": url}})


def uri(content: bytes, media_type: str = "image/png") -> str:
    return f"data:{media_type};base64,{b64encode(content).decode()}"


def test_a_file_that_was_not_fetched_is_shown_from_the_service(client: Client) -> None:
    result = client.run(REQUEST)
    assert sources(result) == [result.files[0].url]


def test_a_saved_image_is_embedded(client: Client, tmp_path: Path) -> None:
    result = client.run(REQUEST)
    [path] = result.save(tmp_path)
    [source] = sources(result)
    assert source.startswith("data:image/")
    assert source.endswith(b64encode(path.read_bytes()).decode())


def test_a_saved_file_that_changed_or_went_is_not_embedded(client: Client, tmp_path: Path) -> None:
    result = client.run(REQUEST)
    path = result.files[0].save(tmp_path / "hat.png")
    path.write_bytes(PNG)
    os.utime(path, ns=(1, 1))
    assert sources(result) == [result.files[0].url]
    path.unlink()
    assert sources(result) == [result.files[0].url]


def test_an_image_that_was_read_in_a_kernel_is_embedded(client: Client, kernel: None) -> None:
    result = client.run(REQUEST)
    content = result.files[0].read()
    assert sources(result)[0].endswith(b64encode(content).decode())


def test_outside_of_a_kernel_nothing_that_was_read_is_kept(client: Client) -> None:
    result = client.run(REQUEST)
    result.files[0].read()
    assert sources(result) == [result.files[0].url]


def test_contents_are_not_copied_or_pickled(kernel: None) -> None:
    fetched = Fetched()
    fetched.read("https://x.runcomfy.net/a.png", PNG)
    assert fetched.content("https://x.runcomfy.net/a.png") == PNG
    assert copy.copy(fetched).content("https://x.runcomfy.net/a.png") is None


def test_a_data_uri_is_shown(tmp_path: Path) -> None:
    assert sources(data_result(uri(PNG))) == [uri(PNG)]


def test_a_data_uri_of_more_than_five_megabytes_is_not_embedded() -> None:
    result = data_result(uri(PNG + b"\x00" * EMBEDDED_BYTES))
    assert sources(result) == []
    assert len(result._repr_html_()) < 2_000


@pytest.mark.parametrize(
    "content", [b"<svg onload='alert(1)'/>", b"<html><script>alert(1)</script>", b"x"]
)
def test_a_data_uri_that_is_no_image_is_not_embedded(content: bytes) -> None:
    shown = Page(data_result(uri(content))._repr_html_())
    assert {tag for tag, _ in shown.elements} <= {"div", "table", "tr", "th", "td"}


def test_a_job_reports_its_last_status_and_the_line_to_continue(client: Client) -> None:
    job = client.submit(REQUEST)
    assert "not requested yet" in job._repr_html_()
    status = job.status()
    assert status.state in job._repr_html_()
    job.wait()
    shown = Page(job._repr_html_()).text
    assert "completed" in shown
    assert f'client.job("{job.request_id}", "{job.model_id}").wait()' in shown


def test_the_events_of_a_job_are_noted(client: Client) -> None:
    job: Job[Output] = client.submit(REQUEST)
    for status in job.events():
        assert status.state in job._repr_html_()


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_no_status_becomes_markup(text: str) -> None:
    from runcomfy import Status
    from runcomfy.client.html import job_html

    shown = Page(job_html("req-1", text, Status(text)))
    assert {tag for tag, _ in shown.elements} <= {"div", "table", "tr", "th", "td", "code"}
