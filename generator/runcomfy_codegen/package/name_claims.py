"""The names that the models of a package have taken."""

from __future__ import annotations

from runcomfy_codegen.spec.names import clash

from .manifest import ManifestEntry

__all__ = ["NameClaims"]

_ADVICE = 'Name one of them in its overrides.json: {"class_name": "…"}, or leave one out (--only).'


class NameClaims:
    """The names that are taken, so that no two models get the same."""

    def __init__(self) -> None:
        self._by_name: dict[tuple[str, str, str], str] = {}

    def take(self, model_id: str, entry: ManifestEntry) -> None:
        """Take all names of a model, or raise ``NameClash`` when one of them is another model's."""
        package = entry.package
        # Names that differ in case only are one file on some systems, and one name to a reader.
        wanted = {
            (kind, package, name.casefold()): name
            for kind, names in (("module", (entry.module,)), ("class", entry.exports))
            for name in names
        }
        for key, name in wanted.items():
            other = self._by_name.get(key, model_id)
            if other != model_id:
                raise clash(other, model_id, name, model_id, _ADVICE)
        self._by_name |= dict.fromkeys(wanted, model_id)
