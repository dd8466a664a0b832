"""Schemas drawn from the vocabulary, payloads drawn around them: ours and the library agree."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.differential.compiled import quick_class
from support.differential.oracle import Oracle
from support.differential.payloads import payloads
from support.differential.schemas import input_schemas

PAYLOADS_EACH = 8
#: Generating a module takes its time, and now and then a drawn schema is large.
EXPECTED = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]


@settings(max_examples=150, suppress_health_check=EXPECTED)
@given(schema=input_schemas(), data=st.data())
def test_any_schema_gets_the_librarys_verdicts(
    schema: dict[str, object], data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    judge(schema, data, tmp_path_factory)


@pytest.mark.nightly
@pytest.mark.timeout(3_600)
@settings(max_examples=5_000, suppress_health_check=EXPECTED)
@given(schema=input_schemas(), data=st.data())
def test_thousands_of_schemas_get_the_librarys_verdicts(
    schema: dict[str, object], data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    judge(schema, data, tmp_path_factory)


def judge(schema: dict[str, object], data: st.DataObject, folders: pytest.TempPathFactory) -> None:
    oracle = Oracle(quick_class(folders.getbasetemp(), schema))
    for payload in data.draw(
        st.lists(payloads(oracle.schema), min_size=PAYLOADS_EACH, max_size=PAYLOADS_EACH)
    ):
        if isinstance(payload, dict):  # a payload that is no object is refused, whatever the schema
            oracle.compare(payload)
