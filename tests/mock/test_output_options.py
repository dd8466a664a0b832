"""Reading the options of an output from payloads that were not validated."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from runcomfy.mock.output_options import read_output_options
from runcomfy_models.openai import GptImage2Edit

NAMES = st.sampled_from(
    ["prompt", "n", "width", "height", "size", "resolution", "aspect_ratio", "output_format", "x"]
)
TEXTS = st.from_regex(r"[0-9]{1,5}(\.[0-9])?[xX*×:_/pk ]?[0-9]{0,5}[pk]?") | st.text(max_size=20)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner, max_size=2),
    max_leaves=3,
)


@given(st.dictionaries(NAMES, VALUES))
def test_any_payload_requests_something_that_can_be_made(payload: dict[str, Any]) -> None:
    wishes = read_output_options(GptImage2Edit, payload)
    assert wishes.kind == "image"
    assert wishes.format in {"png", "jpeg", "webp"}
    assert 1 <= wishes.count <= 10
    assert all(16 <= side <= 4096 for side in wishes.size)
    assert isinstance(wishes.text, str)
