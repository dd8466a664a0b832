"""The names that the models of a package have taken."""

from __future__ import annotations

from collections.abc import Iterable

from runcomfy_codegen.schema.documents import Stored, chosen_class
from runcomfy_codegen.spec import names
from runcomfy_codegen.spec.names import clash

__all__ = ["NameClaims", "names_of"]

_ADVICE = 'Set a class name for one of them in its overrides.json: {"class_name": "…"}, or exclude one (--only).'


def names_of(stored: Stored) -> tuple[str, str, tuple[str, ...]]:
    """The subpackage, module and class names of a model, by its id and overrides."""
    chosen, model_id = chosen_class(stored), stored.model_id
    if chosen:
        cls = names.chosen_class_name(chosen, f"{model_id} overrides.json")
    else:
        cls = names.class_name(model_id)
    return (
        names.owner_package(model_id),
        names.module_name(model_id, chosen),
        (cls, names.output_class_name(cls)),
    )


class NameClaims:
    """The names that are taken, so that no two models get the same."""

    def __init__(self) -> None:
        self._by_name: dict[tuple[str, str, str], str] = {}

    def take(self, model_id: str, package: str, module: str, exports: Iterable[str]) -> None:
        """Claim all names of a model. Raises ``NameClash`` if another model has one of them."""
        # Names that differ in case only are one file on some systems, and one name to a reader.
        wanted = {
            (kind, package, name.casefold()): name
            for kind, group in (("module", (module,)), ("class", exports))
            for name in group
        }
        for key, name in wanted.items():
            other = self._by_name.get(key, model_id)
            if other != model_id:
                raise clash(other, model_id, name, model_id, _ADVICE)
        self._by_name |= dict.fromkeys(wanted, model_id)

    def drop(self, model_id: str) -> None:
        """Give back the names of a model that is not made after all."""
        self._by_name = {key: one for key, one in self._by_name.items() if one != model_id}
