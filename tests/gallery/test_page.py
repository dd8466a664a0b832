"""The gallery: one file that shows everything, loads nothing from outside and runs no external text."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from runcomfy.gallery import GalleryFile, GalleryItem, write_gallery

HOSTILE = '</script><script>alert(1)</script>"><img src=x onerror=alert(1)>{{ 7*7 }}\u202e'


def made(folder: Path, name: str = "a.png", size: tuple[int, int] = (640, 480)) -> GalleryFile:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, "teal").save(path)
    return GalleryFile(path, "image")


def page_of(folder: Path, *items: GalleryItem) -> str:
    return write_gallery(items, folder / "gallery.html").read_text(encoding="utf-8")


def test_files_are_linked_relative_to_the_page(tmp_path: Path) -> None:
    file = made(tmp_path, "files/a #1 50%.png")
    page = page_of(tmp_path, GalleryItem("k", "acme/cat", "succeeded", {}, (file,)))
    assert 'href="files/a%20%231%2050%25.png"' in page


def test_the_thumbnail_lies_inside_the_page_and_is_small(tmp_path: Path) -> None:
    page = page_of(
        tmp_path,
        GalleryItem("k", "acme/cat", "succeeded", {}, (made(tmp_path, size=(4000, 3000)),)),
    )
    [uri] = re.findall(r'src="(data:image/webp;base64,[^"]+)"', page)
    assert len(uri) < 20_000


def test_a_file_that_is_no_image_is_shown_by_its_link(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n broken")
    file = GalleryFile(tmp_path / "a.png", "image")
    assert 'src="a.png"' in page_of(tmp_path, GalleryItem("k", "m/m", "succeeded", {}, (file,)))


def test_a_gallery_without_requests_says_so(tmp_path: Path) -> None:
    assert '<p id="nothing">The journal has no requests yet.</p>' in page_of(tmp_path)


def test_a_file_that_is_gone_is_named(tmp_path: Path) -> None:
    file = GalleryFile(tmp_path / "gone.png", "image")
    page = page_of(tmp_path, GalleryItem("k", "m/m", "succeeded", {}, (file,)))
    assert '<p class="none">gone.png is missing</p>' in page
    assert "<img" not in page


@pytest.mark.parametrize("field", ["key", "model_id", "state", "error", "request_id", "created"])
def test_a_text_of_others_stays_a_text(tmp_path: Path, field: str) -> None:
    hostile: dict[str, Any] = {field: HOSTILE}
    item = replace(GalleryItem("k", "m/m", "failed"), **hostile)
    page = page_of(tmp_path, item)
    assert page.count("<script>") == 1
    assert "<img src=x" not in page


def test_inputs_of_others_stay_texts(tmp_path: Path) -> None:
    item = GalleryItem("k", "m/m", "succeeded", {"prompt": HOSTILE, HOSTILE: [HOSTILE]})
    page = page_of(tmp_path, item)
    assert page.count("<script>") == 1
    assert "\u202e" not in page


def test_the_prompt_is_the_longest_text_where_no_input_has_its_name() -> None:
    item = GalleryItem("k", "m/m", "succeeded", {"tags": "jazz", "lyrics": "la la\nla", "seed": 7})
    assert (item.prompt, item.details) == ("la la\nla", [("tags", "jazz"), ("seed", "7")])


def test_a_page_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    (tmp_path / "gallery.html").mkdir()
    with pytest.raises(OSError, match=r"gallery\.html"):
        write_gallery([], tmp_path / "gallery.html")
    assert [path.name for path in tmp_path.iterdir()] == ["gallery.html"]
