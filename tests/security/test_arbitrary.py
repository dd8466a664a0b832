"""Arbitrary text in all fields, and schemas of arbitrary shape: a module, or a refusal, and nothing else."""

from __future__ import annotations

import warnings
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runcomfy_codegen.errors import CodegenError, NameClash
from runcomfy_codegen.render.render import render_model
from runcomfy_codegen.render.template_files import templates_folder
from runcomfy_codegen.schema.documents import Documents
from runcomfy_codegen.schema.model_ids import parse_model_id
from runcomfy_codegen.spec.builder import build_model
from support.corpus import NAMES, TEXTS, anywhere

SLOW = settings(
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
        HealthCheck.filter_too_much,
    ],
)


def _module(input_: Any, output: Any, example: Any) -> dict[str, Any]:
    """The namespace of the module that is made of these documents, executed."""
    documents = Documents(parse_model_id("acme/fuzz", "here"), input_, output, example, None, {})
    spec = build_model(documents, templates_folder() / "types")
    spec.schemas.encode("utf-8")
    namespace: dict[str, Any] = {"__name__": "made.fuzz"}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        exec(compile(render_model(spec, "acme/fuzz"), "fuzz.py", "exec"), namespace)  # noqa: S102  # what is made here is meant to run
    return namespace


def _filled(value: Any, texts: Any) -> Any:
    """``value`` with every text that the corpus marks replaced by the next of ``texts``."""
    if isinstance(value, str):
        return value.replace("\0", next(texts)) if "\0" in value else value
    if isinstance(value, list):
        return [_filled(part, texts) for part in value]
    if isinstance(value, dict):
        return {_filled(name, texts): _filled(part, texts) for name, part in value.items()}
    return value


@settings(SLOW, max_examples=40)
@given(st.data())
def test_arbitrary_text_in_all_fields_at_once(data: st.DataObject) -> None:
    words = st.one_of(st.text(max_size=20), st.sampled_from(list(TEXTS.values())))
    texts = iter(lambda: data.draw(words), None)
    documents = {name: _filled(part, texts) for name, part in anywhere("\0").items()}
    try:
        module = _module(documents["input"], documents["output"], documents["example"])
    except NameClash:  # the one thing that text can do
        return
    assert module["Fuzz"]._example == documents["example"]


KEYWORDS = """
    type properties items required enum const minimum maximum exclusiveMinimum multipleOf minLength maxLength
    pattern minItems additionalProperties $ref $defs anyOf oneOf allOf not if then else prefixItems contains
    patternProperties propertyNames title description default format validations nullable dependentSchemas
    dependentRequired uniqueItems unevaluatedProperties minProperties validation_rule validation_value
""".split()
TYPES = ["string", "integer", "number", "boolean", "array", "object", "null", "float", "String", 7]

_text = st.one_of(
    st.sampled_from([*TEXTS.values(), *NAMES, "#", "#/properties/a", "#/$defs/a", "a", "b"]),
    st.text(max_size=8),
)
_scalar = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(min_value=10**300, max_value=10**400),
    st.floats(allow_nan=False, allow_infinity=False),
    _text,
    st.sampled_from(TYPES),
)
_value = st.recursive(
    _scalar,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.one_of(st.sampled_from(KEYWORDS), _text), inner, max_size=4),
    ),
    max_leaves=12,
)
_schema: st.SearchStrategy[Any] = st.deferred(
    lambda: st.one_of(
        _value,
        st.fixed_dictionaries(
            {},
            optional={
                "type": st.one_of(
                    st.sampled_from(TYPES), st.lists(st.sampled_from(TYPES), max_size=3)
                ),
                "properties": st.dictionaries(_text, _schema, max_size=3),
                "items": _schema,
                "enum": st.lists(_value, max_size=3),
                "const": _value,
                "minimum": _scalar,
                "multipleOf": _scalar,
                "maxLength": _scalar,
                "pattern": _text,
                "required": st.lists(_text, max_size=2),
                "default": _value,
                "anyOf": st.lists(_schema, max_size=2),
                "$ref": _text,
                "$defs": st.dictionaries(_text, _schema, max_size=2),
                "additionalProperties": _schema,
                "validations": _value,
                "nullable": _scalar,
                "not": _schema,
            },
        ),
    )
)
_root = st.fixed_dictionaries(
    {"properties": st.dictionaries(_text, _schema, min_size=1, max_size=4)},
    optional={
        "$defs": st.dictionaries(_text, _schema, max_size=2),
        "required": st.lists(_text, max_size=3),
        "anyOf": st.lists(_schema, max_size=2),
        "additionalProperties": _schema,
    },
)


@settings(SLOW, max_examples=60)
@given(_root, _root, st.none() | st.dictionaries(_text, _value, max_size=3))
def test_schemas_of_arbitrary_shape(input_: Any, output: Any, example: Any) -> None:
    try:
        module = _module(input_, output, example)
    except CodegenError:
        return
    assert module["check"](7)[0].rule == "type"


def test_the_fuzzing_would_notice_an_escape() -> None:
    with pytest.raises(NameError, match="canary"):
        exec(compile("canary()", "fuzz.py", "exec"), {"__name__": "made.fuzz"})  # noqa: S102  # what is made here is meant to run
