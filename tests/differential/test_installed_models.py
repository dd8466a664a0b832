"""Every installed model: generated validator, request class and jsonschema library agree."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

import runcomfy
from runcomfy.model.registry import find_model
from support.differential.oracle import Oracle
from support.differential.payloads import edges, payloads

MODELS = runcomfy.model_ids()


@lru_cache
def oracle(model_id: str) -> Oracle:
    return Oracle(find_model(model_id))


@pytest.mark.parametrize("model_id", MODELS)
@settings(max_examples=100)
@given(data=st.data())
def test_100_payloads_get_one_verdict(model_id: str, data: st.DataObject) -> None:
    judge(model_id, data)


@pytest.mark.slow
@pytest.mark.parametrize("model_id", MODELS)
@settings(max_examples=500)
@given(data=st.data())
def test_500_payloads_get_one_verdict(model_id: str, data: st.DataObject) -> None:
    judge(model_id, data)


@pytest.mark.nightly
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("part", range(4))
@pytest.mark.parametrize("model_id", MODELS)
@settings(max_examples=5_000)
@given(data=st.data())
def test_20_000_payloads_get_one_verdict(model_id: str, part: int, data: st.DataObject) -> None:
    judge(model_id, data)


def judge(model_id: str, data: st.DataObject) -> None:
    reference = oracle(model_id)
    payload = data.draw(payloads(reference.schema))
    event("valid" if reference.compare(payload) else "invalid")


@pytest.mark.parametrize("model_id", MODELS)
def test_every_limit_is_met_from_both_sides(model_id: str) -> None:
    reference = oracle(model_id)
    example = find_model(model_id).example().payload()
    verdicts = [
        reference.compare({**example, name: value})
        for name, part in reference.schema["properties"].items()
        for value in [*edges(part), None, True, 0, 1.5, "", [], [None], {}]
    ]
    assert {True, False} == set(verdicts)


@pytest.mark.parametrize("model_id", MODELS)
def test_the_example_of_the_page_is_valid(model_id: str) -> None:
    example: Any = find_model(model_id).example()
    assert oracle(model_id).compare(example.payload()) is True
