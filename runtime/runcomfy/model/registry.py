"""Where request classes are found by model id.

A generated package holds ``_OWNERS``: owner -> subpackage, and each subpackage ``_MODELS``: model id ->
class name, so that one validation does not read what there is of a thousand models. Packages are asked
in this order: those given to ``register``, the last one first; the one that comes with runcomfy; those
that installed distributions announce in the entry point group ``runcomfy.models``. The first package
that has the id wins. Entry points are read only when the others do not have it, because reading them
takes longer than validating.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from .request import Request

__all__ = ["find_model", "model_ids", "register"]

_BUNDLED = "runcomfy_models"
_registered: list[str] = []
_found: dict[str, type[Request[Any]]] = {}


def register(package: str) -> None:
    """Let ``validate`` and the clients find the models of a generated package by their ids.

    ``package`` is its import name. Its models take precedence over the bundled ones. Raises
    ``ModuleNotFoundError`` where there is no such package, or it is not a generated one.

    >>> runcomfy.register("my_models")
    """
    try:
        module = _module(package)  # a wrong name shows here, not at the first validation
    except ModuleNotFoundError as error:
        if not f"{package}.".startswith(f"{error.name}."):  # one that the package itself imports
            raise
        words = f"there is no package {package!r} to import; install it or set PYTHONPATH"
        raise ModuleNotFoundError(words, name=error.name) from None
    if not hasattr(module, "_OWNERS"):
        words = f"{package!r} was not made by 'runcomfy-codegen generate --package'"
        raise ModuleNotFoundError(words, name=package)
    if package in _registered:
        _registered.remove(package)
    _registered.insert(0, package)
    _found.clear()


def find_model(model_id: str) -> type[Request[Any]]:
    """The request class of the model. Raises ``UnknownModel`` with the ids that come close."""
    cls = _found.get(model_id)
    if cls is None:
        cls = _found[model_id] = _load(model_id)
    return cls


def model_ids() -> list[str]:
    """The ids of every model that is installed, sorted."""
    return sorted(
        {
            model_id
            for package in _in_order()
            for owner in _owners(package).values()
            for model_id in _module(f"{package}.{owner}")._MODELS
        }
    )


def _load(model_id: str) -> type[Request[Any]]:
    for package in _in_order():
        cls = _look_up(package, model_id)
        if cls:
            return cls
    from runcomfy.errors import UnknownModel

    from .suggestions import ids_like

    raise UnknownModel(model_id, ids_like(model_id, model_ids()))


def _in_order() -> Iterator[str]:
    yield from _registered
    yield _BUNDLED
    yield from _announced()


def _announced() -> list[str]:
    from importlib.metadata import entry_points

    named = sorted({point.value for point in entry_points(group="runcomfy.models")})
    return [package for package in named if _is_there(package)]


def _is_there(package: str) -> bool:
    """Whether an announced package can be imported; one that is gone must not stop the others."""
    try:
        for owner in _owners(package).values():
            _module(f"{package}.{owner}")._MODELS  # noqa: B018  # it is there, or it is not
    except (ImportError, AttributeError) as error:
        from logging import getLogger

        getLogger("runcomfy").warning("the announced package %s is left out: %s", package, error)
        return False
    return True


def _look_up(package: str, model_id: str) -> type[Request[Any]] | None:
    subpackage = _owners(package).get(model_id.partition("/")[0])
    if subpackage is None:
        return None
    owner = _module(f"{package}.{subpackage}")
    name = owner._MODELS.get(model_id)
    return name and getattr(owner, name)  # type: ignore[no-any-return]  # an imported module is Any


def _owners(package: str) -> dict[str, str]:
    return _module(package)._OWNERS  # type: ignore[no-any-return]  # likewise


def _module(name: str) -> Any:
    # importlib would be one more module to load; __import__ with a name that is there does the same.
    return __import__(name, fromlist=("__name__",))
