""" "Did you mean …?" suggestions for unknown names."""

from __future__ import annotations

from collections.abc import Iterable

from .checks import matches
from .json_values import pointer_token
from .media import pointer_of, walk
from .spelling import close_to
from .violation import Violation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .request import Request

__all__ = [
    "CLOSING",
    "did_you_mean",
    "ids_like",
    "unknown_input",
    "unknown_inputs",
    "unknown_members",
]

#: Rules by which a schema itself refuses unknown inputs.
CLOSING = ("additionalProperties", "unevaluatedProperties")
_UNKNOWN = "is not an input of this model"
#: The number of unknown inputs that get a suggestion: searching for one is slow.
_SUGGESTIONS = 20


def ids_like(model_id: str, known: Iterable[str], count: int = 3) -> list[str]:
    """The likely ``known`` ids: those that contain the given text, else those similar to it."""
    known = list(known)
    given = model_id.casefold().strip("/ ")
    holding = [one for one in known if len(given) > 2 and given in one.casefold()]
    return holding[:count] or close_to(model_id, known, count)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """``"; did you mean 'a' or 'b'?"`` for the end of a sentence, ``""`` if no name comes close."""
    near = " or ".join(map(repr, close_to(name, known, 2)))
    return near and f"; did you mean {near}?"


def unknown_input(name: str, value: object, known: Iterable[str]) -> Violation:
    """The violation for an input that the schema does not have."""
    known = sorted(known)
    near = close_to(name, known, 1)
    inputs = f"the inputs are {', '.join(known)}" if known else "it has none"
    hint = f"did you mean {near[0]!r}?" if near else inputs
    message = f"is not an input of this model; {hint}"
    return Violation("/" + pointer_token(name), "unknown-input", value, tuple(known), message)


def unknown_inputs(cls: type[Request[Any]], payload: dict[Any, Any]) -> list[Violation]:
    """The violations for inputs that the schema neither declares nor allows."""
    names = [
        name
        for name in payload
        if isinstance(name, str)
        and name not in cls._known
        and not any(matches(pattern, name) for pattern in cls._admitted)
    ]
    return [
        unknown_input(name, payload[name], cls._known)
        if place < _SUGGESTIONS
        else Violation("/" + pointer_token(name), "unknown-input", payload[name], None, _UNKNOWN)
        for place, name in enumerate(names)
    ]


def unknown_members(cls: type[Request[Any]], payload: dict[str, Any]) -> list[Violation]:
    """The violations for members of nested objects that the schema does not declare, though it declares others.

    >>> unknown_members(Loras, {"loras": [{"path": "https://…/a.safetensors", "scael": 1}]})[0].pointer
    '/loras/0/scael'
    """
    found: list[Violation] = []
    for path, known in cls._members:
        for steps, value in walk(payload, path):
            if not isinstance(value, dict):
                continue
            for name in [one for one in value if isinstance(one, str) and one not in known]:
                near = close_to(name, known, 1) if len(found) < _SUGGESTIONS else ()
                hint = (
                    f"did you mean {near[0]!r}?" if near else f"the members are {', '.join(known)}"
                )
                message = f"is not a member of this object; {hint}"
                where = pointer_of((*steps, name))
                found.append(Violation(where, "unknown-input", value[name], known, message))
    return found
