"""The playground as people use it: a real browser, the real mock, keyboard and mouse."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]  # it ships no types
from PIL import Image
from playwright.sync_api import expect

from runcomfy.playground import Playground, Settings
from support.browser import chromium

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.slow

EDIT = "openai/gpt-image-2/edit"
SIZES = [(1280, "light"), (360, "dark"), (1920, "dark")]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as one:
        yield one


@pytest.fixture
def playground(tmp_path: Path) -> Iterator[Playground]:
    with Playground(Settings(out=tmp_path / "out")) as one:
        yield one


def opened(
    browser: Browser, playground: Playground, width: int = 1280, scheme: str = "light"
) -> Page:
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)  # type: ignore[arg-type]  # light or dark
    page.set_default_timeout(10_000)
    page.goto(playground.address)
    page.locator("#models button").first.wait_for()
    return page


@pytest.fixture
def page(browser: Browser, playground: Playground) -> Iterator[Page]:
    page = opened(browser, playground)
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda said: problems.append(said.text) if said.type == "error" else None)
    page.on(
        "request",
        lambda one: (
            None
            if one.url.startswith((playground.origin, "data:", "blob:"))
            else problems.append(one.url)
        ),
    )
    yield page
    assert problems == []
    page.close()


def choose(page: Page, model: str) -> None:
    page.get_by_role("button", name=model, exact=True).click()
    page.locator(".field").first.wait_for()


@pytest.mark.parametrize(("width", "scheme"), SIZES)
def test_a_form_fits_every_width_and_has_no_violation(
    browser: Browser, playground: Playground, width: int, scheme: str
) -> None:
    page = opened(browser, playground, width, scheme)
    choose(page, "wan-ai/wan-2-6/image-to-image")
    page.get_by_role("button", name="Add an item").click()
    page.get_by_text("invalid").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    found = Axe().run(page)
    assert found.response["violations"] == [], found.generate_report()
    page.close()


def test_what_is_wrong_is_told_at_its_input_as_one_types(page: Page) -> None:
    choose(page, EDIT)
    prompt = page.locator("[data-name=prompt]")
    prompt.get_by_text("prompt is required").wait_for()
    prompt.locator("textarea").fill("a hat")
    prompt.get_by_text("prompt is required").wait_for(state="detached")


def test_demo_values_are_shown_and_never_sent(page: Page) -> None:
    choose(page, EDIT)
    page.get_by_role("tab", name="JSON").click()
    assert page.locator("[data-name=prompt] textarea").get_attribute("placeholder")
    expect(page.locator("#snippet")).to_have_text("{}")


def test_an_empty_text_and_no_text_are_two_things(page: Page) -> None:
    choose(page, EDIT)
    page.get_by_role("tab", name="JSON").click()
    field = page.locator("[data-name=prompt] textarea")
    field.fill("x")
    field.fill("")
    expect(page.locator("#snippet")).to_contain_text("prompt")
    page.locator("[data-name=prompt] .clear").click()
    expect(page.locator("#snippet")).not_to_contain_text("prompt")


def test_a_dropped_file_is_shown_and_held_against_its_rules(page: Page, tmp_path: Path) -> None:
    small = tmp_path / "small.png"
    Image.new("RGB", (20, 20), "teal").save(small)
    choose(page, "wan-ai/wan-2-6/image-to-image")
    field = page.locator("[data-name=image_urls]")
    field.get_by_role("button", name="Add an item").click()
    with page.expect_file_chooser() as chooser:
        field.get_by_role("button", name="Choose a file").click()
    chooser.value.set_files(small)
    field.get_by_text("20 × 20 pixels").wait_for()
    field.get_by_text("384").first.wait_for()
    field.locator("li.errors").first.wait_for()


def test_a_wrong_file_that_is_dropped_is_an_error(page: Page) -> None:
    choose(page, "wan-ai/wan-2-6/image-to-image")
    field = page.locator("[data-name=image_urls]")
    field.get_by_role("button", name="Add an item").click()
    data = page.evaluate_handle(
        """() => { const data = new DataTransfer();
        data.items.add(new File(["<html>not an image</html>"], "cat.png", {type: "image/png"})); return data; }"""
    )
    field.locator(".drop").dispatch_event("drop", {"dataTransfer": data})
    field.locator("li.errors, li.unchecked, li.warnings").first.wait_for()


def test_a_run_by_keyboard_alone_ends_with_its_image(page: Page) -> None:
    page.locator("#search").focus()
    page.keyboard.type("text-to-image")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.locator(".field").first.wait_for()
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.closest('[data-name=prompt]') !== null"):
            break
    page.keyboard.type("a cat with a hat")
    page.get_by_text("valid", exact=False).first.wait_for()
    for _ in range(120):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "run":
            break
    page.keyboard.press("Enter")
    run = page.locator("#runs .run").first
    run.locator("img").wait_for()
    assert "succeeded" in run.inner_text()
    run.get_by_role("button", name="Use these inputs again").click()
    page.wait_for_function(
        "document.querySelector('[data-name=prompt] textarea').value === 'a cat with a hat'"
    )


def test_a_reload_in_the_middle_loses_no_run(page: Page, playground: Playground) -> None:
    choose(page, "openai/gpt-image-1-5/text-to-image")
    page.locator("[data-name=prompt] textarea").fill("a hat")
    page.locator("#run").click()
    page.locator("#runs .run").first.wait_for()
    page.goto(playground.origin + "/")
    page.locator("#runs .run img").first.wait_for()


def test_a_queued_run_can_be_cancelled(page: Page) -> None:
    choose(page, "openai/gpt-image-1-5/text-to-image")
    page.locator("[data-name=prompt] textarea").fill("a hat")
    page.locator("#run").click()
    page.locator("#runs").get_by_role("button", name="Cancel").first.click()
    page.locator("#runs").get_by_text("cancelled").first.wait_for()


def test_models_are_found_by_words_of_their_ids(page: Page) -> None:
    page.fill("#search", "gpt edit")
    assert page.locator("#models button").all_inner_texts() == [EDIT]
