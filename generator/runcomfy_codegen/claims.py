"""The names that the models of a package have taken."""

from __future__ import annotations

from .manifest import ModelEntry
from .names import clash

__all__ = ["Claims"]

_ADVICE = 'Name one of them in its overrides.json: {"class_name": "…"}, or leave one out (--only).'


class Claims:
    """The names that are taken, so that no two models get the same."""

    def __init__(self) -> None:
        self._by_name: dict[tuple[str, str, str], str] = {}

    def take(self, model_id: str, entry: ModelEntry) -> None:
        """Take all names of a model, or raise ``NameClash`` when one of them is another model's."""
        package = entry.package
        # Names that differ in case only are one file on some systems, and one name to a reader.
        wanted = {("package", package, package): model_id.partition("/")[0]}
        wanted |= {
            (kind, package, name.casefold()): model_id
            for kind, names in (("module", (entry.module,)), ("class", entry.exports))
            for name in names
        }
        for key, thing in wanted.items():
            other = self._by_name.get(key, thing)
            if other != thing:
                raise clash(other, thing, key[2], model_id, _ADVICE)
        self._by_name |= wanted
