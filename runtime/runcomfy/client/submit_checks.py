"""``SubmitChecks``: which findings about a payload stop a submit, and which are only logged."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from runcomfy.errors import ConfigurationError, ValidationError
from runcomfy.model.suggestions import did_you_mean
from runcomfy.redaction import clean
from runcomfy.validation.media import ADVICE, NOT_ASKED
from runcomfy.validation.report import SLIPS, grouped
from runcomfy.validation.validate import examine

from .prepared_request import require_schema

if TYPE_CHECKING:
    from runcomfy.model.request import Request
    from runcomfy.model.violation import Violation
    from runcomfy.validation.media import GivenFiles
    from runcomfy.validation.report import Report

__all__ = ["SubmitChecks"]

#: The rules that can be allowed, beside those of files, which are named as the schema writes them.
_ALLOWED = SLIPS | {"file-kind", "file-unknown", "url-http", ADVICE}

_log = logging.getLogger("runcomfy")


@dataclass(frozen=True, slots=True)
class SubmitChecks:
    """How strictly payloads are checked before they are paid for.

    Errors stop a submit, and so do slips: warnings about likely mistakes. ``allow`` holds the names of rules
    that do not stop it. With ``strict``, every other warning stops it too.
    """

    allow: frozenset[str] = frozenset()
    strict: bool = False
    #: Whether the service runs on this machine, and so reaches what this machine reaches.
    local_service: bool = False

    @classmethod
    def of(cls, allow: Iterable[str], strict: bool, *, local_service: bool) -> SubmitChecks:
        """Checked settings. Raises ``ConfigurationError``."""
        return cls(_names(allow), _flag(strict), local_service)

    def changed(self, allow: Iterable[str], strict: bool | None) -> SubmitChecks:
        """These settings, as changed for one call."""
        if not allow and strict is None:
            return self
        strict = self.strict if strict is None else _flag(strict)
        return replace(self, allow=self.allow | _names(allow), strict=strict)

    def require(self, cls: type[Request[Any]], payload: object, files: GivenFiles) -> None:
        """Raise ``ValidationError`` for what stops a submit, and log what does not."""
        files.local_service = self.local_service
        report = examine(cls, payload, files=files)
        if not (report.errors or report.warnings or report.unchecked):
            return
        allowed = [one for one in (*report.errors, *report.warnings) if one.rule in self.allow]
        errors = [one for one in report.errors if one not in allowed]
        stops = [one for one in report.warnings if one not in allowed and self._stops(one)]
        if errors or stops:
            raise ValidationError(cls.model_id, errors + stops, _how_to_insist(errors, stops))
        if any(one.rule == "schema" for one in report.unchecked):
            require_schema(cls, payload)  # only a library that is not there could check it
        for one in allowed:
            _log.info("%s: allowed: %s", report.model_id, clean(str(one)))
        _warn(report, [one for one in report.warnings if one not in allowed])

    def _stops(self, warning: Violation) -> bool:
        return self.strict or warning.rule in SLIPS


def _warn(report: Report, warnings: list[Violation]) -> None:
    """Log warnings, and which files could not be checked that should have been."""
    unchecked = grouped(one for one in report.unchecked if one.reason not in NOT_ASKED)
    for one in (*warnings, *unchecked):
        _log.warning("%s: %s", report.model_id, clean(str(one)))


def _how_to_insist(errors: list[Violation], stops: list[Violation]) -> str:
    rules = sorted({one.rule for one in stops} | {one.rule for one in errors} & {"file-kind"})
    if not rules:
        return ""
    names = ", ".join(map(repr, rules)) + ("," if len(rules) == 1 else "")
    return f"Nothing was submitted. If this is intended, pass allow=({names}) to the call or to the client."


def _names(allow: Iterable[str]) -> frozenset[str]:
    if not isinstance(allow, Iterable):
        raise ConfigurationError(f"allow must be a list of names of rules, got {allow!r:.80}")
    names = (allow,) if isinstance(allow, str) else tuple(allow)
    for name in names:
        # The rules of files carry their operator: "width_pixels>".
        if name not in _ALLOWED and not (isinstance(name, str) and name.endswith(("<", ">", "="))):
            hint = (
                did_you_mean(str(name), _ALLOWED)
                or f"; the rules are {', '.join(sorted(_ALLOWED))}"
            )
            raise ConfigurationError(f"allow contains an unknown rule: {name!r:.80}{hint}")
    return frozenset(names)


def _flag(strict: bool) -> bool:
    if not isinstance(strict, bool):
        raise ConfigurationError(f"strict must be True or False, got {strict!r:.80}")
    return strict
