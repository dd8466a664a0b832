"""The pydantic hooks of request classes. Imported only when pydantic calls them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urljoin

from runcomfy.errors import ValidationError

from .json_values import to_plain
from .messages import sentence, show
from .plain_data import component_ref
from .schema_files import read_schemas
from .suggestions import CLOSING, unknown_inputs, unknown_members

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from .request import Request
    from .violation import Violation

__all__ = ["Allow", "core_schema", "json_schema"]

#: Keywords whose values are data, and those that hold schemas by names of the payload.
_DATA = frozenset({"const", "default", "enum", "example", "examples", "validations"})
_BY_NAME = frozenset(
    {"$defs", "definitions", "dependentSchemas", "patternProperties", "properties"}
)


class Allow:
    """An annotation: pydantic and FastAPI accept requests that violate the named rules, such as ``unknown-input``.

    >>> def run(body: Annotated[GptImage2Edit, Body(), Allow("unknown-input")]) -> None: ...
    """

    def __init__(self, *rules: str) -> None:
        self.rules = rules

    def __get_pydantic_core_schema__(self, source: Any, handler: Callable[[Any], Any]) -> Any:
        """The core schema of a request class with the allowed rules; that of any other type, unchanged."""
        if isinstance(source, type) and hasattr(source, "model_id"):
            return core_schema(source, self.rules)
        return handler(source)


def core_schema(cls: type[Request[Any]], allow: tuple[str, ...] = ()) -> Any:
    """A core schema that accepts an instance or a payload, and serialises to the payload.

    In an OpenAPI document the class is a component; in a union, error locations start with its name.
    """
    from pydantic_core import core_schema as core

    inner = core.with_info_plain_validator_function(
        lambda value, info: _parse(cls, value, {*allow, *_allowed(info.context)}),
        ref=component_ref(cls),
        serialization=core.plain_serializer_function_ser_schema(lambda request: request.payload()),
        metadata={"pydantic_js_functions": [lambda _core, _handler: json_schema(cls)]},
    )
    return core.chain_schema([inner], metadata={"pydantic_internal_union_tag_key": cls.__name__})


def _allowed(context: object) -> Iterable[str]:
    """The rules that the context of a validation allows: ``context={"allow": ["unknown-input"]}``."""
    allow = context.get("allow", ()) if isinstance(context, dict) else ()
    return (allow,) if isinstance(allow, str) else allow


def _parse(cls: type[Request[Any]], value: object, allow: set[str]) -> Request[Any]:
    from pydantic_core import InitErrorDetails, PydanticCustomError
    from pydantic_core import ValidationError as PydanticValidationError

    if isinstance(value, cls):
        return value
    payload = to_plain(value)
    violations: list[Violation] = []
    members: list[Violation] = []
    if isinstance(payload, dict) and "unknown-input" not in allow:
        violations, members = unknown_inputs(cls, payload), unknown_members(cls, payload)
    request: Request[Any] | None = None
    try:
        request = cls.from_payload(payload)  # anything but a mapping is a violation
    except ValidationError as error:
        closed = any(one.rule in CLOSING and not one.pointer for one in error.violations)
        violations = [*error.violations, *(() if closed else violations)]
    violations += members
    if request is not None and not violations:
        return request
    details = [
        InitErrorDetails(
            # A message is no template here: its braces would be read as fields.
            type=PydanticCustomError(
                _slug(violation.rule), "{message}", {"message": _words(violation)}
            ),
            loc=tuple(map(_as_text, _location(violation, payload))),
            input=_as_json(violation.value),
        )
        for violation in violations
    ]
    raise PydanticValidationError.from_exception_data(cls.__name__, details)


def _as_json(value: object) -> Any:
    """The value, which FastAPI answers with; what JSON cannot hold as a text that shows it."""
    plain = to_plain(value)
    try:
        json.dumps(plain, allow_nan=False, ensure_ascii=False).encode()
    except (ValueError, TypeError, RecursionError):  # NaN; half a surrogate pair; a file
        return show(plain)
    return plain


def _as_text(step: int | str) -> int | str:
    """A step of a place; half a surrogate pair in a name is escaped."""
    return step.encode("utf-8", "backslashreplace").decode() if isinstance(step, str) else step


def _slug(rule: str) -> Any:
    return "runcomfy_" + "".join(c if c.isalnum() else "_" for c in rule).lower()


def _words(violation: Violation) -> str:
    return sentence(violation.rule, violation.message, violation.value, violation.limit)


def _location(violation: Violation, payload: Any) -> Iterator[int | str]:
    """The steps to the value. As in pydantic, a missing member has the location where it belongs."""
    part = payload
    for escaped in violation.pointer.split("/")[1:]:
        step = escaped.replace("~1", "/").replace("~0", "~")
        if isinstance(part, list):
            yield int(step)
            part = part[int(step)]
        else:
            yield step
            part = part.get(step) if isinstance(part, dict) else None
    if violation.rule == "required":
        yield str(violation.limit)


def json_schema(cls: type[Request[Any]]) -> dict[str, Any]:
    """The stored schema, or its corrected form if it is not valid JSON Schema (``type: float``, for instance).

    References inside it become absolute, so that they work wherever it is embedded. Its defaults, which are demo
    values, become examples.
    """
    base = "https://runcomfy.invalid/" + quote(cls.model_id)
    schema = _as_read(cls)
    absolute: dict[str, Any] = _shown(schema, base)
    if '"$ref"' in json.dumps(absolute):
        absolute["$id"] = base
    absolute.setdefault("title", cls.__name__)
    return absolute


def _as_read(cls: type[Request[Any]]) -> dict[str, Any]:
    schema: dict[str, Any] = cls.input_schema()
    try:
        stored = read_schemas(cls._check.__module__)
    except (OSError, ValueError):  # a class that was written by hand, with a schema of its own
        return schema
    # A subclass may have a schema of its own as well.
    return stored.get("shown", schema) if stored["input"] == schema else schema


def _shown(schema: Any, base: str) -> Any:
    # Pydantic takes any reference that is not a URL for one of its own, even inside data, and fails if it
    # does not know it.
    if isinstance(schema, list):
        return [_shown(part, base) for part in schema]
    if not isinstance(schema, dict):
        return schema
    absolute: dict[str, Any] = {}
    for keyword, part in schema.items():
        if keyword == "default":  # the page's demo value, which no one assumes
            examples = schema.get("examples")
            more = examples if isinstance(examples, list) else []
            if '"$ref"' not in json.dumps([part, more]):
                absolute["examples"] = [part, *(one for one in more if one != part)]
        elif keyword == "examples" and "default" in schema:
            continue
        elif keyword in _DATA:
            if '"$ref"' not in json.dumps(part):
                absolute[keyword] = part
        elif keyword in _BY_NAME and isinstance(part, dict):
            absolute[keyword] = {name: _shown(inner, base) for name, inner in part.items()}
        elif keyword != "$ref" or not isinstance(part, str):
            absolute[keyword] = _shown(part, base)
        elif (target := urljoin(base, part)).startswith(("http://", "https://")):
            absolute[keyword] = target
    return absolute
