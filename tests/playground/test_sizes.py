"""Many models, many inputs, many runs: the page draws what is looked at, and every control works by keyboard alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]  # it ships no types
from playwright.sync_api import expect

from runcomfy.journal import Journal
from runcomfy.playground import Playground, PlaygroundSettings, models
from support.journals import succeeded

from .conftest import Opened, choose, register

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.slow

ALL: dict[str, Any] = {
    "prompt": {"type": "string"},
    "title": {"type": "string", "maxLength": 40},
    "few": {"enum": ["low", "high"]},
    "many": {"enum": [f"style {n}" for n in range(12)]},
    "fast": {"type": "boolean"},
    "steps": {"type": "integer", "minimum": 1, "maximum": 50},
    "scale": {"type": "number", "minimum": 0, "maximum": 1},
    "seed": {"type": "integer", "minimum": 5, "maximum": 5},
    "image": {"type": "string", "format": "image_uri"},
    "words": {"type": "array", "items": {"type": "string"}},
    "camera": {"type": "object", "properties": {
        "zoom": {"type": "integer"},
        "path": {"type": "array", "items": {"type": "object", "properties": {"x": {"type": "integer"}}}}}},
    "free": {},
}  # fmt: skip
THIRTY = {
    f"input_{n:02}": {"type": "string", "description": "What it is for. " * 5} for n in range(30)
}


@pytest.fixture(scope="module", autouse=True)
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    remove = register(
        tmp_path_factory.mktemp("made"), {"made/all": ALL, "made/thirty": THIRTY}, "size_models"
    )
    yield
    remove()


def tab_to(page: Page, target: str) -> None:
    """Press Tab until the focus is in what the selector finds."""
    for _ in range(120):
        page.keyboard.press("Tab")
        if page.evaluate("(target) => document.activeElement.matches(target)", target):
            return
    raise AssertionError(f"the keyboard does not reach {target}")


def test_every_control_works_by_keyboard_alone(page: Page) -> None:
    page.locator("#search").focus()
    page.keyboard.type("made all")
    tab_to(page, "#models button")
    page.keyboard.press("Enter")
    page.locator("[data-name=prompt]").wait_for()
    assert page.evaluate("document.activeElement.id") == "title"  # and goes on from there
    keys = page.keyboard

    tab_to(page, "[data-name=prompt] textarea")
    keys.type("a hat")
    tab_to(page, "[data-name=prompt] .clear")
    keys.press("Enter")  # back to "not given", and into the text again
    keys.type("a cat")
    tab_to(page, "[data-name=title] input")
    keys.type("name")
    tab_to(page, "[data-name=few] input")
    keys.press("ArrowRight")
    keys.press("ArrowRight")
    tab_to(page, "[data-name=many] select")
    keys.type("style 7")
    tab_to(page, "[data-name=fast] input")
    keys.press("ArrowRight")
    tab_to(page, "[data-name=steps] input[type=range]")
    keys.press("ArrowRight")
    tab_to(page, "[data-name=scale] input[type=number]")
    keys.type("0.25")
    tab_to(page, "[data-name=seed] .die")
    keys.press("Space")
    tab_to(page, "[data-name=image] input[type=text]")
    keys.type("https://example.com/a.png")
    for word in ("one", "two", "three"):
        tab_to(page, "[data-name=words] > div > button")
        keys.press("Enter")
        keys.type(word)
    tab_to(page, "[data-name=words] li:nth-child(3) button[aria-label^='Move up']")
    keys.press("Enter")  # one, three, two
    tab_to(page, "[data-name=words] li:nth-child(3) button[aria-label^='Remove']")
    keys.press("Enter")
    tab_to(page, "[data-name=zoom] input")
    keys.type("3")
    tab_to(page, "[data-name=path] > div > button")
    keys.press("Enter")
    keys.type("4")
    tab_to(page, "[data-name=free] textarea")
    keys.type('{"a": [1]}')
    tab_to(page, "[role=tab]")
    for _ in range(3):
        keys.press("ArrowRight")
    wanted = {
        "prompt": "a cat", "title": "name", "few": "high", "many": "style 7", "fast": True, "steps": 2, "scale": 0.25, "seed": 5,
        "image": "https://example.com/a.png", "words": ["one", "three"], "camera": {"zoom": 3, "path": [{"x": 4}]}, "free": {"a": [1]},
    }  # fmt: skip
    page.wait_for_function(
        "(wanted) => { try { return JSON.stringify(JSON.parse(document.getElementById('snippet').textContent)) === wanted } catch { return false } }",
        arg=json.dumps(wanted, separators=(",", ":")),
    )


def test_every_control_has_a_name_and_no_violation(page: Page) -> None:
    choose(page, "made/all")
    for button in page.get_by_role("button", name="Add an item").all():
        button.click()
    found = Axe().run(page)
    assert found.response["violations"] == [], found.generate_report()
    unnamed = page.evaluate(
        "[...document.querySelectorAll('input, select, textarea, button')].filter((one) => one.checkVisibility() && !one.labels?.length "
        "&& !one.getAttribute('aria-label') && !one.textContent.trim()).map((one) => one.outerHTML)"
    )
    assert unnamed == []


@pytest.mark.parametrize("width", [360, 680, 1024, 1920])
def test_thirty_inputs_fit_and_the_button_stays_in_sight(
    opened: Opened, playground: Playground, width: int
) -> None:
    page = opened(playground, viewport={"width": width, "height": 800}, color_scheme="dark")
    choose(page, "made/thirty")
    expect(page.locator("#form > .fields > .field")).to_have_count(30)
    page.locator("[data-name=input_00] textarea").fill("x")
    page.locator("#verdict", has_text="valid").wait_for()
    page.locator("[data-name=input_05]").scroll_into_view_if_needed()
    expect(page.locator("#run")).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_five_thousand_models_are_searched_as_one_types(
    opened: Opened, playground: Playground, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hundred rows are drawn however many fit, so that no key waits for the list."""
    ids = [f"owner-{n % 25}/model-{n}/text-to-image" for n in range(5_000)]
    monkeypatch.setattr(models, "model_ids", lambda: ids)
    page = opened(playground)
    expect(page.locator("#count")).to_have_text("5,000 of 5,000 models; the first 100 are listed")
    page.locator("#search").focus()
    for typed, found in (("m", 100), ("odel-4", 100), ("99", 11), ("9", 1)):
        page.keyboard.type(typed)
        expect(page.locator("#models button")).to_have_count(found)
    expect(page.locator("#models button")).to_have_text("owner-24/model-4999/text-to-image")


def test_a_thousand_runs_are_shown_in_pages(opened: Opened, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    with Journal(out / "mock-journal.db") as journal:
        for number in range(1_000):
            succeeded(journal, f"key-{number}", 0.01, payload={"prompt": f"hat {number}"})
    with Playground(PlaygroundSettings(out=out)) as playground:
        page = opened(playground)
        runs = page.locator("#runs .run")
        expect(runs).to_have_count(50)
        expect(runs.first).to_contain_text("hat 999")
        page.get_by_role("button", name="Show more").click()
        expect(runs).to_have_count(100)
        page.fill("#find", "hat 77")
        expect(runs).to_have_count(11)
        page.fill("#find", "no such hat")
        page.get_by_text("No run has this text.").wait_for()
