"""``Draft``: what a caller asks for, before it is checked and its local files are seen to."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from runcomfy.errors import ValidationError
from runcomfy.model.json_values import find_non_json, to_plain
from runcomfy.model.registry import find_model
from runcomfy.model.request import Request, check_payload
from runcomfy.model.violation import Violation
from runcomfy.orders.order import Model, Order, encode, find_type
from runcomfy.protocol.urls import check_model_id
from runcomfy.redaction import clean
from runcomfy.validation.media import NOT_ASKED
from runcomfy.validation.report import Report, grouped
from runcomfy.validation.validate import examine

__all__ = ["Draft", "draft", "require_schema", "warn"]

_log = logging.getLogger("runcomfy")

_NO_SCHEMA = (
    "is a local file, and no installed package says which inputs of this model take files; "
    "upload it yourself and give its URL"
)


@dataclass(frozen=True, slots=True)
class Draft:
    """A model, and plain inputs among which local files may be."""

    model: Model[Any]
    #: ``None`` for a model that is not installed.
    cls: type[Request[Any]] | None
    payload: dict[str, Any]
    #: Whether the inputs are known to keep the schema, as those of a request object do.
    checked: bool = False

    def order(self) -> Order[Any]:
        """The order of a draft without local files. Raises ``ValidationError``, logs warnings."""
        if self.cls is None:
            _require_json(self.payload, str(self.model.model_id))
        elif not self.checked:
            require_schema(self.cls, self.payload)
            if not self.cls._known.issuperset(self.payload):
                warn(examine(self.cls, self.payload))
        return Order(self.model, encode(self.payload))


def draft(request: Request[Any] | str, payload: Mapping[str, Any] | None) -> Draft:
    """The draft for a request, or for a model id and a payload."""
    if isinstance(request, Request):
        if payload is not None:
            raise TypeError("a request has its inputs already; give a payload with a model id only")
        model: Model[Any] = Model(request.model_id, request.output_type)
        return Draft(model, type(request), to_plain(request._inputs), checked=True)
    if not isinstance(request, str) or not isinstance(payload, Mapping):
        raise TypeError("give a request, or a model id and a payload: run('owner/model', {…})")
    model = find_type(check_model_id(request))
    return Draft(model, find_model(request) if model.typed else None, to_plain(payload))


def require_schema(cls: type[Request[Any]], payload: object) -> None:
    """Raise ``ValidationError`` where the payload breaks the schema."""
    violations = check_payload(cls, payload)
    if violations:
        raise ValidationError(cls.model_id, violations)


def warn(report: Report) -> None:
    """Log the warnings of a report, and which files could not be checked that should have been."""
    told = [
        *report.warnings,
        *grouped(one for one in report.unchecked if one.reason not in NOT_ASKED),
    ]
    for one in told:
        _log.warning("%s: %s", report.model_id, clean(str(one)))


def _require_json(payload: dict[str, Any], model_id: str) -> None:
    from runcomfy.model.local_files import is_local

    violations: list[Violation] = []
    find_non_json(payload, "", violations)
    for violation in violations:
        if is_local(violation.value):
            violation.message = _NO_SCHEMA
    if violations:
        raise ValidationError(model_id, violations)
    _log.warning("%s: no installed package has this model; sent unchecked", clean(model_id))
