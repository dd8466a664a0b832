"""The reference: what the jsonschema library says of a payload, and what ours must say with it.

The library checks the clean schema (``runcomfy_codegen.schema.normalise.clean``). Ours has to come to the same verdict, find
violations at the same places, and name the same rules, with two liberties: what is said of a value may end with
its being of a wrong type or none of an enum's, where the library goes on (1.5 is no integer, and above 1 as well),
and where the library says that none of several options fits, ours may say what is wrong with the nearest one.
The library reads multipleOf as binary fractions; here it reads decimals, as ours does.
"""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Iterator
from decimal import Context, Decimal
from typing import Any

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import extend

import runcomfy
from runcomfy.model.json_values import pointer_token
from runcomfy.model.request import check_payload
from runcomfy_codegen.schema.inputs import gather_inputs
from runcomfy_codegen.schema.normalise import clean

__all__ = ["Oracle"]

#: Rules whose limit is written down in the same way by the library and by us.
_PLAIN_LIMITS = {
    "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength",
    "pattern", "minItems", "maxItems", "minProperties", "maxProperties", "required",
}  # fmt: skip

#: pointer -> the rules that are broken there, with their limits where these can be compared.
Findings = dict[str, set[tuple[str, object]]]


#: Rules after which no more has to be said of a value.
_FINAL = {"type", "enum", "const", "json"}


def _outside(final: set[str], findings: Findings) -> Findings:
    """The findings that are neither at nor below one of these places."""
    return {
        pointer: rules
        for pointer, rules in findings.items()
        if not any(pointer == place or pointer.startswith(f"{place}/") for place in final)
    }


#: Rules for which ours may say what is wrong inside instead.
_UNIONS = {"anyOf", "oneOf"}


def _within(place: str, pointer: str) -> bool:
    return pointer == place or pointer.startswith(f"{place}/")


def _multiple_of(_: Any, step: float, value: Any, __: object) -> Iterator[ValidationError]:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        exact = Context(prec=20_000, Emin=-(10**6), Emax=10**6)
        number, by = (Decimal(x) if isinstance(x, int) else Decimal(repr(x)) for x in (value, step))
        if exact.remainder(number, by) != 0:
            yield ValidationError("is no multiple")


Library: Any = extend(  # type: ignore[no-untyped-call]  # the library declares no types for it
    Draft202012Validator, {"multipleOf": _multiple_of}
)


class Oracle:
    """Holds one request class against the library."""

    def __init__(self, cls: type[runcomfy.Request[Any]]) -> None:
        self.cls = cls
        declared = cls.input_schema()
        self.schema = clean(declared, *gather_inputs(declared).declaring)[0]
        self.validator = Library(self.schema)

    def expected(self, payload: Any) -> Findings:
        found: Findings = defaultdict(set)
        missing: dict[str, list[str]] = {}
        for error in self.validator.iter_errors(payload):
            pointer = "".join(f"/{pointer_token(step)}" for step in error.absolute_path)
            limit: object = None
            if error.validator == "required":  # the library says which name in its message only
                names = missing.setdefault(
                    f"{pointer} {list(error.absolute_schema_path)}",
                    [name for name in error.validator_value if name not in error.instance],
                )
                limit = names.pop(0)
            elif error.validator in _PLAIN_LIMITS:
                limit = error.validator_value
            found[pointer].add((str(error.validator), limit))
        return found

    def found(self, payload: object) -> Findings:
        found: Findings = defaultdict(set)
        for violation in check_payload(self.cls, payload):
            compared = violation.rule in _PLAIN_LIMITS
            found[violation.pointer].add((violation.rule, violation.limit if compared else None))
            assert violation.rule in str(violation.as_dict()), "it can be told"
            assert str(violation).startswith(violation.pointer or "payload")
        return found

    def accepts(self, payload: Any) -> bool:
        try:
            request = self.cls.from_payload(payload)
        except runcomfy.ValidationError:
            return False
        assert repr(request.payload()) == repr(payload)
        return True

    def compare(self, payload: object) -> bool:
        """Assert that all three agree about ``payload`` and leave it alone; return the verdict."""
        before = copy.deepcopy(payload)
        expected, found = self.expected(payload), self.found(payload)
        valid = not expected
        for place in [p for p, rules in expected.items() if {rule for rule, _ in rules} & _UNIONS]:
            if place not in expected:  # it lies within another such place
                continue
            assert any(_within(place, p) for p in found), self.told(payload, expected, found)
            expected, found = _outside({place}, expected), _outside({place}, found)
        final = {p for p, rules in found.items() if {rule for rule, _ in rules} < _FINAL}
        assert _outside(final, found) == _outside(final, expected), self.told(
            payload, expected, found
        )
        for place in final:  # an enum's value may be barred by a rule about what is inside it
            assert _outside({place}, expected) != expected, self.told(payload, expected, found)
        assert self.accepts(payload) == valid, self.told(payload, expected, found)
        assert repr(payload) == repr(before), "the caller's data was changed"
        return valid

    def told(self, payload: object, expected: Findings, found: Findings) -> str:
        return f"{payload!r:.2000} by {self.schema!r:.2000}: library {dict(expected)}, ours {dict(found)}"
