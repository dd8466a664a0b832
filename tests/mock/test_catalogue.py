"""The mock service's catalogue of the installed models."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from runcomfy import NotFound, UnknownModel, model_ids
from runcomfy.mock.catalogue import categories, entries, entry, listing, price
from runcomfy.model.registry import find_model
from runcomfy.testing import mock_service
from runcomfy_codegen.package.plan import apply
from runcomfy_codegen.pipeline import generate
from support.callers import KINDS, Caller
from support.small_models import store

EDIT = "openai/gpt-image-2/edit"
WAN = "wan-ai/wan-2-6/image-to-image"


def ids(**filters: Any) -> list[str]:
    return [one["model_id"] for one in listing(**filters)["models"]]


def test_every_installed_model_is_listed() -> None:
    page = listing()
    assert [one["model_id"] for one in page["models"]] == model_ids()
    assert page["total"] == len(model_ids())


def test_an_entry_has_what_the_service_says_of_a_model() -> None:
    one = entry(EDIT)
    assert one is not None
    assert one["model_id"] == EDIT
    assert one["display_name"] == "gpt image 2 · edit"
    assert one["kind"] == "model"
    assert one["categories"] == ["image-to-image"]
    assert (one["base_price_usd"], one["price_unit"]) == (0.04, "image")
    assert one["required_inputs"] == ["prompt", "images"]
    assert set(one["inputs"]) == set(find_model(EDIT).input_schema()["properties"])
    assert one["input_schema"] == find_model(EDIT).input_schema()


def test_a_model_that_is_not_installed_has_no_entry() -> None:
    assert entry("acme/nothing") is None


def test_schemas_are_listed_only_when_requested() -> None:
    assert not any("input_schema" in one for one in entries(include_schema=False))
    assert all("input_schema" in one for one in listing(include_schema=True)["models"])


def test_the_filters_narrow_the_list() -> None:
    assert ids(search="WAN") == [WAN]
    assert ids(category="text-to-image") == ["openai/gpt-image-1-5/text-to-image"]
    assert ids(kind="workflow") == []
    assert ids(search="gpt", category="image-to-image", kind="model") == [
        "openai/gpt-image-1-5/image-to-image",
        EDIT,
    ]


def test_pages_follow_one_another_and_the_total_is_that_of_all() -> None:
    assert ids(limit=3) + ids(limit=3, offset=3) == model_ids()
    assert listing(limit=3, offset=3)["total"] == len(model_ids())
    assert ids(offset=1000) == []


@pytest.mark.parametrize(("asked", "used"), [(0, 1), (-1, 1), (500, 500), (10**9, 500)])
def test_a_page_has_at_most_500_entries(asked: int, used: int) -> None:
    assert listing(limit=asked)["limit"] == used


def test_the_categories_of_all_models_each_once() -> None:
    assert categories() == ["image-to-image", "text-to-image"]


def test_a_request_costs_by_what_it_requests() -> None:
    assert price(EDIT, {"prompt": "a hat"}) == 0.04
    assert price(EDIT, {"prompt": "a hat", "n": 3}) == 0.12


@pytest.mark.parametrize(("duration", "cost"), [(8, 0.8), ("10", 1.0), ("5s", 0.5), (None, 0.5)])
def test_a_video_costs_by_the_second(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, duration: object, cost: float
) -> None:
    schema = {"type": "object", "properties": {"duration": {}}}
    store(tmp_path / "schemas", "acme/text-to-video", schema)
    apply(generate(tmp_path / "schemas", tmp_path / "out", "priced_models").plan)
    monkeypatch.syspath_prepend(tmp_path / "out")
    monkeypatch.setattr("runcomfy.model.registry._registered", ["priced_models"])
    monkeypatch.setattr("runcomfy.model.registry._found", {})
    assert price("acme/text-to-video", {"duration": duration}) == cost
    made = entry("acme/text-to-video")
    assert made is not None
    assert (made["categories"], made["price_unit"]) == (["text-to-video"], "second")


def test_an_unknown_model_has_no_price() -> None:
    with pytest.raises(UnknownModel, match="acme/nothing"):
        price("acme/nothing", {})


@pytest.mark.parametrize("kind", KINDS)
def test_the_clients_read_this_catalogue(kind: str) -> None:
    with mock_service() as service:
        caller = Caller(kind, service.url)
        listed = caller.call(lambda client: client.models(include_schema=True))
        found = caller.call(lambda client: client.models("gpt", category="text-to-image"))
        edit = caller.call(lambda client: client.model(EDIT))
        with pytest.raises(NotFound, match="model: acme/nothing"):
            caller.call(lambda client: client.model("acme/nothing"))
    assert [one.raw for one in listed] == entries(include_schema=True)
    assert all(one.installed for one in listed)
    assert [one.model_id for one in found] == ["openai/gpt-image-1-5/text-to-image"]
    assert edit.input_schema == find_model(EDIT).input_schema()


EXACT = '{ "model_id":"acme/cat",  "input_schema": {"type" : "object"}, "categories": ["x"] }'


def test_a_given_catalogue_takes_the_place_of_the_installed_models() -> None:
    given = [{"model_id": f"acme/m{i}", "kind": "model"} for i in range(2_500)]
    with mock_service(catalogue=given) as service:
        client = service.client()
        assert [one.model_id for one in client.models()] == [one["model_id"] for one in given]
        assert len(client.models("M24", kind="model")) == 111
        assert client.models(kind="workflow") == []


def test_a_given_text_is_sent_to_the_byte() -> None:
    with mock_service(catalogue=[EXACT, "{"]) as service:
        client = service.client()
        assert client.model("acme/cat").body == EXACT.encode()
        page = client.catalogue_page(include_schema=True, limit=1)
        assert EXACT.encode() in page.body
        assert (page.total, page.offset, len(page.entries)) == (2, 0, 1)
        assert "input_schema" not in client.models(limit=1)[0].raw
