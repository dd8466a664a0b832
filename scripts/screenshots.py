"""Pictures of the playground for its guide: drawn by a real browser, over the mock, into the folder that is given.

Where there is no browser, this is said, and the pictures that are in the documentation stay as they are.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from runcomfy.playground import Playground, PlaygroundSettings

if TYPE_CHECKING:
    from playwright.sync_api import Page

_TEXT, _IMAGE = "openai/gpt-image-1-5/text-to-image", "wan-ai/wan-2-6/image-to-image"
_PROMPTS = ("a lighthouse in fog, ink on paper", "a cat with a tall green hat, watercolour")


def main(folder: Path) -> int:
    """Draw the pictures. The exit status is 0 without a browser as well."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None or find_spec("playwright") is None:
        sys.stderr.write(
            "No Chromium and Playwright: the pictures of the playground are not drawn anew.\n"
        )
        return 0
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        with Playground(PlaygroundSettings(out=Path(name) / "playground")) as playground:
            page = browser.new_page(viewport={"width": 1360, "height": 860})
            page.goto(playground.address)
            _draw(page, folder)
        browser.close()
    return 0


def _draw(page: Page, folder: Path) -> None:
    _choose(page, _TEXT)
    for number, prompt in enumerate(_PROMPTS, 1):
        page.locator("[data-name=prompt] textarea").fill(prompt)
        page.locator("#verdict", has_text="valid").wait_for()
        page.locator("#run").click()
        page.locator(f"#runs .run:nth-child({number})").wait_for()
    page.locator("#runs .run:nth-child(2) img").wait_for()
    page.locator("#runs .run:nth-child(1) img").wait_for()
    page.locator("text=low").first.click()
    page.locator("#snippet", has_text="low").wait_for()
    page.evaluate("scrollTo(0, 0)")
    page.screenshot(path=folder / "playground.png")

    page.emulate_media(color_scheme="dark")
    _choose(page, _IMAGE)
    page.locator("[data-name=prompt] textarea").fill(_PROMPTS[1])
    page.get_by_role("button", name="Add an item").click()
    page.locator("input[type=file]").set_input_files(
        {"name": "cat.png", "mimeType": "image/png", "buffer": _small_picture()}
    )
    page.locator("[data-name=image_urls] li.errors").first.wait_for()
    page.evaluate("scrollTo(0, 0)")
    page.screenshot(path=folder / "playground-errors.png")


def _choose(page: Page, model: str) -> None:
    page.get_by_role("button", name=model, exact=True).click()
    page.locator("#title", has_text=model).wait_for()


def _small_picture() -> bytes:
    import io

    from PIL import Image

    content = io.BytesIO()
    Image.linear_gradient("L").resize((320, 200)).save(content, "PNG")
    return content.getvalue()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
