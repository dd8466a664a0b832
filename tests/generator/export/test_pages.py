"""``runcomfy-codegen docs``: the pages of models, and the site that is built from them."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from importlib import import_module
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from support.codegen import codegen
from support.corpus import TEXTS, anywhere
from support.generate import tree
from support.local_server import running
from support.small_models import store

ROOT = Path(__file__).parents[3]


def pages(schemas: Path, out: Path) -> dict[str, str]:
    ran = codegen("docs", "--schemas", schemas, "--out", out, "--package", "my_models")
    assert ran.status == 0, ran.err
    return {path: data.decode() for path, data in tree(out).items() if not path.startswith(".")}


def test_every_model_has_a_page_and_a_line_in_the_index(tmp_path: Path) -> None:
    made = pages(ROOT / "schemas", tmp_path)
    assert sorted(made) == [
        "index.md",
        "models.js",
        "models.json",
        "openai/gpt_image_1_5_image_to_image.md",
        "openai/gpt_image_1_5_text_to_image.md",
        "openai/gpt_image_2_edit.md",
        "wan_ai/wan_2_6_image_to_image.md",
    ]
    index = json.loads(made["models.json"])
    assert [one["page"] for one in index] == [
        f"{path.removesuffix('.md')}/" for path in sorted(made) if "/" in path
    ]
    assert all(f'href="{one["page"]}">{one["id"]}<' in made["index.md"] for one in index)


def test_a_page_reports_inputs_limits_rules_price_and_examples(tmp_path: Path) -> None:
    rule = {"validation_rule": "width_pixels>", "validation_value": 384, "validation_error": "384!"}
    schema = {
        "type": "object",
        "properties": {
            "class": {"type": "string", "maxLength": 50, "default": "a hat"},
            "image": {"type": "string", "format": "image_uri", "validations": [rule]},
        },
        "required": ["class"],
    }
    facts = {"display_name": "A Cat", "base_price_usd": 0.04, "price_unit": "image"}
    source = {"model_id": "acme/cat", "catalogue": {**facts, "categories": ["text-to-image"]}}
    store(tmp_path / "schemas", "acme/cat", schema, source=source)
    page = pages(tmp_path / "schemas", tmp_path / "out")["acme/cat.md"]
    for words in (
        "# `acme/cat`",
        "<p>A Cat</p>",
        "<li>Price: $0.04 for each image</li>",
        "<li>Categories: text-to-image</li>",
        "<strong>required</strong></td><td>text<br>at most 50 characters</td>",
        "<code>width_pixels &gt; 384</code> 384!",
        "Demo value: <code>&quot;a hat&quot;</code>",
        "    from my_models.acme import Cat",
        "        class_='a hat',",
        "    runcomfy-py run acme/cat 'class=a hat'",
        "    curl --request POST https://model-api.runcomfy.net/v1/models/acme/cat",
    ):
        assert words in page, words


class Elements(HTMLParser):
    """The elements and attributes of a page, and its links."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)
        self.links += [value for name, value in attrs if name in ("href", "src") and value]


@pytest.mark.parametrize("name", TEXTS)
def test_no_text_becomes_markup(tmp_path: Path, name: str) -> None:
    """The page is rendered as the site renders it, and holds the elements of a harmless page alone."""
    markdown = import_module("markdown")  # it brings no types
    documents = anywhere(TEXTS[name])
    facts = {
        "display_name": TEXTS[name],
        "pricing_note": TEXTS[name],
        "base_price_usd": 1,
        "categories": [TEXTS[name]],
    }
    source = {"model_id": "acme/small", "catalogue": facts}
    store(tmp_path / "schemas", "acme/small", documents.pop("input"), source=source, **documents)
    made = pages(tmp_path / "schemas", tmp_path / "out")
    for path in ("acme/small.md", "index.md"):
        body = made[path].partition("---\n\n")[2]
        html = markdown.markdown(
            body,
            extensions=[
                "tables",
                "toc",
                "admonition",
                "pymdownx.superfences",
                "pymdownx.highlight",
                "pymdownx.tabbed",
            ],
            extension_configs={"pymdownx.tabbed": {"alternate_style": True}},
        )
        found = Elements(html)
        assert found.tags <= HARMLESS, found.tags - HARMLESS
        assert not {one for one in found.attributes if one.startswith("on")}
        assert all(not urlsplit(link).scheme for link in found.links), found.links
        assert html.count("<script") == (path == "index.md")


HARMLESS = set(
    """
    h1 h2 code div p ul li table thead tbody tr th td br strong pre span input label a script
    """.split()
)


def test_the_folder_is_made_again_as_a_whole(tmp_path: Path) -> None:
    for model_id in ("acme/cat", "acme/dog"):
        store(tmp_path / "schemas", model_id, {"type": "object"})
    pages(tmp_path / "schemas", tmp_path / "out")
    shutil.rmtree(tmp_path / "schemas/acme/dog")
    (tmp_path / "out/acme/mine.md").write_text("mine")
    assert sorted(
        path for path in pages(tmp_path / "schemas", tmp_path / "out") if "/" in path
    ) == [
        "acme/cat.md",
        "acme/mine.md",
    ]


def test_a_file_of_somebody_else_is_not_overwritten(tmp_path: Path) -> None:
    store(tmp_path / "schemas", "acme/cat", {"type": "object"})
    (tmp_path / "out").mkdir()
    (tmp_path / "out/index.md").write_text("mine")
    ran = codegen("docs", "--schemas", tmp_path / "schemas", "--out", tmp_path / "out")
    assert (ran.status, "was not created by this command" in ran.err) == (73, True)
    assert (tmp_path / "out/index.md").read_text() == "mine"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The whole site, built as ``make docs`` builds it, from a copy of what it is made of."""
    folder = tmp_path_factory.mktemp("site")
    for name in ("docs", "schemas", "runtime", "scripts", "examples"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "mkdocs.yml", folder)
    script = folder / "scripts/build_docs.sh"
    command = ["sh", str(script), str(Path(sys.executable).parent)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "WARNING" not in done.stderr
    return folder / "build/site"


@pytest.mark.slow
def test_every_link_of_the_site_leads_somewhere(site: Path) -> None:
    broken = [
        f"{page.relative_to(site)}: {link}"
        for page in site.rglob("*.html")
        if page.name != "404.html"
        for link in Elements(page.read_text(encoding="utf-8")).links
        if not _leads(site, page, link)
    ]
    assert broken == []


def _leads(site: Path, page: Path, link: str) -> bool:
    parts = urlsplit(link)
    if parts.scheme or parts.netloc or not parts.path:
        return True
    target = (page.parent / unquote(parts.path)).resolve()
    return target.is_relative_to(site.resolve()) and (
        target.is_file() or (target / "index.html").is_file()
    )


@pytest.mark.slow
def test_the_site_asks_no_other_host(site: Path) -> None:
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert 'src="http' not in text
        assert "fonts.googleapis" not in text


@pytest.mark.slow
def test_the_list_of_models_searches_in_a_browser(site: Path) -> None:
    browser = shutil.which("chromium")
    if browser is None:
        pytest.skip("chromium is not installed: scripts/system_packages.sh")
    from functools import partial
    from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its name for it
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site)))
    with running(server):
        url = f"http://127.0.0.1:{server.server_port}/models/?find=WAN+image"
        flags = ["--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=5000"]
        done = subprocess.run(
            [browser, *flags, "--dump-dom", url], capture_output=True, text=True, check=True
        )
    listed = done.stdout.partition('id="model-search"')[2].partition("</div>")[0]
    assert ">1 model<" in listed
    assert 'href="wan_ai/wan_2_6_image_to_image/"' in listed
    assert "gpt_image" not in listed
