"""``Order``: a request made ready to be submitted, with what is known about its model."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from ._plain import find_non_json, to_plain
from ._registry import find_model
from ._validate import validate
from .errors import ConfigurationError, UnknownModel, ValidationError
from .output import Output
from .redact import clean
from .request import Request
from .result import Result
from .violation import Violation

__all__ = ["Model", "Order", "find_type", "take"]

_log = logging.getLogger("runcomfy")

OutputT_co = TypeVar("OutputT_co", bound=Output, covariant=True)


@dataclass(frozen=True, slots=True)
class Model(Generic[OutputT_co]):
    """What is known about the model of a request: its id, and the type of its output."""

    model_id: str | None
    output_type: type[OutputT_co]
    typed: bool = True

    def result(self, request_id: str, document: dict[str, Any]) -> Result[OutputT_co]:
        """The result in a document, which may itself say of which model it is."""
        told = document.get("model_id")
        if self.model_id is None and isinstance(told, str):
            known: Model[Any] = find_type(told)
            return known.result(request_id, document)
        given = document.get("output")
        content = given if isinstance(given, dict) else {} if given is None else {"output": given}
        output = self.output_type.from_payload(content)
        return Result(request_id, output, document, self.model_id, self.typed)


@dataclass(frozen=True, slots=True)
class Order(Generic[OutputT_co]):
    """A checked request: its model, and the body that is sent."""

    model: Model[OutputT_co]
    body: bytes = field(repr=False)


def take(request: Request[Any] | str, payload: Mapping[str, Any] | None) -> Order[Any]:
    """The order for a request, or for a model id and a payload; raises ``ValidationError``."""
    if isinstance(request, Request):
        if payload is not None:
            raise TypeError("a request has its inputs already; give a payload with a model id only")
        return Order(Model(request.model_id, request.output_type), _encode(request.payload()))
    if not isinstance(request, str) or not isinstance(payload, Mapping):
        raise TypeError("give a request, or a model id and a payload: run('owner/model', {…})")
    model = find_type(request)
    plain = _checked(request, payload) if model.typed else _unchecked(request, payload)
    return Order(model, _encode(plain))


def find_type(model: type[Request[Any]] | str | None) -> Model[Any]:
    """What is known about a model; one that is not installed is untyped."""
    if isinstance(model, type):
        return Model(model.model_id, model.output_type)
    if model is None:
        return Model(None, Output, typed=False)
    try:
        return Model(model, find_model(model).output_type)
    except UnknownModel:
        return Model(model, Output, typed=False)


def _checked(model_id: str, payload: Mapping[str, Any]) -> dict[str, Any]:
    cls = find_model(model_id)
    plain = cls.from_payload(payload).payload()
    if not cls._known.issuperset(plain):
        for warning in validate(cls, plain).warnings:
            _log.warning("%s: %s", model_id, clean(str(warning)))
    return plain


def _unchecked(model_id: str, payload: Mapping[str, Any]) -> dict[str, Any]:
    plain: dict[str, Any] = to_plain(payload)
    violations: list[Violation] = []
    find_non_json(plain, "", violations)
    if violations:
        raise ValidationError(model_id, violations)
    _log.warning("%s: no installed package has this model; sent unchecked", clean(model_id))
    return plain


def _encode(payload: dict[str, Any]) -> bytes:
    try:
        return json.dumps(payload, allow_nan=False, separators=(",", ":")).encode("ascii")
    except ValueError as error:  # a number with more digits than Python writes
        raise ConfigurationError(f"the payload cannot be written as JSON: {error}") from None
