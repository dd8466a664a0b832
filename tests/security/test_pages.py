"""Hostile pages: every text of the corpus, on a page, through ``add`` and ``generate``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from runcomfy_codegen.package.plan import apply
from runcomfy_codegen.pipeline import generate
from support.corpus import CANARY, REFUSED_IDS, TEXTS, anywhere, deep
from support.hostile import tree
from support.ingest import add, page
from support.small_models import load


def _page(model_id: str, text: str) -> str:
    documents = anywhere(text)
    return page(
        model_id,
        payload=json.dumps(documents["example"]),
        schema=json.dumps(documents["input"]),
        output=json.dumps({"output": documents["output"]}),
    )


def test_every_text_passes_from_a_page_to_a_module(tmp_path: Path) -> None:
    ids = {name: f"acme/{name.replace('_', '-')}" for name in TEXTS}
    for name, text in TEXTS.items():
        (tmp_path / "pages").mkdir(exist_ok=True)
        (tmp_path / "pages" / f"{name}.txt").write_text(_page(ids[name], text), encoding="utf-8")
    ran = add(tmp_path / "pages", "--schemas", tmp_path / "schemas")
    assert (ran.status, ran.err) == (0, "")
    apply(generate(tmp_path / "schemas", tmp_path / "out", "made_models").plan)
    assert {path.split("/")[0] for path in tree(tmp_path)} == {"pages", "schemas", "out"}
    assert not list(tmp_path.rglob(CANARY))
    for name, text in TEXTS.items():
        module = load(tmp_path, f"made_models.acme.{name}")
        request = getattr(module, module.__all__[0])
        assert request.input_schema() == json.loads(json.dumps(anywhere(text)["input"])) or (
            name == "placeholder"
        )


@pytest.mark.parametrize("text", [text for text in REFUSED_IDS if "\ud800" not in text], ids=ascii)
def test_no_id_on_a_page_leads_out_of_the_folder(tmp_path: Path, text: str) -> None:
    before = tree(tmp_path)
    ran = add("-", "--schemas", tmp_path / "a" / "schemas", stdin=page(text).encode())
    assert ran.status in (0, 65)
    assert all(path.startswith("a/schemas/") for path in tree(tmp_path).keys() - before.keys())
    assert (tmp_path / "a").exists() is (ran.status == 0)
    assert all(line.isprintable() for line in (ran.out + ran.err).split("\n"))


BAD_PAGES = {
    "deep_schema": page(schema=deep('{"properties":{"x":', "{}", "}}", 50_000)),
    "deep_list": page(
        schema='{"type":"object","properties":{"x":' + deep("[", "", "]", 50_000) + "}}"
    ),
    "many_digits": page(
        schema='{"type":"object","properties":{"x":{"minimum":1' + "0" * 5_000 + "}}}"
    ),
    "infinite": page(schema='{"type":"object","properties":{"x":{"minimum":1e400}}}'),
    "open_braces": page(schema='{"' * 200_000),
    "null_byte": page("acme/x\0y"),
    "escape_codes": page(schema='{"\x1b[2J": {'),
}


@pytest.mark.parametrize("name", BAD_PAGES)
def test_a_bad_page_is_refused_in_plain_words(tmp_path: Path, name: str) -> None:
    ran = add("-", "--schemas", tmp_path / "schemas", stdin=BAD_PAGES[name].encode())
    assert ran.status == 65
    assert "Traceback" not in ran.err
    assert all(line.isprintable() for line in ran.err.split("\n"))
    assert tree(tmp_path) == {}
