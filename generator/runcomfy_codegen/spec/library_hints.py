"""Type hints from datamodel-code-generator, requested once per shape.

A structure holds tokens instead of names and values: ``v3`` stands for the values of an enum, ``C1`` for a nested object.
With the tokens numbered afresh, a thousand models have a few dozen shapes among their fields, and the library,
which takes milliseconds for a call, is asked about these alone.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

__all__ = ["Structure", "library_hints", "prepare_library"]

Structure = dict[str, Any]

_TOKEN = re.compile(r'(?<=")v\d+(?=")|(?<=#/\$defs/)C\d+')
_TOKEN_IN_HINT = re.compile(r"(?<=')v\d+(?=')|\bC\d+\b")
_LINE = re.compile(r"^#(?P<kind>class|field) (?P<name>\w+)(?: = (?P<hint>.*))?$", re.MULTILINE)
#: The class whose fields are requested, and the placeholder for nested objects.
_ROOT = "Root"
_NESTED: Structure = {
    "type": "object",
    "properties": {"p0": {"type": "string"}},
    "required": ["p0"],
}

#: (whether inputs, shape) -> hint.
_known: dict[tuple[bool, str], str] = {}


def library_hints(structures: list[Structure], templates: Path, *, frozen: bool) -> list[str]:
    """The type hint of each structure, in its own tokens.

    With ``frozen``, ``Sequence`` and ``Mapping`` instead of ``list`` and ``dict``.
    """
    shapes = [_shape(structure) for structure in structures]
    new = {shape for shape, _ in shapes if (frozen, shape) not in _known}
    if new:
        ordered = sorted(new)
        hints = _ask([json.loads(shape) for shape in ordered], templates, frozen=frozen)
        _known.update({(frozen, shape): hint for shape, hint in zip(ordered, hints, strict=True)})
    return [_with_tokens(_known[frozen, shape], tokens) for shape, tokens in shapes]


def prepare_library(templates: Path) -> None:
    """Import the library completely, which it does on first use, and which takes longer than any call."""
    library_hints([{"type": "string"}], templates, frozen=True)


def _shape(structure: Structure) -> tuple[str, dict[str, str]]:
    """A structure as text with its tokens numbered afresh, and the way back from these."""
    numbered: dict[str, str] = {}

    def number(match: re.Match[str]) -> str:
        token = match[0]
        return numbered.setdefault(token, f"{token[0]}{len(numbered)}")

    shape = _TOKEN.sub(number, json.dumps(structure))
    return shape, {new: token for token, new in numbered.items()}


def _with_tokens(hint: str, tokens: dict[str, str]) -> str:
    return _TOKEN_IN_HINT.sub(lambda match: tokens[match[0]], hint) if tokens else hint


def _ask(structures: list[Structure], templates: Path, *, frozen: bool) -> list[str]:
    """The library's answer, by way of our templates, which make it write one plain line for each field."""
    from datamodel_code_generator import Error, generate
    from datamodel_code_generator.enums import DataModelType, InputFileType
    from datamodel_code_generator.format import PythonVersion
    from datamodel_code_generator.parser import LiteralType

    names = [f"p{number}" for number in range(len(structures))]
    nested = sorted(set(re.findall(r"(?<=#/\$defs/)C\d+", json.dumps(structures))))
    schema = {
        "type": "object",
        "properties": dict(zip(names, structures, strict=True)),
        "required": names,
        "$defs": dict.fromkeys(nested, _NESTED),
    }
    try:
        rendered = generate(
            json.dumps(schema),
            input_file_type=InputFileType.JsonSchema,
            output_model_type=DataModelType.TypingTypedDict,
            custom_template_dir=templates,
            target_python_version=PythonVersion.PY_311,
            class_name=_ROOT,
            enum_field_as_literal=LiteralType.All,
            use_generic_container_types=frozen,
            use_standard_collections=True,
            use_union_operator=True,
            use_title_as_name=False,
            disable_timestamp=True,
            formatters=[],
        )
    except Error as error:  # of what can be a schema it only refuses what is nested too deeply
        raise RecursionError(str(error)) from error
    if not isinstance(rendered, str):
        raise TypeError("datamodel-code-generator returned more than one module")
    hints: dict[str, str] = {}
    current = ""
    for match in _LINE.finditer(rendered):
        if match["kind"] == "class":
            current = match["name"]
        elif current == _ROOT:
            hints[match["name"]] = match["hint"]
    return [hints[name] for name in names]
