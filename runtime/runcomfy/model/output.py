"""``Output``: the base of every generated output class; and annotations that are evaluated on demand."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any, ClassVar, Self

__all__ = ["LazyHints", "Output", "lazy_hints"]


class LazyHints(dict):  # type: ignore[type-arg]  # type checkers see the annotations themselves
    """Annotations as texts, evaluated when ``typing.get_type_hints`` goes through them.

    The names in them are imported for type checkers only, since that takes longer than a validation.
    """

    __slots__ = ("_module",)

    def __init__(self, annotations: dict[str, Any], module: str) -> None:
        super().__init__(annotations)
        self._module = module

    def _evaluated(self) -> dict[str, Any]:
        from .type_hints import evaluated

        return evaluated(dict.items(self), self._module)

    def items(self) -> Any:
        """The evaluated annotations."""
        return self._evaluated().items()


class CopiedHints(LazyHints):
    """``LazyHints`` that also evaluate when they are copied, instead of copying the strings."""

    __slots__ = ()

    def __iter__(self) -> Iterator[str]:  # with this method, ``dict(…)`` calls ``__getitem__``
        return iter([*dict.keys(self)])

    def __getitem__(self, name: str) -> Any:
        return self._evaluated()[name]


#: From Python 3.14 on, the annotations of classes are copied as well.
_COPIES = hasattr(type, "__annotate__")


def lazy_hints(value: Any, root: str = "runcomfy.") -> None:
    """Make the annotations below ``root`` lazy ones: of a function, or of a class, its bases, methods and properties."""
    for cls in value.__mro__ if isinstance(value, type) else ():
        if cls.__module__.startswith(root):
            for one in (cls, *vars(cls).values()):
                for target in _annotated(one):
                    _make_lazy(target, root)
    if not isinstance(value, type):
        _make_lazy(value, root)


def _annotated(one: Any) -> tuple[Any, ...]:
    """The object that holds the annotations of a class member."""
    if isinstance(one, property):
        return one.fget, one.fset
    return (getattr(one, "__func__", one),)  # of a class method


def _make_lazy(target: Any, root: str) -> None:
    module = getattr(target, "__module__", None)
    if isinstance(module, str) and module.startswith(root):
        is_class = isinstance(target, type)
        own = vars(target) if is_class else {"__annotations__": getattr(target, "__annotations__", None)}  # fmt: skip
        hints: Any = own.get("__annotations__")
        if hints.__class__ is dict:
            kind = CopiedHints if _COPIES or not is_class else LazyHints
            target.__annotations__ = kind(hints, module)


class Output:
    """The output of a model: documented fields as attributes, everything else in ``raw``.

    Outputs are open. A field that the service omits is ``None``. ``raw`` holds undocumented fields, and
    documented fields of an undocumented type.

    >>> output = GptImage2EditOutput.from_payload({"image": "https://…", "seed": 7})
    >>> output.image, output.raw["seed"]
    ('https://…', 7)
    """

    __slots__ = ("raw",)

    # Python name -> (wire name, the JSON types that the attribute's annotation allows).
    _fields: ClassVar[dict[str, tuple[str, tuple[type, ...]]]] = {}

    raw: Mapping[str, Any]
    """The whole output as the service sent it."""

    def __init_subclass__(cls) -> None:
        """Make the fields' annotations lazy."""
        lazy_hints(cls, cls.__module__)

    @classmethod
    def from_payload(cls, raw: Mapping[str, Any]) -> Self:
        """The output in the service's document. Unexpected fields never raise."""
        output = cls.__new__(cls)
        output.raw = raw
        for name, (wire_name, kinds) in cls._fields.items():
            value = raw.get(wire_name)
            fits = isinstance(value, kinds)
            if value.__class__ is bool and fits:  # to Python a number, and to JSON none
                fits = bool in kinds or object in kinds
            object.__setattr__(output, name, value if fits else None)
        return output

    def as_dict(self) -> dict[str, Any]:
        """The output as plain data, as the service sent it."""
        return dict(self.raw)

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        """The items of ``as_dict()``, so that ``dict(output)`` is plain data."""
        return iter(Output.as_dict(self).items())

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: object) -> Any:
        """Let pydantic and FastAPI serialise outputs as plain data."""
        from .plain_data import plain_data_schema

        return plain_data_schema(cls)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Output):
            return NotImplemented
        return type(self) is type(other) and self.raw == other.raw

    # ``raw`` is a mapping the caller may hold, so there is nothing stable to hash.
    __hash__ = None  # type: ignore[assignment]  # the documented way to say "unhashable"

    def __repr__(self) -> str:
        fields = (f"{name}={getattr(self, name)!r}" for name in self._fields)
        given = ", ".join(field for field in fields if not field.endswith("=None"))
        return f"{type(self).__name__}({given})"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self).from_payload, (dict(self.raw),)


lazy_hints(Output)
