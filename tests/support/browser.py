"""A real browser for tests: Debian's Chromium, driven by Playwright."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

__all__ = ["chromium"]

#: In CI the browser is installed before the tests, so its absence there is a fault.
_IN_CI = os.environ.get("CI") == "true"


@contextmanager
def chromium(*arguments: str) -> Iterator[Browser]:
    """A headless Chromium, started with these arguments. Skips the test, with the reason, where none is installed; never in CI."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        if _IN_CI:
            pytest.fail("no Chromium: scripts/system_packages.sh installs it")
        pytest.skip("needs a Chromium on PATH: sh scripts/system_packages.sh")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        # Chromium's own sandbox does not start for root, as in CI; the pages are the project's own.
        browser = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", *arguments]
        )
        try:
            yield browser
        finally:
            browser.close()
