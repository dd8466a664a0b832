"""Reading the catalogue page by page, tested by sending replies."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from runcomfy import errors
from runcomfy.protocol import CallContext, Response, Send, list_models, look_up_model


class Catalogue:
    """Plays a service with some models; ``answer`` makes the answer for limit and offset."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.asked: list[dict[str, str]] = []

    def __call__(self, **options: Any) -> list[str]:
        flow = list_models(CallContext(), **options)
        reply = None
        while True:
            try:
                step = flow.send(reply)
            except StopIteration as end:
                return [entry["model_id"] for entry in end.value]
            assert isinstance(step, Send)
            query = parse_qs(urlsplit(step.call.path).query)
            self.asked.append({name: value for name, (value,) in query.items()})
            content = self.answer(int(query["limit"][0]), int(query["offset"][0]))
            reply = Response(0.0, 200, {}, json.dumps(content).encode())


def some(count: int) -> list[dict[str, Any]]:
    return [{"model_id": f"acme/m{number}"} for number in range(count)]


def ids(count: int) -> list[str]:
    return [f"acme/m{number}" for number in range(count)]


def pages(count: int, **facts: Any) -> Catalogue:
    return Catalogue(
        lambda limit, offset: {"models": some(count)[offset : offset + limit], **facts}
    )


@pytest.mark.parametrize(("count", "calls"), [(0, 1), (1, 1), (100, 1), (101, 2), (250, 3)])
def test_all_pages_are_read_as_far_as_the_total_goes(count: int, calls: int) -> None:
    service = pages(count, total=count)
    assert service() == ids(count)
    assert [asked["offset"] for asked in service.asked] == [str(100 * n) for n in range(calls)]


@pytest.mark.parametrize("total", [None, "many", True])
def test_without_a_usable_total_a_page_that_is_not_full_is_the_last(total: object) -> None:
    service = pages(230, total=total)
    assert service() == ids(230)
    assert len(service.asked) == 3


def test_a_service_with_smaller_pages_than_requested_is_read_to_the_end() -> None:
    def answer(limit: int, offset: int) -> dict[str, Any]:
        return {"models": some(70)[offset : offset + min(limit, 30)], "limit": 30}

    assert Catalogue(answer)() == ids(70)


def test_a_limit_is_never_exceeded_and_no_more_is_requested() -> None:
    service = pages(500, total=500)
    assert service(limit=130) == ids(130)
    assert [asked["limit"] for asked in service.asked] == ["100", "30"]
    assert Catalogue(lambda *_: {"models": some(9)})(limit=2) == ids(2)
    assert pages(500)(limit=0) == []


def test_a_service_that_sends_the_same_page_for_ever_is_left() -> None:
    service = Catalogue(lambda limit, _: {"models": some(limit), "total": 10**9})
    assert service() == ids(100)
    assert len(service.asked) == 2


def test_a_model_that_moved_to_the_next_page_is_listed_once() -> None:
    first, second = some(100), [{"model_id": "acme/m99"}, {"model_id": "acme/new"}]
    service = Catalogue(lambda _, offset: {"models": second if offset else first, "total": 102})
    assert service() == [*ids(100), "acme/new"]


def test_entries_without_an_id_are_left_out() -> None:
    odd = [None, 7, "acme/cat", {}, {"model_id": 7}, {"model_id": "acme/cat"}]
    assert Catalogue(lambda *_: {"models": odd, "total": 6})() == ["acme/cat"]


def test_the_filters_are_sent_and_only_those_that_were_given() -> None:
    service = pages(0)
    service(search="a hat & more", category="text-to-image", kind="model", include_schema=True)
    service()
    plain = {"limit": "100", "offset": "0"}
    assert service.asked == [
        {
            "search": "a hat & more",
            "category": "text-to-image",
            "kind": "model",
            "include_schema": "true",
            **plain,
        },
        plain,
    ]


@pytest.mark.parametrize("content", [{}, {"models": None}, {"models": {"a": 1}}], ids=str)
def test_an_answer_that_is_no_list_of_models_is_an_error(content: dict[str, Any]) -> None:
    with pytest.raises(errors.UnexpectedAnswer, match="not a list of models"):
        Catalogue(lambda *_: content)()


def test_a_negative_limit_is_refused_before_anything_is_sent() -> None:
    service = pages(3)
    with pytest.raises(errors.ConfigurationError, match="got -1"):
        service(limit=-1)
    assert service.asked == []


def test_one_model_is_requested_by_its_id() -> None:
    flow = look_up_model(CallContext(), "minimax/Hailuo Video 01 Live")
    send = next(flow)
    assert isinstance(send, Send)
    assert send.call.path == "/v1/models/minimax/Hailuo%20Video%2001%20Live"
    body = json.dumps({"error_code": 404001, "error_message": "no such model"}).encode()
    with pytest.raises(errors.NotFound) as caught:
        flow.send(Response(0.0, 404, {}, body))
    assert caught.value.model_id == "minimax/Hailuo Video 01 Live"
    assert caught.value.server_text == "no such model"


@pytest.mark.parametrize("model_id", ["../../x", "a", "https://elsewhere.example/x", "a/b?c=d"])
def test_what_is_no_model_id_is_not_sent(model_id: str) -> None:
    with pytest.raises(errors.ConfigurationError):
        next(look_up_model(CallContext(), model_id))
