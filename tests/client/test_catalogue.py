"""The service's catalogue, as the clients give it: the same cases over every driver."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from typing import Any

import pytest

from runcomfy import ModelEntry, errors
from support.callers import TOKEN, Caller
from support.scripted_server import Reply, ScriptedServer, json_reply, serve

EDIT = "openai/gpt-image-2/edit"
ENTRY: dict[str, Any] = {
    "model_id": EDIT,
    "display_name": "GPT Image 2",
    "description": "Edits pictures.",
    "kind": "model",
    "categories": ["image-to-image"],
    "base_price_usd": 0.04,
    "price_unit": "image",
    "pricing_note": "by the image",
    "model_url": "https://www.runcomfy.com/models/openai/gpt-image-2/edit",
    "inputs": ["prompt", "images"],
    "required_inputs": ["prompt"],
    "input_schema": {"type": "object"},
    "colour": "red",
}


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with serve() as scripted:
        yield scripted


def models(caller: Caller, *arguments: Any, **options: Any) -> Any:
    return caller.call(lambda client: client.models(*arguments, **options))


def test_the_models_of_the_service_are_listed(caller: Caller, server: ScriptedServer) -> None:
    server.script(models=[json_reply(models=[ENTRY, {"model_id": "acme/cat"}], total=2)])
    edit, cat = models(caller, "image", category="image-to-image")
    assert edit == ModelEntry(
        model_id=EDIT,
        display_name="GPT Image 2",
        description="Edits pictures.",
        kind="model",
        categories=("image-to-image",),
        base_price_usd=0.04,
        price_unit="image",
        pricing_note="by the image",
        model_url="https://www.runcomfy.com/models/openai/gpt-image-2/edit",
        inputs=("prompt", "images"),
        required_inputs=("prompt",),
        input_schema={"type": "object"},
        installed=True,
        raw=ENTRY,
    )
    assert cat == ModelEntry("acme/cat", raw={"model_id": "acme/cat"})
    (asked,) = server.asked
    assert asked.path == "/v1/models?search=image&category=image-to-image&limit=100&offset=0"
    assert asked.headers["authorization"] == f"Bearer {TOKEN}"


def test_one_model_is_looked_up(caller: Caller, server: ScriptedServer) -> None:
    server.script(model=[json_reply(description="Edits pictures.")])
    entry = caller.call(lambda client: client.model(EDIT))
    assert (entry.model_id, entry.description, entry.installed) == (EDIT, "Edits pictures.", True)
    assert [asked.path for asked in server.asked] == [f"/v1/models/{EDIT}"]


def test_a_model_that_the_service_does_not_have(caller: Caller, server: ScriptedServer) -> None:
    server.script(model=[json_reply(404, error_code=404001, error_message="no such model")])
    with pytest.raises(errors.NotFound, match="no such model") as caught:
        caller.call(lambda client: client.model("acme/nothing"))
    assert (caught.value.model_id, caught.value.request_id) == ("acme/nothing", None)


def test_the_list_is_requested_again_after_a_fault(caller: Caller, server: ScriptedServer) -> None:
    server.script(models=[Reply(503), Reply(fault="reset"), json_reply(models=[ENTRY])])
    assert [entry.model_id for entry in models(caller)] == [EDIT]
    assert server.count("models") == 3


def test_a_list_that_does_not_come_ends_at_the_deadline(
    caller: Caller, server: ScriptedServer
) -> None:
    server.script(models=[Reply(503)])
    with pytest.raises(errors.DeadlineExceeded):
        models(caller, timeout=0.1)


ODD: list[tuple[str, object, object]] = [
    ("display_name", 7, None),
    ("description", None, ""),
    ("kind", ["model"], None),
    ("categories", "text-to-image", ("text-to-image",)),
    ("categories", [1, None, "a"], ("a",)),
    ("categories", 5, ()),
    ("base_price_usd", "0.5", 0.5),
    ("base_price_usd", "by the hour", None),
    ("base_price_usd", True, None),
    ("base_price_usd", float("nan"), None),
    ("base_price_usd", 10**400, None),
    ("inputs", [{"name": "prompt"}, {"type": "string"}], ("prompt",)),
    ("inputs", {"prompt": {}, "seed": {}}, ("prompt", "seed")),
    ("input_schema", "{}", None),
]


@pytest.mark.parametrize(("name", "given", "read"), ODD, ids=lambda value: str(value)[:20])
def test_an_odd_field_of_an_entry_breaks_nothing(name: str, given: object, read: object) -> None:
    entry = ModelEntry.from_answer({**ENTRY, name: given})
    assert getattr(entry, name) == read
    assert entry.raw[name] is given
    assert entry.price_unit == "image"


def test_entries_are_values() -> None:
    entry = ModelEntry.from_answer(ENTRY)
    assert pickle.loads(pickle.dumps(entry)) == entry  # noqa: S301  # our own bytes
    assert len({entry, ModelEntry.from_answer(ENTRY)}) == 1
    assert "colour" not in repr(entry)


def test_a_page_is_given_as_it_came(caller: Caller, server: ScriptedServer) -> None:
    reply = json_reply(models=[ENTRY, {"colour": "red"}], total=7)
    server.script(models=[reply])
    page = caller.call(lambda client: client.catalogue_page(include_schema=True, limit=2, offset=4))
    assert page.entries == (ENTRY, {"colour": "red"})
    assert (page.total, page.offset, page.retry_after) == (7, 4, None)
    assert page.body == reply.body
    with pytest.raises(errors.ConfigurationError, match="got 0 and 4"):
        caller.call(lambda client: client.catalogue_page(limit=0, offset=4))


def test_one_entry_keeps_the_bytes_that_came(caller: Caller, server: ScriptedServer) -> None:
    reply = json_reply(**ENTRY)
    server.script(model=[reply])
    assert caller.call(lambda client: client.model(EDIT)).body == reply.body
