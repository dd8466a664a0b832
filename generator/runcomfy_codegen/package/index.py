"""The index of a generated package and its subpackages."""

from __future__ import annotations

import re
from itertools import groupby

from runcomfy.model import FORMAT
from runcomfy_codegen.spec.model_spec import (
    TYPED_MODELS,
    IndexEntry,
    OwnedModel,
    OwnerSpec,
    PackageSpec,
)
from runcomfy_codegen.spec.names import Identifier
from runcomfy_codegen.spec.python_source import docstring, lines_of_text, literal

from .manifest import ManifestEntry

__all__ = ["package_spec"]


def package_spec(name: str, models: dict[str, ManifestEntry]) -> PackageSpec:
    """The spec of a package that holds ``models``, model id -> entry."""
    ordered = sorted(models.items(), key=lambda item: (item[1].package, _natural(item[1].module)))
    return PackageSpec(
        name,
        docstring(
            f"Typed requests for {len(models)} model{'' if len(models) == 1 else 's'} of the RunComfy Model API.\n\n"
            "Each owner is a subpackage, and each model is a module in it, imported on first use.",
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
            _owner(name, package, list(group))
            for package, group in groupby(ordered, key=lambda item: item[1].package)
        ),
    )


def _natural(name: str) -> list[tuple[int, str]]:
    """A key that puts ``wan_2_6`` before ``wan_2_10``, as sorters of imports do."""
    return [(int(part) if part.isdigit() else -1, part) for part in re.split(r"(\d+)", name)]


def _owner(root: str, package: str, models: list[tuple[str, ManifestEntry]]) -> OwnerSpec:
    entries = [entry for _, entry in models]
    names = sorted({model_id.partition("/")[0] for model_id, _ in models})
    words = f"The models of {' and '.join(f'``{name}``' for name in names)}."
    typed = len(models) <= TYPED_MODELS
    if not typed:
        place = f"{root}.{package}.{entries[0].module}"
        words += (
            "\n\nType checkers find each class in its module, so that they need not read all of them:\n"
            f"``from {place} import {entries[0].class_name}``."
        )
    return OwnerSpec(
        Identifier(package),
        docstring(words, 0),
        tuple(
            OwnedModel(
                Identifier(entry.module),
                tuple(map(Identifier, sorted(entry.exports, key=_natural))),
            )
            for entry in entries
        ),
        typed,
        literal(sorted(name for entry in entries for name in entry.exports)),
        lines_of_text(
            f"{entry.module} {' '.join(entry.exports)}\t{model_id}" for model_id, entry in models
        ),
    )
