"""Documents -> spec: every decision about a generated module."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runcomfy_codegen.diagnostics import Diagnostic
from runcomfy_codegen.errors import SchemaError
from runcomfy_codegen.schema.documents import Documents
from runcomfy_codegen.schema.flatten import Flattener
from runcomfy_codegen.schema.inputs import GatheredInputs, gather_inputs
from runcomfy_codegen.schema.keywords import Schema, step
from runcomfy_codegen.schema.lint import oddities
from runcomfy_codegen.schema.media_inputs import FoundInput, MediaInputs, find_media
from runcomfy_codegen.schema.normalise import canonical, clean, is_json_schema
from runcomfy_codegen.schema.reference_validator import keeps

from . import docstrings as texts
from . import names
from . import type_hints as types
from .checks import Compiled, compile_checks
from .model_spec import InputSpec, MediaSpec, ModelSpec, RuleSpec
from .names import Identifier
from .nested_members import nested_members
from .nested_types import nested_specs
from .output_fields import OutputFields, build_outputs
from .python_source import PythonSource, docstring, json_text, literal
from .statements import payload_blocks

__all__ = ["build_model"]

_INDENT = 4
#: The placeholders of pages without a demo value.
_BLANKS: tuple[Any, ...] = ("", [])


def build_model(documents: Documents, type_templates: Path) -> ModelSpec:
    """The spec of one model. Raises ``CodegenError`` for what cannot become a module."""
    try:
        return _build(documents, type_templates)
    except RecursionError:
        raise SchemaError(
            f"{documents.model_id} input.json",
            "is nested too deeply",
            "Flatten it in overrides.json.",
        ) from None


@dataclass(frozen=True, slots=True)
class _Inputs:
    """An input schema from all sides: as written, in clean vocabulary, and with Python names.

    Both have every input at their root.
    """

    raw: Schema
    cleaned: Schema
    #: Wire name -> Python name.
    names: dict[str, Identifier]
    types: types.Types
    media: MediaInputs

    @property
    def properties(self) -> Schema:
        """The clean schemas of the inputs, by wire name."""
        properties: Schema = self.cleaned.get("properties", {})
        return properties

    @property
    def required(self) -> list[str]:
        """The wire names of required inputs."""
        return [name for name in self.cleaned.get("required", ()) if name in self.properties]

    def declared(self, name: str) -> Schema:
        """An input's schema as written, with references resolved."""
        return Flattener(self.raw).flat(self.raw["properties"][name])

    def limits(self, name: str) -> Schema:
        """An input's clean schema, with references resolved."""
        return Flattener(self.cleaned).flat(self.properties[name])


def _build(documents: Documents, type_templates: Path) -> ModelSpec:
    class_name = _class_name(documents)
    output_class = names.output_class_name(class_name)
    written = texts.with_readable_texts(documents.input)
    raw, dialect_notes = canonical(written)
    gathered = gather_inputs(raw)
    cleaned, dropped = clean(raw, *gathered.declaring)
    at_root = cleaned if gathered.schema is raw else clean(gathered.schema)[0]
    inputs = _read_inputs(documents, gathered.schema, at_root, class_name, type_templates)
    written_output = texts.with_readable_texts(documents.output)
    taken = {one.name for one in inputs.types.nested} | {class_name}
    outputs = build_outputs(written_output, output_class, type_templates, taken)
    exports = _exports(documents, class_name, output_class, inputs, outputs)
    compiled = compile_checks(cleaned)
    fallback = _fallback_notes(compiled)
    example = _example(documents, inputs)
    members = nested_members(gathered.schema, documents.example)
    notes = {
        *dialect_notes,
        *dropped,
        *gathered.notes,
        *fallback,
        *outputs.notes,
        *documents.remarks,
    }
    notes |= {*oddities(raw, cleaned, documents.example)}
    notes |= {*filter(None, map(gathered.own_note, (*inputs.media.notes, *inputs.types.notes)))}
    aliases = {python: wire for wire, python in inputs.names.items() if python != wire}
    return ModelSpec(
        id=documents.model_id,
        package=names.owner_package(documents.model_id),
        module=names.module_name(documents.model_id, documents.class_name),
        class_name=class_name,
        output_class=output_class,
        model_id=literal(documents.renamed_to or documents.model_id),
        deprecated=_deprecated(documents),
        docstring=docstring(
            f"The model ``{documents.model_id}``: its request, output and checks.", 0
        ),
        class_docstring=_class_docstring(documents, inputs.raw),
        output_docstring=docstring(f"What ``{documents.model_id}`` returns.", _INDENT),
        exports=literal([str(name) for name in exports]),
        export_names=exports,
        inputs=_input_specs(inputs),
        nested_types=(
            *nested_specs(inputs.types.nested, inputs.raw, inputs.media.kinds),
            *nested_specs(outputs.nested, outputs.schema, {}),
        ),
        output_fields=outputs.fields,
        output_slots=literal(tuple(sorted(str(field.name) for field in outputs.fields))),
        constants=compiled.constants,
        checks=payload_blocks(compiled.checks),
        required=literal(tuple(str(inputs.names[wire]) for wire in inputs.required)),
        aliases=literal(aliases) if aliases else None,
        admitted=literal(gathered.admitted) if gathered.admitted else None,
        members=literal(members) if members else None,
        media=tuple(map(_media_spec, inputs.media.inputs)),
        example=literal(example),
        schemas=_schemas(
            written,
            written_output,
            checked=cleaned if fallback else None,
            shown=None if is_json_schema(written) else _shown(raw, gathered),
        ),
        notes=tuple(sorted(notes)),
    )


def _class_name(documents: Documents) -> Identifier:
    if documents.class_name:
        place = f"{documents.model_id} overrides.json"
        return names.chosen_class_name(documents.class_name, place)
    return names.class_name(documents.model_id)


def _deprecated(documents: Documents) -> PythonSource | None:
    if not documents.deprecated:
        return None
    return literal(f"{documents.model_id} is deprecated: {documents.deprecated}")


def _class_docstring(documents: Documents, raw: Schema) -> PythonSource:
    meaning = texts.clipped(texts.readable(raw.get("description")))
    text = f"A request to ``{documents.model_id}``."
    if documents.deprecated:
        text += f" Deprecated: {documents.deprecated}."
    return docstring(f"{text}\n\n{meaning}" if meaning else text, _INDENT)


def _read_inputs(
    documents: Documents,
    raw: Schema,
    cleaned: Schema,
    class_name: Identifier,
    type_templates: Path,
) -> _Inputs:
    """``raw`` and ``cleaned`` hold all inputs at their root."""
    place = f"{documents.model_id} input.json"
    _require_object(cleaned, place)
    wire_names = list(cleaned.get("properties", {}))
    python_names = names.input_names(wire_names, documents.names, place)
    media = find_media(raw, cleaned, wire_names)
    hints = types.hints(
        cleaned,
        class_name,
        type_templates,
        frozen=True,
        names=documents.names,
        media=media.kinds,
        taken={names.output_class_name(class_name)},
        written=raw,
    )
    _refuse_stranger(documents, wire_names, hints.nested)
    by_wire = dict(zip(wire_names, python_names, strict=True))
    return _Inputs(raw, cleaned, by_wire, hints, media)


def _require_object(cleaned: Schema, place: str) -> None:
    given = cleaned.get("type", "object")
    if given != "object" and "object" not in given:
        raise SchemaError(
            place,
            f"describes {given}, not an object",
            "A payload is an object; correct it in overrides.json.",
        )


def _refuse_stranger(
    documents: Documents, wire_names: list[str], nested: tuple[types.NestedType, ...]
) -> None:
    known = {*wire_names, *(one.path for one in nested)}
    for wire in documents.names:
        if wire not in known:
            raise SchemaError(
                f"{documents.model_id} overrides.json",
                f"names {wire!r}, which is neither an input nor an object inside one",
                f"The inputs and objects are {texts.one_line(', '.join(sorted(known)), 300)}."
                if known
                else "The model takes no inputs.",
            )


def _exports(
    documents: Documents,
    class_name: Identifier,
    output_class: Identifier,
    inputs: _Inputs,
    outputs: OutputFields,
) -> tuple[Identifier, ...]:
    """The public names of the module, no two of them the same."""
    named = [
        ("the request", class_name),
        ("the output", output_class),
        *((f"the input {one.path}", one.name) for one in inputs.types.nested),
        *((f"the output field {one.path}", one.name) for one in outputs.nested),
    ]
    names.check_unique(
        named,
        f"{documents.model_id} input.json",
        'Name an input in overrides.json, {"names": {"<input>": "<python name>"}}, or the class, '
        '{"class_name": "…"}.',
    )
    return tuple(name for _, name in named)


def _media_spec(media: FoundInput) -> MediaSpec:
    rules = tuple(
        RuleSpec(
            literal(rule.metric), literal(rule.operator), literal(rule.limit), literal(rule.wording)
        )
        for rule in media.rules
    )
    return MediaSpec(literal(media.path), literal(media.kind), rules)


def _input_specs(inputs: _Inputs) -> tuple[InputSpec, ...]:
    """The inputs, required ones first."""
    wires = sorted(inputs.properties, key=lambda wire: wire not in inputs.required)
    return tuple(_input_spec(wire, inputs) for wire in wires)


def _input_spec(wire: str, inputs: _Inputs) -> InputSpec:
    name, hint = inputs.names[wire], inputs.types.hints[wire]
    words = texts.describe_input(
        wire,
        name,
        inputs.declared(wire),
        inputs.limits(wire),
        hint,
        texts.file_words(inputs.media.kinds.get(step("/properties", wire)), hint),
        inputs.media.rules(wire),
    )
    if wire not in inputs.required:
        bare = hint.removesuffix(" | None")
        hint = f"{bare} | Unset{hint[len(bare) :]} = UNSET"  # None stands last, as linters like it
    return InputSpec(name, PythonSource(hint), docstring(words, _INDENT) if words else None)


def _example(documents: Documents, inputs: _Inputs) -> dict[str, Any]:
    """The page's example, or else the required inputs as pages show them.

    Those are their demo values, else ``""`` or ``[]``. An input that accepts neither is omitted, so that it is
    reported as missing, not as invalid.
    """
    if documents.example is not None:
        return documents.example
    example: dict[str, Any] = {}
    for wire in inputs.required:
        demo = inputs.declared(wire).get("default")
        part = inputs.properties[wire]
        blanks = [blank for blank in _BLANKS if keeps(inputs.cleaned, part, blank)]
        if demo is not None:
            example[wire] = demo
        elif blanks:
            example[wire] = blanks[0]
    return example


def _fallback_notes(compiled: Compiled) -> list[Diagnostic]:
    """Notes on the parts that the jsonschema library checks at run time: some inputs, or the whole payload."""
    return [
        Diagnostic(
            step("/properties", wire) if wire else "",
            "fallback",
            word,
            f"{'is' if wire else 'the whole payload is'} checked by the jsonschema library",
        )
        for wire, words in compiled.by_library.items()
        for word in sorted(words)
    ]


def _shown(raw: Schema, gathered: GatheredInputs) -> Schema:
    """The input schema for programs that need valid JSON Schema, such as form builders."""
    return clean(raw, *gathered.declaring, annotated=True)[0]


def _schemas(
    raw: Schema, raw_output: Schema, *, checked: Schema | None, shown: Schema | None
) -> PythonSource:
    schemas: dict[str, Any] = {"input": raw, "output": raw_output}
    if checked is not None:
        schemas["checked"] = checked
    if shown is not None:
        schemas["shown"] = shown
    return json_text(schemas)
