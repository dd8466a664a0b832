"""The registry of request classes by model id.

A generated package holds ``_OWNERS``: owner -> subpackage. Each subpackage holds ``_MODELS``, its index: a text with
a line for each model, ``module Class ClassOutput …<tab>model id``. A text is loaded at once however many models it
tells of, which a dict is not. Packages are asked
in this order: those given to ``register``, the last one first; the one that comes with runcomfy; those
that installed distributions announce in the entry point group ``runcomfy.models``. The first package
that has the id wins. Entry points are read only when the others do not have it, because reading them
takes longer than validating.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, NoReturn

    from .request import Request

__all__ = [
    "find_model",
    "find_served",
    "load_class",
    "look_elsewhere",
    "model_ids",
    "names_in_index",
    "register",
]

_BUNDLED = "runcomfy_models"
_registered: list[str] = []
_found: dict[str, type[Request[Any]]] = {}


def register(package: str) -> None:
    """Make the models of a generated package available to ``validate`` and the clients by id.

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
    """The request class of the model. Raises ``UnknownModel`` with similar ids."""
    cls = _found.get(model_id)
    if cls is None:
        cls = _found[model_id] = _load(model_id)
    return cls


def find_served(model_id: str) -> type[Request[Any]]:
    """``find_model``, and the classes that this program has imported from wherever; the newest of several."""
    from runcomfy.errors import UnknownModel

    from .request import Request

    try:
        return find_model(model_id)
    except UnknownModel:
        waiting: list[type[Request[Any]]] = [Request]
        found = None
        while waiting:
            cls = waiting.pop(0)
            waiting += cls.__subclasses__()
            if cls.__dict__.get("model_id") == model_id:
                found = cls
        if found is None:
            raise
        return found


def model_ids() -> list[str]:
    """The ids of all installed models, sorted."""
    return sorted(
        {
            model_id
            for package in _in_order()
            for owner in _owners(package).values()
            for model_id in _ids_in(_module(f"{package}.{owner}")._MODELS)
        }
    )


def load_class(package: str, index: str, name: str) -> object:
    """The class ``name`` of an owner's subpackage, from the module that ``index`` names for it.

    Raises ``AttributeError`` where no module gives it, ``IncompatiblePackage`` where its module is missing.
    """
    if name == "__all__":
        return names_in_index(index)
    found = index.find(f" {name}")
    while found >= 0:
        start = index.rfind("\n", 0, found) + 1
        module, *names = index[start : index.index("\t", start)].split(" ")
        if name in names:
            return _give(package, module, name)
        found = index.find(f" {name}", found + 1)
    raise AttributeError(f"module {package!r} has no attribute {name!r}")


def look_elsewhere(package: str, name: str) -> NoReturn:
    """Say where a class is that was looked for at the top of a generated package.

    Raises ``ImportError``, whose words an import statement shows, or ``AttributeError`` for any other name.
    """
    if name[:1].isupper():
        from .suggestions import close_to

        homes = {
            one: f"{package}.{owner}"
            for owner in _owners(package).values()
            for one in names_in_index(_module(f"{package}.{owner}")._MODELS)
        }
        found = name if name in homes else next(iter(close_to(name, homes, 1)), "")
        if found:
            meant = f"{name!r} is" if found == name else f"did you mean {found!r}? It is"
            words = f"{meant} in {homes[found]}: from {homes[found]} import {found}"
            raise ImportError(f"{package} has no {name!r}: {words}", name=package)
    raise AttributeError(f"module {package!r} has no attribute {name!r}")


def names_in_index(index: str) -> list[str]:
    """All names that an owner's subpackage gives, sorted."""
    lines = index.splitlines()
    return sorted(name for line in lines for name in line.partition("\t")[0].split(" ")[1:])


def _ids_in(index: str) -> list[str]:
    return [line.partition("\t")[2] for line in index.splitlines()]


def _give(package: str, module: str, name: str) -> object:
    try:
        value: object = getattr(_module(f"{package}.{module}"), name)
    except ModuleNotFoundError as error:
        if error.name != f"{package}.{module}":
            raise
        from runcomfy.errors import IncompatiblePackage

        raise IncompatiblePackage(
            f"The generated package {package.rpartition('.')[0]} lacks its module {error.name}: run "
            "'runcomfy-codegen generate' again, or reinstall the distribution that it came with."
        ) from None
    setattr(_module(package), name, value)
    return value


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
    owner = f"{package}.{subpackage}"
    index: str = _module(owner)._MODELS
    end = index.find(f"\t{model_id}\n")
    if end < 0:
        return None
    module, name = index[index.rfind("\n", 0, end) + 1 : end].split(" ")[:2]
    return _give(owner, module, name)  # type: ignore[return-value]  # the first name is the request class


def _owners(package: str) -> dict[str, str]:
    return _module(package)._OWNERS  # type: ignore[no-any-return]  # likewise


def _module(name: str) -> Any:
    # importlib would be one more module to load; __import__ with a name that is there does the same.
    return __import__(name, fromlist=("__name__",))
