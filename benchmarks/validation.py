"""One payload: the generated validator against the validators that people use instead.

Both sides hold everything about an error when they are done: place, rule, value, limit and sentence.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import fastjsonschema
import jsonschema_rs
from datamodel_code_generator import generate
from datamodel_code_generator.enums import DataModelType, InputFileType
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from runcomfy_codegen.schema.normalise import clean
from runcomfy_models.wan_ai import Wan2_6ImageToImage

from .measure import Figure, Table, ratio, times

__all__ = ["PEERS", "run"]

PEERS = (
    "jsonschema-rs",
    "jsonschema",
    "pydantic",
    "pydantic-core",
    "fastjsonschema",
    "datamodel-code-generator",
)
ROUNDS, NUMBER = 120, 2_000


def full_payload() -> dict[str, Any]:
    """Every input of wan-2-6, with its demo value."""
    properties = Wan2_6ImageToImage.input_schema()["properties"]
    return {name: part["default"] for name, part in properties.items()}


def pydantic_model(schema: dict[str, Any]) -> Any:
    """The pydantic v2 model that datamodel-code-generator makes of the schema."""
    source = generate(
        json.dumps(schema),
        input_file_type=InputFileType.JsonSchema,
        output_model_type=DataModelType.PydanticV2BaseModel,
        class_name="Wan",
        disable_timestamp=True,
        formatters=[],
    )
    namespace: dict[str, Any] = {"__name__": "wan"}
    exec(compile(str(source), "wan.py", "exec"), namespace)  # noqa: S102 — the peer's own output
    model = namespace["Wan"]
    model.model_rebuild(_types_namespace=namespace)
    return model


def run() -> Iterator[Table]:
    """Measure."""
    schema = clean(Wan2_6ImageToImage.input_schema())[0]
    check: Callable[[object], list[Any]] = Wan2_6ImageToImage._check
    fast = jsonschema_rs.validator_for(schema)
    compiled = fastjsonschema.compile(schema)
    model = pydantic_model(schema)
    library = Draft202012Validator(schema)

    valid = full_payload()
    assert not check(valid)
    assert fast.is_valid(valid)
    model.model_validate(valid)
    taken = times(
        {
            "ours": partial(check, valid),
            "iter_errors": lambda: list(fast.iter_errors(valid)),
            "is_valid": partial(fast.is_valid, valid),
            "pydantic": partial(model.model_validate, valid),
            "fastjsonschema": partial(compiled, valid),
        },
        ROUNDS,
        NUMBER,
    )
    slow = times(
        {"ours": partial(check, valid), "jsonschema": lambda: list(library.iter_errors(valid))},
        30,
        50,
    )
    wrong = {**valid, "seed": -1, "image_size": "huge", "prompt_extend": 3}
    assert len(check(wrong)) == len(list(fast.iter_errors(wrong))) == 3
    failing = times(
        {
            "ours": partial(check, wrong),
            "iter_errors": lambda: list(fast.iter_errors(wrong)),
            "pydantic": lambda: pydantic_errors(model, wrong),
        },
        ROUNDS,
        NUMBER // 4,
    )
    figures = [
        Figure("valid: ours / jsonschema-rs iter_errors", _ratio(taken, "iter_errors"), "x", 0.8),
        Figure("valid: ours / jsonschema-rs is_valid", _ratio(taken, "is_valid"), "x", 1.8),
        Figure("valid: ours / pydantic v2", _ratio(taken, "pydantic"), "x", 0.35),
        Figure("valid: ours / fastjsonschema", _ratio(taken, "fastjsonschema"), "x", 0.35),
        Figure("valid: jsonschema / ours", 1 / _ratio(slow, "jsonschema"), "x", at_least=70),
        Figure(
            "3 errors: ours / jsonschema-rs iter_errors", _ratio(failing, "iter_errors"), "x", 0.25
        ),
        Figure("3 errors: ours / pydantic v2 .errors()", _ratio(failing, "pydantic"), "x", 0.4),
    ]
    yield Table("One payload of wan-ai/wan-2-6/image-to-image", figures)


def pydantic_errors(model: Any, payload: dict[str, Any]) -> list[Any]:
    """Validate and list the errors, as a program does that reports them."""
    try:
        model.model_validate(payload)
    except ValidationError as error:
        return list(error.errors())
    raise AssertionError("the payload is meant to be wrong")


def _ratio(taken: dict[str, list[float]], peer: str) -> float:
    return ratio(taken["ours"], taken[peer])
