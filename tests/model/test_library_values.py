"""Values of numpy and pandas are accepted as the plain values that they represent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd  # type: ignore[import-untyped]  # its stubs are a package of their own
import pytest

from runcomfy import validate
from runcomfy.model.json_values import to_plain
from support.small_models import make_class

PROPERTIES = {
    "flag": {"type": "boolean"},
    "count": {"type": "integer", "minimum": 1},
    "scale": {"type": "number"},
    "size": {"type": "string", "enum": ["a", "b"]},
    "many": {"type": "array", "items": {"type": "integer"}},
}


def test_numpy_values_pass_as_what_they_are(tmp_path: Path) -> None:
    cls = make_class(tmp_path, PROPERTIES)
    given: dict[str, Any] = {
        "flag": np.bool_(True),
        "count": np.int64(3),
        "scale": np.float32(0.5),
        "size": np.str_("a"),
        "many": np.array([1, 2]),
    }
    plain = {"flag": True, "count": 3, "scale": 0.5, "size": "a", "many": [1, 2]}
    assert validate(cls, given).errors == []
    assert cls(**given).payload() == plain
    assert cls.from_payload(given) == cls(**plain)
    assert all(type(value) is type(plain[name]) for name, value in cls(**given).payload().items())


def test_a_wrong_numpy_value_is_reported_as_the_plain_one(tmp_path: Path) -> None:
    cls = make_class(tmp_path, PROPERTIES)
    wrong = {
        "flag": np.int64(1),
        "count": np.uint8(0),
        "size": np.str_("c"),
        "scale": np.bool_(True),
    }
    plain = {"flag": 1, "count": 0, "size": "c", "scale": True}
    assert validate(cls, wrong).errors == validate(cls, plain).errors


@pytest.mark.parametrize(
    "value",
    [np.datetime64("2026-01-01"), np.complex64(1j), np.array([1j])],
    ids=["datetime", "complex", "complexes"],
)
def test_what_json_has_not_is_refused(value: Any, tmp_path: Path) -> None:
    cls = make_class(tmp_path, {"any": {}})
    assert [error.rule for error in validate(cls, {"any": value}).errors] == ["json"]


def test_pandas_values_pass_as_what_they_are() -> None:
    table = pd.DataFrame({"a": [1, 2], "b": ["x", None]}).convert_dtypes()
    assert to_plain(table.iloc[0]) == {"a": 1, "b": "x"}
    assert to_plain([pd.NA, pd.NaT, table["a"]]) == [None, None, [1, 2]]
    assert to_plain({"many": table["a"].array}) == {"many": [1, 2]}
