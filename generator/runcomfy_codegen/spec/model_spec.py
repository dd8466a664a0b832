"""The data available to templates: frozen dataclasses with final names and finished literals."""

from __future__ import annotations

from dataclasses import dataclass

from runcomfy_codegen.diagnostics import Diagnostic
from runcomfy_codegen.schema.model_ids import ModelId

from .check_tree import Constant
from .names import Identifier
from .python_source import PythonSource

__all__ = [
    "InputSpec",
    "MediaSpec",
    "ModelSpec",
    "NestedMember",
    "NestedSpec",
    "OutputField",
    "OwnerSpec",
    "PackageSpec",
    "RuleSpec",
    "TYPED_MODELS",
]

#: Up to so many models of one owner, type checkers find the classes in the owner's subpackage. They read every module
#: that it names to know one class, so that of larger owners they find them in the modules only.
TYPED_MODELS = 50


@dataclass(frozen=True, slots=True)
class InputSpec:
    """One input of a request class; the ``hint`` of an optional one ends in its default."""

    name: Identifier
    hint: PythonSource
    docstring: PythonSource | None


@dataclass(frozen=True, slots=True)
class NestedMember:
    """One member of a nested object."""

    name: str
    wire_name: PythonSource
    hint: PythonSource
    quoted_hint: PythonSource
    docstring: PythonSource | None


@dataclass(frozen=True, slots=True)
class NestedSpec:
    """A ``TypedDict``; ``functional`` where a member's name cannot be an attribute."""

    name: Identifier
    name_source: PythonSource
    docstring: PythonSource | None
    members: tuple[NestedMember, ...]
    functional: bool


@dataclass(frozen=True, slots=True)
class OutputField:
    """One documented field of an output."""

    name: Identifier
    name_source: PythonSource
    wire_name: PythonSource
    hint: PythonSource
    kinds: PythonSource
    docstring: PythonSource | None


@dataclass(frozen=True, slots=True)
class RuleSpec:
    """One rule about a file, as literals."""

    metric: PythonSource
    operator: PythonSource
    limit: PythonSource
    wording: PythonSource


@dataclass(frozen=True, slots=True)
class MediaSpec:
    """One input that takes URLs of files, as literals."""

    path: PythonSource
    kind: PythonSource
    rules: tuple[RuleSpec, ...]


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """One generated module."""

    id: ModelId
    package: Identifier
    module: Identifier
    class_name: Identifier
    output_class: Identifier
    model_id: PythonSource
    #: Why it is deprecated; ``None`` if it is not.
    deprecated: PythonSource | None
    docstring: PythonSource
    class_docstring: PythonSource
    output_docstring: PythonSource
    exports: PythonSource
    export_names: tuple[Identifier, ...]
    inputs: tuple[InputSpec, ...]
    nested_types: tuple[NestedSpec, ...]
    output_fields: tuple[OutputField, ...]
    output_slots: PythonSource
    constants: tuple[Constant, ...]
    #: The statements of the validator, in blocks that belong together.
    checks: tuple[PythonSource, ...]
    required: PythonSource
    #: Python name -> wire name, for those that differ; ``None`` if none does.
    aliases: PythonSource | None
    #: Patterns of further accepted names; ``None`` if there are none.
    admitted: PythonSource | None
    #: The objects inside inputs whose members are all declared; ``None`` if there are none.
    members: PythonSource | None
    media: tuple[MediaSpec, ...]
    example: PythonSource
    #: The stored schemas, and their derived forms for the run time, as JSON.
    schemas: PythonSource
    notes: tuple[Diagnostic, ...]


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """One line of a package's index."""

    owner: PythonSource
    package: PythonSource


@dataclass(frozen=True, slots=True)
class OwnedModel:
    """A module of an owner's subpackage, and the names that it gives."""

    module: Identifier
    exports: tuple[Identifier, ...]


@dataclass(frozen=True, slots=True)
class OwnerSpec:
    """A subpackage: the models of one owner."""

    package: Identifier
    docstring: PythonSource
    models: tuple[OwnedModel, ...]
    #: Whether type checkers find the classes in the subpackage itself.
    typed: bool
    exports: PythonSource
    #: A line for each model: its module, the names that it gives, and its id.
    index: PythonSource


@dataclass(frozen=True, slots=True)
class PackageSpec:
    """The generated package as a whole."""

    name: str
    docstring: PythonSource
    #: Major and minor.
    format: tuple[int, int]
    index: tuple[IndexEntry, ...]
    owners: tuple[OwnerSpec, ...]
