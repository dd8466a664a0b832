"""``add URL``: pages behind URLs, within the limits of the public internet, of size and of robots.txt."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from runcomfy_codegen.ingest import sources
from support.codegen import Ran
from support.file_server import Asked, FileServer, Piece, serve
from support.generate import tree
from support.ingest import ENGLISH, PAGE_IDS, add, page


def answer(body: bytes, status: str = "200 OK", head: str = "") -> list[Piece]:
    return [f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{head}\r\n".encode() + body]


class Site:
    """A web site on this machine: paths and what they answer; everything else is not found."""

    def __init__(self, server: FileServer, folder: Path) -> None:
        self.server = server
        self.schemas = folder / "schemas"
        self.pages: dict[str, list[Piece]] = {}

    def add(self, *paths: str, arguments: tuple[str, ...] = ()) -> Ran:
        for path in {"/robots.txt", *(path.partition("?")[0] for path in paths)}:
            self.server.routes[path] = self._answer
        urls = [f"http://{self.server.place}{path}" for path in paths]
        allow = ("--allow-host", self.server.place)
        return add(*urls, "--schemas", self.schemas, *allow, *arguments)

    def _answer(self, asked: Asked) -> list[Piece]:
        return self.pages.get(asked.path.partition("?")[0], answer(b"", "404 Not Found"))


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with serve() as server:
        yield Site(server, tmp_path)


def test_a_page_is_fetched_and_stored_like_a_saved_one(site: Site, tmp_path: Path) -> None:
    site.pages["/docs/page"] = answer(ENGLISH.read_bytes())
    ran = site.add("/docs/page?session=secret")
    assert ran.status == 0, ran.err
    add(ENGLISH, "--schemas", tmp_path / "saved")
    stored, saved = tree(site.schemas), tree(tmp_path / "saved")
    record = f"{PAGE_IDS[ENGLISH]}/source.json"
    assert json.loads(stored.pop(record))["document"] == f"http://{site.server.place}/docs/page"
    del saved[record]
    assert stored == saved


def test_redirects_are_followed(site: Site) -> None:
    site.pages["/old"] = answer(b"", "302 Found", "Location: /docs/page\r\n")
    site.pages["/docs/page"] = answer(page().encode())
    site.server.routes["/docs/page"] = site._answer
    assert site.add("/old").status == 0


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/missing", "404 Not Found", "the server returned 404"),
        ("/broken", "500 Oops", "the server returned 500"),
    ],
)
def test_what_is_no_page_is_reported(site: Site, path: str, status: str, words: str) -> None:
    site.pages[path] = answer(b"", status)
    ran = site.add(path)
    assert ran.status == 65
    assert f"cannot be fetched: {words}" in ran.err
    assert "save the page" in ran.err
    assert not site.schemas.exists()


def test_robots_are_asked_once_and_obeyed(site: Site) -> None:
    site.pages["/robots.txt"] = answer(b"User-agent: *\nDisallow: /private\n")
    site.pages["/private/page"] = answer(page().encode())
    site.pages["/docs/page"] = answer(page("owner/other").encode())
    ran = site.add("/private/page", "/docs/page", arguments=("--keep-going",))
    assert ran.status == 65
    assert "its robots.txt disallows automated access" in ran.err
    assert [one.path for one in site.server.asked] == ["/robots.txt", "/docs/page"]
    assert next(iter(tree(site.schemas))).startswith("owner/other/")


@pytest.mark.parametrize(
    ("status", "words"),
    [("403 Forbidden", "disallows automated access"), ("503 Busy", "robots.txt cannot be read")],
)
def test_robots_that_cannot_be_read_are_no_permission(site: Site, status: str, words: str) -> None:
    site.pages["/robots.txt"] = answer(b"", status)
    site.pages["/docs/page"] = answer(page().encode())
    ran = site.add("/docs/page")
    assert (ran.status, words in ran.err) == (65, True)


def test_a_page_beyond_the_cap_is_not_read_to_its_end(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runcomfy_codegen.ingest.command.MAX_BYTES", 1024 * 1024)
    site.pages["/large"] = answer(b" " * 30 * 1024 * 1024)
    ran = site.add("/large")
    assert (ran.status, "it is larger than 1 MB" in ran.err) == (65, True)
    assert sources.MAX_BYTES == 32 * 1024 * 1024


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8009/",
        "http://169.254.169.254/latest",
        "http://localhost:8009/",
        "http://[::1]:8009/",
    ],
)
def test_only_the_public_internet_is_reached(url: str, tmp_path: Path) -> None:
    ran = add(url, "--schemas", tmp_path / "schemas")
    assert ran.status == 65
    assert (
        "only hosts on the public internet are inspected; --allow-host HOST:PORT adds exceptions"
        in ran.err
    )


def test_a_host_that_is_none_is_misuse(tmp_path: Path) -> None:
    assert add("http://x.example", "--allow-host", "nonsense", "--schemas", tmp_path).status == 64


def test_sources_stand_in_a_list(tmp_path: Path) -> None:
    pages = tmp_path / "list.txt"
    pages.write_text(f"# the pages\n\n{ENGLISH}\n")
    assert add("--from-list", pages, "--schemas", tmp_path / "schemas").status == 0
    assert (tmp_path / "schemas" / PAGE_IDS[ENGLISH]).is_dir()
    pages.write_text("# none\n")
    assert add("--from-list", pages, "--schemas", tmp_path / "schemas").status == 64


def test_good_pages_are_stored_past_bad_ones_when_asked(tmp_path: Path) -> None:
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages/bad.txt").write_text(page()[:-60])
    (tmp_path / "pages/good.txt").write_text(page("owner/good"))
    ran = add(tmp_path / "pages", "--schemas", tmp_path / "schemas", "--keep-going")
    assert ran.status == 65
    assert "bad.txt" in ran.err
    assert "Nothing was written" not in ran.err
    assert (tmp_path / "schemas/owner/good/input.json").exists()


def test_a_web_archive_is_a_page(tmp_path: Path) -> None:
    html = "<html><body><pre>" + page().replace("<", "&lt;") + "</pre></body></html>"
    quoted = html.replace("=", "=3D").replace("\n", "=0A=\r\n")
    archive = tmp_path / "page.mhtml"
    archive.write_bytes(
        b"From: <Saved by Blink>\r\nMIME-Version: 1.0\r\n"
        b'Content-Type: multipart/related; type="text/html"; boundary="B"\r\n\r\n'
        b"--B\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
        + quoted.encode()
        + b"\r\n--B\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\nAAAA\r\n--B--\r\n"
    )
    ran = add(archive, "--schemas", tmp_path / "schemas")
    assert ran.status == 0, ran.err
    assert (tmp_path / "schemas/owner/model/output.json").exists()


def test_a_web_archive_without_a_page_is_reported(tmp_path: Path) -> None:
    (tmp_path / "page.mht").write_bytes(b"MIME-Version: 1.0\r\nContent-Type: image/png\r\n\r\nx")
    ran = add(tmp_path / "page.mht", "--schemas", tmp_path / "schemas")
    assert (ran.status, "this web archive contains no HTML page" in ran.err) == (65, True)
