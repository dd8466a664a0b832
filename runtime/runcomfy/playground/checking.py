"""The validation report of the form's inputs, as the page displays it."""

from __future__ import annotations

from typing import Any

from runcomfy.validation.urls import AS_PATH
from runcomfy.validation.validate import validate

__all__ = ["check"]


def check(model_id: str, payload: dict[str, Any]) -> dict[str, Any]:
    """The report of a payload, each finding with the pointer of its input. Raises ``UnknownModel``."""
    report = validate(model_id, payload)
    return {
        "valid": report.valid,
        "summary": report.summary(),
        "errors": [_finding(one) for one in report.errors],
        "warnings": [_finding(one) for one in report.warnings],
        "unchecked": [
            {"pointer": one.pointer, "rule": one.rule, "text": one.reason}
            for one in report.unchecked
        ],
    }


def _finding(violation: Any) -> dict[str, str]:
    pointer = violation.pointer
    if violation.rule == "required" and isinstance(violation.limit, str):
        pointer = f"{pointer}/{violation.limit}"  # the page shows it at the missing input
    text = (violation.message or str(violation)).replace(
        AS_PATH, "; choose, drop or paste the file"
    )
    return {"pointer": pointer, "rule": violation.rule, "text": text}
