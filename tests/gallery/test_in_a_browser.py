"""The gallery as people use it: in a real browser, from a file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from runcomfy.gallery import GalleryFile, GalleryItem, write_gallery
from support.browser import chromium

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.slow

ROWS = 1_000


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as one:
        yield one


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A gallery of 1,000 rows; every tenth failed, and costs rise with the number."""
    folder = tmp_path_factory.mktemp("gallery")
    image = folder / "hat.png"
    Image.new("RGB", (64, 64), "teal").save(image)
    items = [
        GalleryItem(
            f"row-{number}",
            "acme/cat",
            "failed" if number % 10 == 0 else "succeeded",
            {"prompt": f"hat number {number} <img src=x onerror=document.title='hit'>"},
            () if number % 10 == 0 else (GalleryFile(image, "image"),),
            number / 1000,
            float(ROWS - number),
        )
        for number in range(ROWS)
    ]
    return write_gallery(items, folder / "gallery.html", title="Hats").as_uri()


@pytest.fixture(params=[(1280, "light"), (360, "dark")], ids=["wide light", "narrow dark"])
def page(request: pytest.FixtureRequest, browser: Browser, address: str) -> Iterator[Page]:
    width, scheme = request.param
    page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda one: asked.append(one.url))
    page.on("console", lambda one: said.append(one.text))
    page.on("pageerror", lambda one: said.append(str(one)))
    page.goto(address)
    yield page
    assert said == []
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    page.close()


def test_the_page_fits_and_runs_no_text_of_a_prompt(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.title() == "Hats"
    assert page.locator("article").count() == ROWS


def test_text_and_state_filter_the_rows(page: Page) -> None:
    page.fill("#text", "number 99")
    page.select_option("#state", "failed")
    keys = page.locator("article:visible h2").all_inner_texts()
    assert keys == ["row-990"]
    assert page.inner_text("#summary").startswith("1 of 1000 requests")


def test_rows_sort_by_cost_and_time(page: Page) -> None:
    page.select_option("#sort", "-cost")
    assert page.locator("article h2").first.inner_text() == "row-999"
    page.select_option("#sort", "-seconds")
    assert page.locator("article h2").first.inner_text() == "row-0"


def test_the_keyboard_is_enough(page: Page) -> None:
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    focused = "document.activeElement.querySelector('h2').textContent"
    assert page.evaluate(focused) == "row-0"
    page.keyboard.press("/")
    page.keyboard.type("number 77")
    assert "of 1000" in page.inner_text("#summary")
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    assert page.evaluate(focused) == "row-77"
