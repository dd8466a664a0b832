"""Hostile texts of models, file names and other pages: shown as text, refused, never run."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from runcomfy.journal import Journal
from runcomfy.playground import Playground, PlaygroundSettings
from support.corpus import TEXTS
from support.journals import ACCOUNT, submitted, succeeded

from .conftest import Opened, choose, register

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.slow

MARKUP = "</textarea></script><script>window.pwned=1</script><img src=x onerror=window.pwned=2><svg onload=window.pwned=3>"
BAD = {**TEXTS, "markup": MARKUP, "template": "{{7*7}}${7*7}", "url": "javascript:window.pwned=4"}


def properties(text: str) -> dict[str, Any]:
    """Every kind of input, and the text wherever a schema has one."""
    said = {"title": text, "description": text}
    return {
        "prompt": {"type": "string", "default": text, "pattern": text[:50], **said},
        "few": {"enum": [text, f"{text}2"], "default": text, **said},
        "many": {"enum": [f"{text}{n}" for n in range(9)], "default": text, **said},
        "image": {"type": "string", "format": "image_uri", "default": text, **said},
        "number": {"type": "number", "default": text, "minimum": 0, "maximum": 9, **said},
        "list": {"type": "array", "items": {"type": "string", **said}, "default": [text], **said},
        "object": {"type": "object", "properties": {"inner": {"type": "string", **said}}, **said},
        "free": {"default": {text: text}, **said},
    }


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """Ids of models with a bad text all over."""
    made = {
        f"bad/{name.replace('_', '-')}": properties(text)
        for name, text in BAD.items()
        if text.strip()
    }
    remove = register(tmp_path_factory.mktemp("bad"), made, "bad_models")
    yield [*made]
    remove()


def assert_unharmed(page: Page) -> None:
    assert page.evaluate("window.pwned") is None
    outside = "script:not([src^='/static/']), iframe, object, embed, svg, [onerror], [onload], a[href^='javascript']"
    assert page.locator(outside).count() == 0


def test_texts_of_models_stay_texts(
    opened: Opened, playground: Playground, models: list[str]
) -> None:
    page = opened(playground)
    page.fill("#search", "bad/")
    for model in models:
        choose(page, model)
        page.locator("#title", has_text=model).wait_for()
        page.locator("[data-name=prompt] textarea").fill(MARKUP)
        page.locator("[data-name=list]").get_by_role("button", name="Add an item").click()
        page.locator("[data-name=list] li textarea").fill(MARKUP)
        page.locator("#snippet", has_text="window.pwned").wait_for()
        assert_unharmed(page)


def test_outputs_stay_files_whatever_they_are_called(opened: Opened, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    svg = b"<svg xmlns='http://www.w3.org/2000/svg' onload='window.pwned=5'><script>window.pwned=6</script></svg>"
    names = [
        "<img src=x onerror=window.pwned=7>.png",
        "a.svg",
        "b.html",
        "c.png",
        '"onclick="x',
    ]
    with Journal(out / "mock-journal.db") as journal:
        saved = []
        for name in names:
            (out / name).write_bytes(svg)
            saved.append((f"https://x.example/{name}", "image", out / name))
        succeeded(journal, "bad", 0.1, payload={"prompt": MARKUP, MARKUP: MARKUP})
        journal.record_files(ACCOUNT, "r-bad", saved)
        submitted(journal, MARKUP, "request-2", payload={"prompt": MARKUP})
    with Playground(PlaygroundSettings(out=out)) as playground:
        page = opened(playground)
        page.locator("#runs .run").first.wait_for()
        for summary in page.locator("#runs summary").all():
            summary.click()
        for name in names:  # what no browser draws is a link with its name
            page.locator("#runs .media a", has_text=name).wait_for()
        assert_unharmed(page)
        origin = playground.origin
        for number in range(len(names)):
            answer = page.request.get(f"{origin}/api/runs/bad/files/{number}")
            assert answer.headers["content-type"] == "application/octet-stream"
            assert answer.headers["content-disposition"].startswith("attachment")


class Other(BaseHTTPRequestHandler):
    """A page of somebody else, which tries to run something on the playground."""

    def __init__(self, target: str, *arguments: Any) -> None:
        self.target = target
        super().__init__(*arguments)

    def do_GET(self) -> None:
        body = f"""<!doctype html><title>other</title><form method=post enctype=text/plain action="{self.target}/api/runs">
        <input name='{{"model_id":"openai/gpt-image-1-5/text-to-image","payload":{{"prompt":"x"}},"a":"' value='"}}'></form>
        <img src="{self.target}/api/state"><script>
        const body = JSON.stringify({{model_id: "openai/gpt-image-1-5/text-to-image", payload: {{prompt: "x"}}, key: "playground-00112233445566778899"}});
        const tries = [
          fetch("{self.target}/api/runs", {{method: "POST", body, credentials: "include", mode: "no-cors"}}),
          fetch("{self.target}/api/runs", {{method: "POST", body, credentials: "include", headers: {{"X-Playground": "1"}}}}),
          fetch("{self.target}/api/runs", {{credentials: "include"}}).then((answer) => answer.text()),
        ];
        Promise.allSettled(tries).then((all) => {{ window.results = all.map((one) => one.status + ":" + (one.value?.type ?? "")); }});
        </script>""".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # its base's name
        """Say nothing."""


@pytest.fixture
def other(playground: Playground) -> Iterator[str]:
    """The address of another web page on this machine."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Other, playground.origin))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_another_web_page_runs_nothing(opened: Opened, playground: Playground, other: str) -> None:
    ours = opened(playground)
    page = ours.context.browser.new_context(storage_state=ours.context.storage_state()).new_page()  # type: ignore[union-attr]  # with the cookie
    page.goto(other)
    page.wait_for_function("window.results")
    assert [one.split(":")[0] for one in page.evaluate("window.results")][1:] == ["rejected"] * 2
    page.evaluate("document.forms[0].submit()")
    page.get_by_text("refused").wait_for()
    page.close()
    ours.reload()
    ours.get_by_text("Nothing was run yet.").wait_for()


def test_a_rebound_name_gets_nothing(browser: Browser, playground: Playground) -> None:
    """``evil.example`` leads to this machine, as after DNS rebinding: the Host tells."""
    port = playground.origin.rpartition(":")[2]
    page = browser.new_page()
    token = playground.address.partition("?")[2]
    answer = page.goto(f"http://evil.example:{port}/?{token}")
    assert answer is not None
    assert answer.status == 403
    assert page.context.cookies() == []
    headers = "{headers: {'X-Playground': '1'}}"
    refused = page.evaluate(f"fetch('/api/runs', {headers}).then((answer) => answer.status)")
    assert refused == 403
    page.goto(playground.address)  # the token was not used up by it
    page.locator("#models button").first.wait_for()
    page.close()
