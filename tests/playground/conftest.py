"""A browser, and pages of a playground in it that must show no error and call no other host."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import runcomfy
from runcomfy.model import registry
from runcomfy.playground import Playground, PlaygroundSettings
from support.browser import chromium
from support.small_models import load, make

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Page

__all__ = ["Opened", "choose", "register"]

_EXPECTED = ("net::ERR_", "a status of 400")
Opened = Callable[..., "Page"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    # A name that leads to this machine, as after DNS rebinding.
    with chromium("--host-resolver-rules=MAP evil.example 127.0.0.1") as one:
        yield one


@pytest.fixture
def playground(tmp_path: Path) -> Iterator[Playground]:
    with Playground(PlaygroundSettings(out=tmp_path / "out")) as one:
        yield one


@pytest.fixture
def opened(browser: Browser) -> Iterator[Opened]:
    """Opens a playground; errors in the console, and requests to others, fail the test at its end."""
    problems: list[str] = []
    pages: list[Page] = []

    def note(said: ConsoleMessage) -> None:
        # A playground that a test ended, and what the page was refused and tells, stand there as well.
        if said.type == "error" and not any(word in said.text for word in _EXPECTED):
            problems.append(said.text)

    def open_(playground: Playground, **options: Any) -> Page:
        page = browser.new_page(
            **{"viewport": {"width": 1280, "height": 900}, "color_scheme": "light", **options}
        )
        ours = (playground.origin, "data:", "blob:")
        page.set_default_timeout(15_000)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", note)
        page.on("dialog", lambda dialog: problems.append(f"dialog: {dialog.message}"))
        page.on(
            "request", lambda one: None if one.url.startswith(ours) else problems.append(one.url)
        )
        page.goto(playground.address)
        page.locator("#models button").first.wait_for()
        pages.append(page)
        return page

    yield open_
    for page in pages:
        page.close()
    assert problems == []


@pytest.fixture
def page(opened: Opened, playground: Playground) -> Page:
    return opened(playground)


def choose(page: Page, model: str) -> None:
    """Click a model of the list, and wait for its form."""
    page.get_by_role("button", name=model, exact=True).click()
    page.locator(".field").first.wait_for()


def register(folder: Path, models: dict[str, Any], package: str) -> Callable[[], None]:
    """Generate and register models, model id -> properties; what removes them again."""
    schemas = {
        model_id: {"type": "object", "properties": properties, "required": [*properties][:1]}
        for model_id, properties in models.items()
    }
    make(folder, schemas, package)
    load(folder, package)
    runcomfy.register(package)

    def remove() -> None:
        registry._registered.remove(package)
        registry._found.clear()

    return remove
