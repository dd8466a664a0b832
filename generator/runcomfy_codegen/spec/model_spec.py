"""All that a template may know: frozen dataclasses with final names and finished literals."""

from __future__ import annotations

from dataclasses import dataclass

from runcomfy_codegen.diagnostics import Note
from runcomfy_codegen.schema.model_ids import ModelId

from .checks import Constant, ObjectCheck
from .literals import Source
from .names import Identifier

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
]


@dataclass(frozen=True, slots=True)
class InputSpec:
    """One input of a request class; ``hint`` ends in its default where it is optional."""

    name: Identifier
    hint: Source
    docstring: Source


@dataclass(frozen=True, slots=True)
class NestedMember:
    """One member of a nested object."""

    name: str
    wire_name: Source
    hint: Source
    quoted_hint: Source
    docstring: Source


@dataclass(frozen=True, slots=True)
class NestedSpec:
    """A ``TypedDict``; ``functional`` where a member's name cannot be an attribute."""

    name: Identifier
    name_source: Source
    docstring: Source
    members: tuple[NestedMember, ...]
    functional: bool


@dataclass(frozen=True, slots=True)
class OutputField:
    """One documented field of an output."""

    name: Identifier
    name_source: Source
    wire_name: Source
    hint: Source
    kinds: Source
    docstring: Source | None


@dataclass(frozen=True, slots=True)
class RuleSpec:
    """One rule about a file, as literals."""

    metric: Source
    operator: Source
    limit: Source
    wording: Source


@dataclass(frozen=True, slots=True)
class MediaSpec:
    """One input that takes URLs of files, as literals."""

    path: Source
    kind: Source
    rules: tuple[RuleSpec, ...]


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """One generated module."""

    id: ModelId
    package: Identifier
    module: Identifier
    class_name: Identifier
    output_class: Identifier
    model_id: Source
    docstring: Source
    class_docstring: Source
    output_docstring: Source
    exports: Source
    export_names: tuple[Identifier, ...]
    inputs: tuple[InputSpec, ...]
    nested_types: tuple[NestedSpec, ...]
    output_fields: tuple[OutputField, ...]
    output_slots: Source
    constants: tuple[Constant, ...]
    #: ``None`` where the jsonschema library checks the whole payload.
    checks: ObjectCheck | None
    required: Source
    #: Python name -> wire name, where they differ; ``None`` where none does.
    aliases: Source | None
    #: Patterns of the names that the schema takes beside its inputs; ``None`` where it takes none.
    admitted: Source | None
    media: tuple[MediaSpec, ...]
    example: Source
    #: The text of the schema file beside the module.
    schema_file: str
    notes: tuple[Note, ...]


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """One line of a package's index."""

    owner: Source
    package: Source


@dataclass(frozen=True, slots=True)
class OwnedModel:
    """A module of an owner's subpackage: its model, and the names that it gives."""

    model_id: Source
    class_source: Source
    module: Identifier
    module_source: Source
    exports: tuple[Identifier, ...]
    export_sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class OwnerSpec:
    """A subpackage: the models of one owner."""

    package: Identifier
    docstring: Source
    models: tuple[OwnedModel, ...]
    exports: Source


@dataclass(frozen=True, slots=True)
class PackageSpec:
    """The generated package as a whole."""

    name: str
    docstring: Source
    #: Major and minor.
    format: tuple[int, int]
    index: tuple[IndexEntry, ...]
    owners: tuple[OwnerSpec, ...]
