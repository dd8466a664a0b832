"""The objects inside inputs whose members are all declared, so that a misspelt member is noticed before it is paid for.

JSON Schema accepts every further member of such an object. Where a schema says more of its members than
``properties``, or the structure is not plain, nothing is concluded.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from runcomfy.model.media import walk
from runcomfy_codegen.schema.keywords import ANNOTATIONS, Schema, schemas_in
from runcomfy_codegen.schema.references import pointed_at, target_of

__all__ = ["MemberNames", "nested_members"]

#: The names that lead to an object, through lists, and the names of its members.
MemberNames = tuple[tuple[str, ...], tuple[str, ...]]

#: The keywords that say more of the members of an object, so that those in ``properties`` may not be all.
_FURTHER = frozenset(
    {"additionalProperties", "patternProperties", "propertyNames", "unevaluatedProperties"}
)
#: The keywords with which an object has several forms.
_FORMS = frozenset(
    "allOf anyOf oneOf not if then else dependentSchemas dependentRequired enum const $ref $dynamicRef".split()
)
#: The largest number of schemas that are visited, and of objects that are found: references multiply them.
_MOST, _MOST_OBJECTS = 2_000, 50


def nested_members(schema: Schema, example: object) -> tuple[MemberNames, ...]:
    """The objects of an input schema, which has every input at its root, and their members.

    Members in the page's example and in demo values are known too.
    """
    forms = {keyword: schema[keyword] for keyword in _FORMS if keyword in schema}
    if any(part.keys() & {"properties", "$ref"} for _, part in schemas_in(forms)):
        return ()  # an input has several forms as well
    inputs = schema.get("properties")
    inputs = inputs if isinstance(inputs, dict) else {}
    visitor = _MemberVisitor(schema)
    for name, part in inputs.items():
        visitor.visit(part, (name,), frozenset())
    demo = {name: part.get("default") for name, part in inputs.items() if isinstance(part, dict)}
    for path, members in visitor.found.items():
        for payload in (example, demo):
            for _, value in walk(payload, path):
                members.update(value if isinstance(value, dict) else ())
    return tuple((path, tuple(members)) for path, members in visitor.found.items())


@dataclass(slots=True)
class _MemberVisitor:
    root: Schema
    found: dict[tuple[str, ...], dict[str, None]] = field(default_factory=dict)
    left: int = _MOST

    def visit(self, schema: object, path: tuple[str, ...], above: frozenset[str]) -> None:
        """``above`` holds the references that lead here: an object may hold its like."""
        self.left -= 1
        schema, above = self._plain(schema, above)
        if schema is None or self.left < 0 or len(self.found) == _MOST_OBJECTS:
            return
        properties, items = schema.get("properties"), schema.get("items")
        if isinstance(properties, dict) and properties and items is None:
            if not schema.keys() & _FURTHER:
                required = schema.get("required")
                required = required if isinstance(required, list) else []
                members = [*properties, *(name for name in required if isinstance(name, str))]
                self.found[path] = dict.fromkeys(members)
            for name, part in properties.items():
                self.visit(part, (*path, name), above)
        elif isinstance(items, dict) and not schema.keys() & {"properties", "prefixItems"}:
            self.visit(items, path, above)

    def _plain(self, schema: Any, above: frozenset[str]) -> tuple[Schema | None, frozenset[str]]:
        """The schema that this one stands for, behind references and ``null``; ``None`` if it has several forms."""
        while isinstance(schema, dict):
            forms = schema.keys() & _FORMS
            if not forms:
                return schema, above
            if schema.keys() - ANNOTATIONS != forms or len(forms) > 1:
                break
            [keyword] = forms
            if keyword == "$ref":
                target = target_of(schema["$ref"])
                if target is None or target in above:
                    break
                above |= {target}
                try:
                    schema = pointed_at(self.root, target)
                except (LookupError, ValueError):
                    break
            elif keyword in ("allOf", "anyOf", "oneOf"):
                options = schema[keyword] if isinstance(schema[keyword], list) else []
                others = [one for one in options if one != {"type": "null"}]
                schema = others[0] if len(others) == 1 else None
            else:
                break
        return None, above
