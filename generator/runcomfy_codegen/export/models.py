"""``ExportedModel``: a stored model in plain JSON Schema 2020-12, for whoever reads that."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from runcomfy_codegen.errors import SchemaError
from runcomfy_codegen.schema.documents import find_models, parse_documents, read_stored
from runcomfy_codegen.schema.inputs import gather_inputs
from runcomfy_codegen.schema.keywords import Schema, schemas_in, step
from runcomfy_codegen.schema.media_inputs import FoundInput, find_media
from runcomfy_codegen.schema.model_ids import ModelId
from runcomfy_codegen.schema.normalise import clean
from runcomfy_codegen.spec import names
from runcomfy_codegen.spec.docstrings import with_readable_texts

__all__ = ["FILE_RULES", "ExportedModel", "read_models"]

_WORDS = re.compile("[A-Za-z0-9]+")
#: The keyword for rules about the file behind a media input.
FILE_RULES = "x-file-rules"


@dataclass(frozen=True, slots=True)
class ExportedModel:
    """One model: its schemas in JSON Schema 2020-12, and its names."""

    model_id: ModelId
    #: The subpackage of its owner, its module in that, and its class.
    owner: str
    module: str
    class_name: str
    input: Schema
    output: Schema
    example: dict[str, Any]
    #: The schemas of the inputs by name, in order, and the names of those that must be given.
    inputs: dict[str, Schema]
    required: list[str]
    #: Wire name -> Python name.
    python_names: dict[str, str]
    media: list[FoundInput]
    #: Why the model should not be used any longer; empty if it may.
    deprecated: str
    #: What the catalogue says of it.
    facts: dict[str, Any]


def read_models(schemas: Path, globs: Iterable[str] = ("*",)) -> list[ExportedModel]:
    """The models under ``schemas`` whose id fits one of the globs. Raises ``SchemaError``."""
    wanted = [*globs]
    found = [
        _read(schemas, model_id)
        for model_id in find_models(schemas)
        if any(fnmatchcase(model_id, glob) for glob in wanted)
    ]
    if not found:
        raise SchemaError(
            str(schemas), "contains no such model", "Add one: runcomfy-codegen add PAGE"
        )
    names.check_unique(
        [
            (f"{one.model_id}{words}", f"{one.owner}.{one.class_name}{suffix}")
            for one in found
            for words, suffix in (("", ""), (" (output)", "Output"))
        ],
        str(schemas),
        'Set a class name for one of them in its overrides.json: {"class_name": "…"}.',
    )
    return found


def _read(schemas: Path, model_id: ModelId) -> ExportedModel:
    documents = parse_documents(read_stored(schemas, model_id))
    raw = with_readable_texts(documents.input)
    gathered = gather_inputs(raw)
    shown = clean(raw, *gathered.declaring, annotated=True)[0]
    flat = clean(gathered.schema, annotated=True)[0]
    inputs = flat.get("properties", {})
    media = find_media(gathered.schema, flat, list(inputs))
    demo = documents.example or _demo(gathered.schema, flat)
    for one in media.inputs:
        _add_rules(shown, one)
    output = clean(with_readable_texts(documents.output), annotated=True)[0]
    return ExportedModel(
        model_id,
        names.owner_package(model_id),
        names.module_name(model_id, documents.class_name),
        documents.class_name or names.class_name(model_id),
        _with_examples(shown),
        _with_examples(output),
        demo,
        _with_examples(flat).get("properties", {}),
        [name for name in flat.get("required", ()) if name in inputs],
        {wire: documents.names.get(wire, names.input_name(wire)) for wire in inputs},
        media.inputs,
        documents.deprecated,
        _facts(schemas / model_id / "source.json"),
    )


def _demo(raw: Schema, flat: Schema) -> dict[str, Any]:
    """The required inputs with the demo values of the page."""
    declared = raw.get("properties", {})
    return {
        name: declared[name]["default"]
        for name in flat.get("required", ())
        if isinstance(declared.get(name), dict) and declared[name].get("default") is not None
    }


def _add_rules(schema: Schema, media: FoundInput) -> None:
    """Write the rules of a top-level media input into its schema."""
    part = schema.get("properties", {}).get(media.path[0])
    if media.rules and isinstance(part, dict):
        path = {"path": list(media.path[1:])} if len(media.path) > 1 else {}
        part.setdefault(FILE_RULES, []).extend(
            {
                **path,
                "metric": rule.metric,
                "operator": rule.operator,
                "limit": rule.limit,
                "message": rule.wording,
            }
            for rule in media.rules
        )


def _with_examples(schema: Schema) -> Schema:
    """Demo values as ``examples``: as ``default`` they would be filled in for whoever forgot the prompt."""
    for _, part in [*schemas_in(schema)]:
        if "default" in part:
            value = part.pop("default")
            if value is not None:
                part["examples"] = [value]
    return schema


def local_references(schema: Schema) -> Iterator[tuple[Schema, str]]:
    """The parts of a schema that refer to another one, with the pointer."""
    for _, part in schemas_in(schema):
        if isinstance(part.get("$ref"), str):
            yield part, part["$ref"].removeprefix("#")


def definition_names(schema: Schema, prefix: str) -> dict[str, str]:
    """Pointer -> name of the definitions of a schema, such as ``Cat_Size``: no class of a model is named so."""
    taken: set[str] = set()
    found = {}
    for pointer in definitions(schema):
        words = _WORDS.findall(pointer.rpartition("/")[2])
        own = "".join(word[:1].upper() + word[1:] for word in words)
        name = f"{prefix}_{own if own[:1].isalpha() else f'Part{own}'}"
        while name.casefold() in taken:
            name += "_"
        taken.add(name.casefold())
        found[pointer] = name
    return found


def definitions(schema: Schema) -> dict[str, Schema]:
    """Pointer -> schema of what stands under ``$defs`` or ``definitions`` of the root."""
    return {
        step("", keyword, name): part
        for keyword in ("$defs", "definitions")
        for name, part in schema.get(keyword, {}).items()
        if isinstance(part, dict)
    }


def _facts(record: Path) -> dict[str, Any]:
    try:
        facts = json.loads(record.read_text(encoding="utf-8")).get("catalogue", {})
    except (OSError, ValueError, AttributeError):
        return {}
    return facts if isinstance(facts, dict) else {}
