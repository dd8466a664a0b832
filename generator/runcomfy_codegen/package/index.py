"""The parts of a generated package that hold all its models together: index and subpackages."""

from __future__ import annotations

import re
from itertools import groupby

from runcomfy.model import FORMAT
from runcomfy_codegen.spec.literals import docstring, literal
from runcomfy_codegen.spec.model_spec import IndexEntry, OwnedModel, OwnerSpec, PackageSpec
from runcomfy_codegen.spec.names import Identifier

from .manifest import ManifestEntry

__all__ = ["package_spec"]


def package_spec(name: str, models: dict[str, ManifestEntry]) -> PackageSpec:
    """The spec of a package that holds ``models``, model id -> entry."""
    ordered = sorted(models.items(), key=lambda item: (item[1].package, _natural(item[1].module)))
    return PackageSpec(
        name,
        docstring(
            f"Typed requests for {len(models)} model{'' if len(models) == 1 else 's'} of the RunComfy Model API.\n\n"
            "Each owner has a subpackage, and each model a module in it that is imported when it is used.",
            0,
        ),
        FORMAT,
        tuple(
            IndexEntry(literal(owner), literal(package))
            for owner, package in sorted(
                {(model_id.partition("/")[0], one.package) for model_id, one in models.items()}
            )
        ),
        tuple(
            _owner(package, list(group))
            for package, group in groupby(ordered, key=lambda item: item[1].package)
        ),
    )


def _natural(name: str) -> list[tuple[int, str]]:
    """A key that puts ``wan_2_6`` before ``wan_2_10``, as sorters of imports do."""
    return [(int(part) if part.isdigit() else -1, part) for part in re.split(r"(\d+)", name)]


def _owner(package: str, models: list[tuple[str, ManifestEntry]]) -> OwnerSpec:
    entries = [entry for _, entry in models]
    return OwnerSpec(
        Identifier(package),
        docstring(f"Models of one owner, by class: {', '.join(e.class_name for e in entries)}.", 0),
        tuple(_model(model_id, entry) for model_id, entry in models),
        literal(sorted(name for entry in entries for name in entry.exports)),
    )


def _model(model_id: str, entry: ManifestEntry) -> OwnedModel:
    exports = sorted(entry.exports, key=_natural)
    return OwnedModel(
        literal(model_id),
        literal(entry.class_name),
        Identifier(entry.module),
        literal(entry.module),
        tuple(map(Identifier, exports)),
        tuple(map(literal, exports)),
    )
