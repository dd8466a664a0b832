"""``Request``: the base of every generated request class."""

from __future__ import annotations

from .json_values import UNSET, find_non_json, is_plain, to_plain
from .output import lazy_hints
from .violation import UNCHECKED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import (
        Any,
        ClassVar,
        Generic,
        NoReturn,
        Protocol,
        Self,
        TypeVar,
        dataclass_transform,
    )

    from .media import MediaInput
    from .output import Output
    from .violation import Violation

    OutputT_co = TypeVar("OutputT_co", bound=Output, covariant=True)

    class Checker(Protocol):
        """A generated check; as a protocol it is no method to type checkers."""

        def __call__(self, payload: Any, /) -> list[Violation]: ...
else:
    # The typing module takes longer to import than everything else a validation needs, so it is
    # left to type checkers, and these two stand in for it.
    OutputT_co = None

    class Generic:
        """Gives ``Request[...]`` its brackets."""

        __slots__ = ()

        def __class_getitem__(cls, _):
            return cls

    def dataclass_transform(**_):
        """Return the class as it is."""
        return lambda cls: cls


__all__ = ["Request"]


class _Input:
    # The descriptor behind an input of a request class: reads it, refuses to change it, and has the words
    # of the schema as its docstring.

    __slots__ = ("_owner", "python_name", "wire_name")

    def __init__(self, owner: type[Request[Any]], python_name: str, wire_name: str) -> None:
        self._owner = owner
        self.python_name = python_name
        self.wire_name = wire_name

    @property
    def __doc__(self) -> str:  # type: ignore[override]  # help() reads it of an instance
        from .input_docs import describe

        return describe(self._owner, self.python_name, self.wire_name)

    def __repr__(self) -> str:
        return f"<input {self.python_name} of {self._owner.__name__}>"

    def __get__(self, request: Request[Any] | None, owner: type) -> Any:
        if request is None:
            return self
        return _frozen(request._inputs.get(self.wire_name, UNSET))

    def __set__(self, request: Request[Any], value: object) -> NoReturn:
        raise AttributeError(
            f"{type(request).__name__} is frozen; make a changed copy with "
            f".replace({self.python_name}=…)"
        )


class _Signature:
    """The constructor's signature, for ``help()`` and notebooks; made when someone looks."""

    __slots__ = ()

    def __get__(self, request: object, owner: type[Request[Any]]) -> Any:
        from inspect import Parameter, Signature

        annotations: dict[str, Any] = {}
        for cls in reversed(owner.__mro__):
            annotations |= dict.copy(getattr(cls, "__annotations__", {}))  # as texts
        return Signature(
            [
                Parameter(
                    name,
                    Parameter.KEYWORD_ONLY,
                    default=Parameter.empty if name in owner._required else UNSET,
                    annotation=annotations[name],
                )
                for name in owner._wire_names
            ]
        )


class _DataclassFields:
    """``__dataclass_fields__``, for ``dataclasses.fields``, ``replace`` and ``asdict``, which type checkers allow.

    Those of a request are the inputs that are given, so that ``asdict``, and FastAPI with it, writes no others.
    """

    __slots__ = ()

    def __get__(self, request: object, owner: type[Request[Any]]) -> Any:
        from .frozen import dataclass_fields

        fields = dataclass_fields(owner)
        if not isinstance(request, Request):
            return fields
        wire_names = owner._wire_names
        return {
            name: field for name, field in fields.items() if wire_names[name] in request._inputs
        }


@dataclass_transform(kw_only_default=True, frozen_default=True, eq_default=True)
class Request(Generic[OutputT_co]):
    """A request to one model. Each model has a generated subclass with its inputs.

    A request is frozen. Making one runs the model's schema checks and raises one
    ``ValidationError`` with every violation. An input that was not given is ``UNSET`` and is not
    sent; no default is ever filled in.

    >>> request = GptImage2Edit(prompt="add a hat", images=["https://example.com/cat.png"])
    >>> request.payload()
    {'prompt': 'add a hat', 'images': ['https://example.com/cat.png']}
    """

    __slots__ = ("_inputs",)
    _inputs: dict[str, Any]

    model_id: ClassVar[str]
    """The id of the model, as the service knows it."""

    output_type: ClassVar[type[Output]]
    """The class of the model's output."""

    # Facts that generated subclasses fill in.
    _check: ClassVar[Checker]
    _example: ClassVar[dict[str, Any]]
    _media: ClassVar[tuple[MediaInput, ...]] = ()
    _aliases: ClassVar[dict[str, str]] = {}
    _required: ClassVar[tuple[str, ...]] = ()
    # Why the model should not be used any longer; the first request warns.
    _deprecated: ClassVar[str] = ""
    # Patterns of the names that the schema takes beside the inputs.
    _admitted: ClassVar[tuple[str, ...]] = ()
    # The objects inside inputs whose members are all declared: the names that lead there, and the members.
    _members: ClassVar[tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]] = ()
    # Derived from them, once a class: Python name -> wire name, and the wire names.
    _wire_names: ClassVar[dict[str, str]] = {}
    _known: ClassVar[frozenset[str]] = frozenset()

    if not TYPE_CHECKING:
        __signature__ = _Signature()
        __dataclass_fields__ = _DataclassFields()

    def __init_subclass__(cls) -> None:
        """Replace each declared input with a read-only descriptor."""
        hints: dict[str, str] = vars(cls).get("__annotations__", {})
        own = {name: cls._aliases.get(name, name) for name in hints}
        lazy_hints(cls, cls.__module__)
        cls._wire_names = {**cls._wire_names, **own}
        cls._known = frozenset(cls._wire_names.values())
        for name, wire_name in own.items():
            setattr(cls, name, _Input(cls, name, wire_name))

    if not TYPE_CHECKING:  # checkers derive the signature from the declared inputs

        def __init__(self, *unnamed, **inputs):
            if unnamed:
                _refuse_unnamed(type(self))
            _set_inputs(self, _changed(type(self), {}, inputs))

    def payload(self) -> dict[str, Any]:
        """The inputs as sent: a fresh copy in plain data, under their wire names.

        Raises ``UnresolvedFiles`` if inputs are local files: a client sees to them when it sends
        the request, and ``runcomfy.uploads.resolve`` gives a request with URLs in their places.
        """
        payload: dict[str, Any] = to_plain(self._inputs)
        if self._media:
            from .local_files import require_urls

            require_urls(self._media, payload)
        return payload

    @classmethod
    def from_payload(cls, payload: Mapping[str, Any]) -> Self:
        """The request for a payload in its wire form, such as one read from a file.

        Inputs that the schema does not know are kept and sent; ``validate`` warns about them.
        Raises ``ValidationError`` like the constructor.
        """
        plain = to_plain(payload)
        violations = check_payload(cls, plain)
        if violations:
            _refuse(cls.model_id, violations)
        return cls._trusted(plain)

    @classmethod
    def example(cls) -> Self:
        """The request that the model's documentation page shows.

        Without an example on the page: the required inputs with their demo values, else ``""`` or ``[]``. Raises
        ``ValidationError`` if that is not a valid request.
        """
        return cls.from_payload(cls._example)

    @classmethod
    def input_schema(cls) -> dict[str, Any]:
        """The model's input schema as stored, with overrides applied."""
        from .schema_files import read_schemas

        # A subclass of the user's own may live anywhere; the check lies beside the schema.
        schema: dict[str, Any] = read_schemas(cls._check.__module__)["input"]
        return schema

    def replace(self, **changes: object) -> Self:
        """A validated copy with some inputs changed; ``UNSET`` removes one."""
        return self._trusted(_changed(type(self), self._inputs, changes))

    __replace__ = replace  # copy.replace() of Python 3.13

    @classmethod
    def _trusted(cls, inputs: dict[str, Any]) -> Self:
        request = cls.__new__(cls)
        _set_inputs(request, inputs)
        return request

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(
            f"{type(self).__name__} is frozen; make a changed copy with .replace(…)"
        )

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(
            f"{type(self).__name__} is frozen; make a changed copy with .replace(…)"
        )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Request):
            return NotImplemented
        return type(self) is type(other) and self._inputs == other._inputs

    def __hash__(self) -> int:
        return hash((type(self), _hashable(self._inputs)))

    def __repr__(self) -> str:
        from .messages import show

        names = {wire: name for name, wire in self._wire_names.items()}
        given = ", ".join(
            f"{names.get(wire, wire)}={_shown(value, show)}" for wire, value in self._inputs.items()
        )
        return f"{type(self).__name__}({given})"

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (type(self), self._inputs)

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: object) -> Any:
        """Let pydantic and FastAPI accept request classes as fields and bodies."""
        from .pydantic_hooks import core_schema

        return core_schema(cls)


lazy_hints(Request)


def check_payload(cls: type[Request[Any]], payload: object) -> list[Violation]:
    """Every violation of ``payload``, whatever types the caller built it from."""
    return [one for one in find_violations(cls, payload) if one.rule != UNCHECKED]


def find_violations(cls: type[Request[Any]], payload: object) -> list[Violation]:
    """Every violation of ``payload``; checks that took too much work have the rule ``UNCHECKED``.

    Generated checks accept the exact types that ``json.loads`` returns. Members of ``str`` enums and similar
    values fail at first, and are then converted and checked again; local files in media inputs are replaced by
    placeholder URLs.
    """
    violations = cls._check(payload)
    if violations and not all(is_plain(violation.value) for violation in violations):
        payload = to_plain(payload)
        if cls._media:
            from .local_files import check_stand_ins

            violations = check_stand_ins(cls._check, cls._media, payload)
        else:
            violations = cls._check(payload)
    if isinstance(payload, dict) and not cls._known.issuperset(payload):
        # The schema says nothing of these, yet they travel with the rest.
        others: list[Violation] = []
        unknown = {name: payload[name] for name in payload if name not in cls._known}
        find_non_json(to_plain(unknown), "", others)
        violations += [violation for violation in others if violation not in violations]
    return violations


def _changed(
    cls: type[Request[Any]], inputs: dict[str, Any], changes: Mapping[str, object]
) -> dict[str, Any]:
    """``inputs`` with ``changes``, which go by Python names; raises ``ValidationError``."""
    wire_names = cls._wire_names
    payload = dict(inputs)
    for name, value in changes.items():
        if name in wire_names and value is not UNSET:
            payload[wire_names[name]] = to_plain(value)
        elif name in wire_names:
            payload.pop(wire_names[name], None)
    violations = check_payload(cls, payload)
    violations += [_unknown_input(name, wire_names) for name in changes if name not in wire_names]
    if violations:
        _refuse(cls.model_id, violations)
    return payload


def _refuse(model_id: str, violations: list[Violation]) -> NoReturn:
    from runcomfy.errors import ValidationError  # on the failure path only: it costs start-up time

    raise ValidationError(model_id, violations)


def _refuse_unnamed(cls: type[Request[Any]]) -> NoReturn:
    name = cls.__name__
    first = next(iter(cls._wire_names), "name")
    raise TypeError(
        f"{name} takes keyword arguments only, such as {name}({first}=…); pass a whole payload to "
        f"{name}.from_payload(…)"
    )


def _unknown_input(name: str, known: Mapping[str, str]) -> Violation:
    from .suggestions import unknown_input

    return unknown_input(name, None, known)


def _set_inputs(request: Request[Any], inputs: dict[str, Any]) -> None:
    object.__setattr__(request, "_inputs", inputs)
    if request._deprecated:
        from .deprecation import warn_once

        warn_once(type(request), request._deprecated)


def _restore(cls: type[Request[Any]], inputs: dict[str, Any]) -> Request[Any]:
    return cls._trusted(inputs)


def _frozen(value: Any) -> Any:
    if value.__class__ is list:
        return tuple(_frozen(item) for item in value)
    if value.__class__ is dict:
        from .frozen import FrozenDict

        return FrozenDict({name: _frozen(item) for name, item in value.items()})
    return value


def _hashable(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_hashable(item) for item in value)
    if isinstance(value, dict):
        return frozenset((name, _hashable(item)) for name, item in value.items())
    return value


def _shown(value: object, show: Callable[[object], str]) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(_shown(item, show) for item in value) + "]"
    # Python refuses to write an integer of thousands of digits.
    return show(value) if isinstance(value, (str, bytes)) or type(value) is int else repr(value)
