"""Documents -> spec: every decision about a generated module is made here, before any text is written."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from . import names, texts, types
from .checks import compile_checks
from .documents import Documents
from .errors import SchemaError
from .literals import Source, docstring, literal
from .media_rules import Rule, media_kind, read_rules
from .names import Identifier
from .oddities import oddities
from .spec import InputSpec, MediaSpec, ModelSpec, NestedMember, NestedSpec, OutputField, RuleSpec
from .vocabulary import Note, Schema, clean, schemas_in, step, uncovered

__all__ = ["build_model"]

_INDENT = 4
_SURROGATE = re.compile("[\ud800-\udfff]")


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


def _build(documents: Documents, type_templates: Path) -> ModelSpec:
    place = f"{documents.model_id} input.json"
    raw = texts.with_readable_texts(documents.input)
    raw_output = texts.with_readable_texts(documents.output)
    cleaned, notes = clean(raw)
    _require_object(cleaned, place)
    properties: Schema = cleaned.get("properties", {})
    raw_properties = _dict(raw.get("properties"))
    class_name = (
        names.chosen_class_name(documents.class_name, f"{documents.model_id} overrides.json")
        if documents.class_name
        else names.class_name(documents.model_id)
    )
    output_class = Identifier(class_name + "Output")
    python_names = dict(
        zip(
            properties,
            names.input_names(list(properties), documents.names, place),
            strict=True,
        )
    )
    stranger = next((wire for wire in documents.names if wire not in properties), None)
    if stranger is not None:
        raise SchemaError(
            f"{documents.model_id} overrides.json",
            f"names {stranger!r}, which is no input",
            f"The inputs are {texts.one_line(', '.join(properties), 300)}.",
        )
    found_types = types.hints(
        cleaned, class_name, type_templates, frozen=True, names=documents.names
    )
    output_fields, output_nested, output_notes = _output(raw_output, output_class, type_templates)
    media, rules, media_notes = _media(raw, raw_properties, properties)
    checks, constants = compile_checks(cleaned)
    required = [name for name in cleaned.get("required", ()) if name in properties]
    library = _library_notes(cleaned, whole=checks is None)
    nested = tuple(_nested(one) for one in [*found_types.nested, *output_nested])
    exports = [class_name, output_class, *(one.name for one in nested)]
    names.check_unique(
        [
            ("the request", class_name),
            ("the output", output_class),
            *((f"the input {one.path}", one.name) for one in found_types.nested),
            *((f"the output field {one.path}", one.name) for one in output_nested),
        ],
        place,
        'Name an input in overrides.json, {"names": {"<input>": "<python name>"}}, or the class, '
        '{"class_name": "…"}.',
    )
    inputs = tuple(
        InputSpec(
            python_names[wire],
            Source(
                found_types.hints[wire]
                if wire in required
                else f"{found_types.hints[wire]} | Unset = UNSET"
            ),
            docstring(
                texts.describe_input(
                    wire,
                    python_names[wire],
                    _dict(raw_properties.get(wire)),
                    properties[wire],
                    rules.get(wire, []),
                    required=wire in required,
                ),
                _INDENT,
            ),
        )
        for wire in sorted(properties, key=lambda wire: wire not in required)
    )
    aliases = {python: wire for wire, python in python_names.items() if python != wire}
    example = (
        documents.example if documents.example is not None else _example(raw_properties, required)
    )
    all_notes = sorted(
        {*notes, *media_notes, *library, *oddities(raw, cleaned, example), *output_notes}
    )
    title = texts.clipped(texts.readable(raw.get("description")))
    return ModelSpec(
        id=documents.model_id,
        package=names.owner_package(documents.model_id),
        module=names.module_name(documents.model_id, documents.class_name),
        class_name=class_name,
        output_class=output_class,
        model_id=literal(documents.model_id),
        docstring=docstring(
            f"The model ``{documents.model_id}``: its request, output and checks.", 0
        ),
        class_docstring=docstring(
            f"A request to ``{documents.model_id}``." + (f"\n\n{title}" if title else ""), _INDENT
        ),
        output_docstring=docstring(f"What ``{documents.model_id}`` returns.", _INDENT),
        exports=literal([str(name) for name in exports]),
        export_names=tuple(exports),
        inputs=inputs,
        nested_types=nested,
        output_fields=output_fields,
        output_slots=literal(tuple(sorted(str(field.name) for field in output_fields))),
        constants=constants,
        checks=checks,
        required=literal(tuple(str(python_names[wire]) for wire in required)),
        aliases=literal(aliases) if aliases else None,
        media=media,
        example=literal(example),
        schema_file=_schema_file(raw, raw_output, cleaned if library else None),
        notes=tuple(all_notes),
    )


def _dict(value: object) -> Schema:
    return value if isinstance(value, dict) else {}


def _require_object(cleaned: Schema, place: str) -> None:
    types_ = cleaned.get("type", "object")
    if types_ != "object" and "object" not in types_:
        raise SchemaError(
            place,
            f"describes {types_}, not an object",
            "A payload is an object; correct it in overrides.json.",
        )


def _library_notes(cleaned: Schema, *, whole: bool) -> list[Note]:
    if whole:
        found = uncovered(cleaned) or {"type"}
        return [
            Note("", "fallback", word, "the whole payload is checked by the jsonschema library")
            for word in sorted(found)
        ]
    return [
        Note(step("/properties", name), "fallback", word, "is checked by the jsonschema library")
        for name, part in cleaned.get("properties", {}).items()
        for word in sorted(uncovered(part))
    ]


_NO_INPUT = "stand where no file is looked for; not checked"


def _media(
    raw: Schema, raw_properties: Schema, properties: Schema
) -> tuple[tuple[MediaSpec, ...], dict[str, list[Rule]], list[Note]]:
    media: list[MediaSpec] = []
    rules_by_input: dict[str, list[Rule]] = {}
    notes: list[Note] = []
    seen: set[str] = set()

    def visit(raw: Any, path: tuple[str, ...], place: str) -> None:
        if not isinstance(raw, dict):
            return
        parts = [raw]
        places = [place]
        while isinstance(parts[-1].get("items"), dict):
            parts.append(parts[-1]["items"])
            places.append(step(places[-1], "items"))
        rules: list[Rule] = []
        for part, where in zip(parts, places, strict=True):
            seen.add(where)
            if "validations" in part:
                found, faults = read_rules(part["validations"])
                rules += found
                notes.extend(
                    Note(step(where, "validations", i), "documented", subject, text)
                    for i, subject, text in faults
                )
        kinds = [kind for part in parts if (kind := media_kind(part.get("format")))]
        if kinds or rules:
            media.append(
                MediaSpec(
                    literal(path), literal(kinds[0] if kinds else "file"), tuple(map(_rule, rules))
                )
            )
            rules_by_input.setdefault(path[0], []).extend(rules)
        inner = parts[-1].get("properties")
        if isinstance(inner, dict):
            for name, part in inner.items():
                visit(part, (*path, name), step(places[-1], "properties", name))

    for name in properties:
        visit(raw_properties.get(name), (name,), step("/properties", name))
    notes += [
        Note(step(place, "validations"), "documented", "validations", _NO_INPUT)
        for place, part in schemas_in(raw)
        if "validations" in part and place not in seen
    ]
    return tuple(media), rules_by_input, notes


def _rule(rule: Rule) -> RuleSpec:
    return RuleSpec(
        literal(rule.metric), literal(rule.operator), literal(rule.limit), literal(rule.wording)
    )


def _nested(nested: types.NestedType) -> NestedSpec:
    plain = all(names.input_name(wire) == wire for wire, _, _ in nested.members)
    return NestedSpec(
        nested.name,
        literal(str(nested.name)),
        docstring("An object inside an input.", _INDENT),
        tuple(
            NestedMember(
                wire if plain else "",
                literal(wire),
                hint := Source(found if required else f"NotRequired[{found}]"),
                literal(str(hint)),
                None,
            )
            for wire, found, required in nested.members
        ),
        not plain,
    )


#: What ``isinstance`` asks of a documented field, by JSON type.
_KINDS = {
    "string": ("str",),
    "integer": ("int",),
    "number": ("int", "float"),
    "boolean": ("bool",),
    "array": ("list",),
    "object": ("dict",),
    "null": (),
}


def _output(
    raw: Schema, output_class: Identifier, type_templates: Path
) -> tuple[tuple[OutputField, ...], tuple[types.NestedType, ...], list[Note]]:
    cleaned, notes = clean(raw)
    notes = [Note("output.json" + n.place, n.kind, n.subject, n.text) for n in notes]
    properties: Schema = cleaned.get("properties", {})
    if not properties:
        return (), (), notes
    found = types.hints(cleaned, output_class, type_templates, frozen=False)
    python_names = names.input_names(list(properties), {}, f"{output_class} output.json")
    raw_properties = raw.get("properties", {})
    fields = tuple(
        _output_field(
            wire,
            name,
            properties[wire],
            found.hints[wire],
            texts.describe_output(_dict(raw_properties[wire])),
        )
        for (wire, name) in zip(properties, python_names, strict=True)
    )
    return fields, found.nested, notes


def _output_field(
    wire: str, name: Identifier, cleaned: Schema, hint: str, words: str
) -> OutputField:
    given = cleaned.get("type", list(_KINDS))
    kinds = sorted(
        {kind for one in ([given] if isinstance(given, str) else given) for kind in _KINDS[one]}
    )
    optional = hint if hint == "Any" or hint.endswith("None") else f"{hint} | None"
    return OutputField(
        name,
        literal(str(name)),
        literal(wire),
        Source(optional),
        Source("(" + "".join(f"{kind}, " for kind in kinds) + ")"),
        docstring(words, _INDENT) if words else None,
    )


def _example(raw_properties: Schema, required: list[str]) -> dict[str, Any]:
    """The payload of a model whose source had none: the required inputs with their demo values."""
    return {
        name: raw_properties[name]["default"]
        for name in required
        if isinstance(raw_properties.get(name), dict) and "default" in raw_properties[name]
    }


def _schema_file(raw: Schema, raw_output: Schema, checked: Schema | None) -> str:
    schemas: dict[str, Any] = {"input": raw, "output": raw_output}
    if checked is not None:
        schemas["checked"] = checked
    text = json.dumps(schemas, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    # Half a surrogate pair has no UTF-8; JSON can write it as an escape.
    return _SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
