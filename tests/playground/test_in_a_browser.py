"""The playground as people use it: a real browser, the real mock, keyboard and mouse."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]  # it ships no types
from PIL import Image
from playwright.sync_api import expect

from runcomfy.mock import MockService, small_output
from runcomfy.mock import Settings as MockSettings
from runcomfy.playground import Playground, PlaygroundSettings

from .conftest import Opened, choose

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

pytestmark = pytest.mark.slow

TOKEN = "service-token-1234567"  # noqa: S105  # it opens nothing
EDIT = "openai/gpt-image-2/edit"
SIZES = [(1280, "light"), (360, "dark"), (1920, "dark")]


@pytest.mark.parametrize(("width", "scheme"), SIZES)
def test_a_form_fits_every_width_and_has_no_violation(
    opened: Opened, playground: Playground, width: int, scheme: str
) -> None:
    page = opened(playground, viewport={"width": width, "height": 900}, color_scheme=scheme)
    choose(page, "wan-ai/wan-2-6/image-to-image")
    page.locator("[data-name=prompt] textarea").focus()
    page.get_by_role("button", name="Add an item").click()
    page.get_by_text("prompt is required").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    found = Axe().run(page)
    assert found.response["violations"] == [], found.generate_report()


def test_what_is_wrong_is_reported_at_its_input_as_one_types(page: Page) -> None:
    choose(page, EDIT)
    prompt = page.locator("[data-name=prompt]")
    prompt.locator("textarea").fill("a hat")
    prompt.locator(".clear").click()
    page.keyboard.press("Tab")
    prompt.get_by_text("prompt is required").wait_for()
    prompt.locator("textarea").fill("a hat")
    prompt.get_by_text("prompt is required").wait_for(state="detached")


def test_an_untouched_form_says_what_is_needed_and_no_error(page: Page) -> None:
    choose(page, EDIT)
    expect(page.locator("#verdict")).to_have_text("Still needed: images, prompt")
    expect(page.locator("#form li.errors")).to_have_count(0)


def test_a_run_names_every_missing_input(page: Page) -> None:
    choose(page, EDIT)
    page.locator("#verdict", has_text="Still needed").wait_for()
    page.locator("#run").click()
    page.locator("[data-name=images] li.errors", has_text="images is required").wait_for()


def test_a_run_that_has_ended_is_not_reported_as_started(page: Page) -> None:
    choose(page, "openai/gpt-image-1-5/text-to-image")
    page.locator("[data-name=prompt] textarea").fill("a hat")
    page.locator("#run").click()
    page.locator("#runs .run img").first.wait_for()
    expect(page.locator("#verdict")).not_to_contain_text("started")


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


def test_what_was_typed_survives_a_reload(page: Page) -> None:
    choose(page, EDIT)
    page.locator("[data-name=prompt] textarea").fill("a hat")
    page.get_by_text("Still needed: images").wait_for()
    page.reload()
    expect(page.locator("[data-name=prompt] textarea")).to_have_value("a hat")


def test_a_restarted_playground_finishes_what_ran(opened: Opened, tmp_path: Path) -> None:
    settings = PlaygroundSettings(out=tmp_path / "out")
    with Playground(settings) as first:
        page = opened(first)
        choose(page, "openai/gpt-image-1-5/text-to-image")
        page.locator("[data-name=prompt] textarea").fill("a hat")
        page.locator("#run").click()
        page.locator("#runs .run", has_text="in queue").wait_for()
        page.close()
    with Playground(settings) as second:
        page = opened(second)
        page.locator("#runs .run img").wait_for()
        expect(page.locator("#runs .run")).to_contain_text("succeeded")


def test_a_run_whose_answer_was_lost_is_not_sent_twice(page: Page) -> None:
    choose(page, "openai/gpt-image-1-5/text-to-image")
    page.locator("[data-name=prompt] textarea").fill("a hat")
    page.locator("#verdict", has_text="valid").wait_for()

    def lose(route: Route) -> None:
        if route.request.method != "POST":
            route.fallback()
            return
        route.fetch()  # it arrives, and the page never hears of it
        route.abort()

    page.route("**/api/runs", lose)
    page.evaluate("console.error = () => {}")
    page.locator("#run").click()
    page.locator("#verdict", has_text="is not responding").wait_for()
    page.unroute("**/api/runs")
    page.locator("#run").click()
    page.locator("#verdict", has_text="started").wait_for()
    page.locator("#runs .run img").first.wait_for()
    expect(page.locator("#runs .run")).to_have_count(1)


def test_the_code_can_be_copied_in_each_form(page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    choose(page, "openai/gpt-image-1-5/text-to-image")
    page.locator("[data-name=prompt] textarea").fill("a hat")
    for form, word in (("curl", "curl"), ("Command line", "runcomfy-py"), ("JSON", '"a hat"')):
        page.get_by_role("tab", name=form).click()
        expect(page.locator("#snippet")).to_contain_text("a hat")
        page.locator("#copy").click()
        page.get_by_text("Copied").wait_for()
        assert word in page.evaluate("navigator.clipboard.readText()")
        page.get_by_role("button", name="Copy", exact=True).wait_for()


@pytest.fixture
def service() -> Iterator[MockService]:
    """What a live playground takes for the service."""
    with MockService(MockSettings(make_output=small_output)) as one:
        yield one


def live(service: MockService, tmp_path: Path, **more: Any) -> Playground:
    journal = tmp_path / "journal.db"
    return Playground(
        PlaygroundSettings(
            live=True, base_url=service.url, token=TOKEN, journal=journal, out=tmp_path, **more
        )
    )


def test_a_live_run_is_confirmed_with_its_price(
    opened: Opened, service: MockService, tmp_path: Path
) -> None:
    with live(service, tmp_path) as playground:
        page = opened(playground)
        expect(page.locator("#where")).to_contain_text("billed")
        choose(page, "openai/gpt-image-1-5/text-to-image")
        page.locator("[data-name=prompt] textarea").fill("a hat")
        expect(page.locator("#price")).to_contain_text("About $0.04")
        page.locator("#run").click()
        page.locator("#verdict", has_text="Confirm it first").wait_for()
        assert service.accepted == 0
        page.get_by_label("Run it and pay about $0.04").check()
        page.locator("#run").click()
        page.locator("#runs .run img").wait_for()
        expect(page.locator("#confirm")).not_to_be_checked()  # the next one is asked for again
        assert TOKEN not in page.content()
    assert service.accepted == 1


def test_a_live_run_within_the_budget_needs_no_confirmation(
    opened: Opened, service: MockService, tmp_path: Path
) -> None:
    with live(service, tmp_path, budget=0.05) as playground:
        page = opened(playground)
        choose(page, "openai/gpt-image-1-5/text-to-image")
        page.locator("[data-name=prompt] textarea").fill("a hat")
        page.locator("#verdict", has_text="valid").wait_for()
        expect(page.locator("#consent")).to_be_hidden()
        page.locator("#run").click()
        page.locator("#runs .run img").wait_for()
        expect(page.locator("#where")).to_contain_text("$0.04 of $0.05")
        page.locator("#run").click()
        page.locator("#verdict", has_text="budget").wait_for()
    assert service.accepted == 1


PICTURES = """async (count) => {
    const data = new DataTransfer();
    for (let number = 0; number < count; number += 1) {
        const canvas = Object.assign(document.createElement("canvas"), {width: 400 + number, height: 400});
        canvas.getContext("2d").fillRect(0, 0, 50, 50);
        const blob = await new Promise((give) => canvas.toBlob(give));
        data.items.add(new File([blob], `picture-${number}.png`, {type: "image/png"}));
    }
    return data;
}"""


def test_images_that_are_dropped_beside_the_items_become_items(page: Page) -> None:
    choose(page, "wan-ai/wan-2-6/image-to-image")
    field = page.locator("[data-name=image_urls]")
    data = page.evaluate_handle(PICTURES, 5)
    field.get_by_role("group").first.dispatch_event("drop", {"dataTransfer": data})
    expect(field.locator("li img")).to_have_count(3)  # as many as there may be
    expect(field.locator("li").first).to_contain_text("picture-0.png")
    expect(field.locator("li").first).to_contain_text("400 × 400 pixels")


def test_an_image_is_pasted_into_its_input(page: Page) -> None:
    choose(page, "wan-ai/wan-2-6/image-to-image")
    field = page.locator("[data-name=image_urls]")
    field.get_by_role("button", name="Add an item").click()
    data = page.evaluate_handle(PICTURES, 1)
    paste = (
        "(field, data) => field.dispatchEvent(new ClipboardEvent('paste', {clipboardData: data}))"
    )
    field.locator("input[type=text]").evaluate(paste, data)
    field.get_by_text("400 × 400 pixels").wait_for()
    field.get_by_role("button", name="Remove the file").click()
    expect(field.locator("img")).to_have_count(0)


def test_items_are_put_in_another_order(page: Page) -> None:
    choose(page, "wan-ai/wan-2-6/image-to-image")
    field = page.locator("[data-name=image_urls]")
    page.get_by_role("tab", name="JSON").click()
    for name in "ab":
        field.get_by_role("button", name="Add an item").click()
        field.locator("li:last-child input[type=text]").fill(f"https://example.com/{name}.png")
    field.get_by_role("button", name="Move down: image_urls, item 1").click()
    expect(field.locator("li:first-child input[type=text]")).to_have_value(
        "https://example.com/b.png"
    )
    expect(page.locator("#snippet")).to_have_text(re.compile(r"b\.png[^}]*a\.png"))
