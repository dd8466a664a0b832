"""Small schemas over the whole vocabulary, each with values to try: the idea of the JSON Schema test suite.

No verdicts are written down here; the jsonschema library gives them. Values are chosen to fall on both sides.
"""

from __future__ import annotations

from typing import Any

__all__ = ["DEFINITIONS", "PAYLOADS", "VALUES"]


Case = tuple[Any, list[Any]]

#: What ``$ref`` in the cases leads to.
DEFINITIONS: dict[str, Any] = {
    "short": {"type": "string", "maxLength": 3},
    "with space": {"type": "integer"},
    "a/b~c": {"type": "boolean"},
    "tree": {
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "children": {"type": "array", "items": {"$ref": "#/$defs/tree"}},
        },
        "required": ["name"],
    },
    "chain": {"$ref": "#/$defs/short"},
    "list": {"type": "array", "items": {"$ref": "#/$defs/list"}},
}

#: One of each type, and the near misses between them.
ANY: list[Any] = [
    None,
    True,
    False,
    0,
    1,
    -1,
    1.0,
    1.5,
    -0.0,
    10**30,
    "",
    "1",
    "true",
    [],
    [1],
    {},
    {"a": 1},
]

_SIZES: list[Any] = [
    "",
    "a",
    "ab",
    "abc",
    "abcd",
    "\U0001f600\U0001f600",
    "e\u0301",
    12345,
    ["a", "b", "c", "d"],
]
_LISTS: list[Any] = [
    [],
    [1],
    [1, 2],
    [1, 2, 3],
    ["a"],
    [1, "a"],
    [None],
    [[1]],
    {"0": 1},
    "abc",
    None,
]
_OBJECTS: list[Any] = [
    {}, {"a": 1}, {"a": "x"}, {"a": None}, {"b": 1}, {"a": 1, "b": 2}, {"a": 1, "b": 2, "c": 3}, {"A": 1},
    [], "a", None, 1,
]  # fmt: skip
_NEAR: list[Any] = [
    -1,
    0,
    0.0,
    0.5,
    1,
    1.0,
    1.5,
    2,
    2.0,
    2.5,
    3,
    3.5,
    10**40,
    -(10**40),
    1e300,
    "2",
    True,
    None,
    [2],
]

_TYPES: dict[str, Case] = {
    f"type {name}": ({"type": name}, ANY)
    for name in ("string", "integer", "number", "boolean", "null", "array", "object")
}
_OTHER_TYPES: dict[str, Case] = {
    "any value": ({}, ANY),
    "always true": (True, ANY),
    "always false": (False, ANY),
    "type float": ({"type": "float"}, ANY),
    "type double": ({"type": "double"}, ANY),
    "type in capitals": ({"type": "STRING"}, ANY),
    "type Float with bounds": ({"type": "Float", "minimum": 0.5, "maximum": 2}, _NEAR),
    "type nobody knows": ({"type": "color", "maxLength": 2}, [*ANY, "abc"]),
    "no type at all in the list": ({"type": []}, ANY),
    "two types": ({"type": ["string", "null"]}, ANY),
    "integer or number": ({"type": ["integer", "number"]}, ANY),
    "integer or text": ({"type": ["integer", "string"], "minimum": 1, "maxLength": 1}, [*ANY, "ab", 0, 2]),
    "list or text": (
        {"type": ["array", "string"], "items": {"type": "string"}, "minItems": 1, "minLength": 2},
        [*_LISTS, *_SIZES],
    ),
    "object or null": ({"type": ["object", "null"], "required": ["a"]}, _OBJECTS),
    "boolean or null": ({"type": ["boolean", "null"]}, ANY),
    "every type": (
        {"type": ["string", "integer", "number", "boolean", "null", "array", "object"]}, ANY,
    ),
    "nullable": ({"type": "string", "nullable": True}, ANY),
    "not nullable": ({"type": "string", "nullable": False}, ANY),
    "nullable list": ({"type": "array", "nullable": True, "minItems": 1}, _LISTS),
    "nullable enum": ({"type": "string", "enum": ["a", "b"], "nullable": True}, ["a", "c", None, 1]),
    "nullable const": ({"const": "a", "nullable": True}, ["a", "b", None]),
    "nullable without a type": ({"nullable": True, "minLength": 2}, [None, "a", "ab", 1]),
}  # fmt: skip

_ENUMS: dict[str, Case] = {
    "enum of texts": ({"enum": ["auto", "5", "10"]}, ["auto", "5", 5, "AUTO", "auto ", None, ["auto"]]),
    "enum of one text": ({"type": "string", "enum": ["720P"]}, ["720P", "720p", "", 720]),
    "enum of whole numbers": ({"type": "integer", "enum": [5, 10]}, [5, 5.0, 10, 6, "5", True, None, 5.5]),
    "enum of 0 and 1": ({"enum": [0, 1]}, [0, 1, 0.0, 1.0, -0.0, True, False, "1"]),
    "enum of true": ({"enum": [True]}, [True, 1, 1.0, False, "true"]),
    "enum of 1": ({"enum": [1]}, [1, 1.0, True, 2]),
    "enum of 1.0": ({"enum": [1.0]}, [1, 1.0, True, 2]),
    "enum of fractions": ({"type": "number", "enum": [0.5, 1.5]}, [0.5, 1.5, 1, "0.5", True]),
    "enum of fractions for integers": ({"type": "integer", "enum": [0.5, 2.0]}, [0.5, 2, 2.0]),
    "enum of null": ({"enum": [None]}, [None, False, 0, "", "null"]),
    "enum of everything": (
        {"enum": ["a", 1, 2.5, None, False, [1], {"a": 1}]},
        ["a", 1, 1.0, True, 2.5, None, False, 0, [1], [1.0], [True], {"a": 1}, {"a": True}, {}],
    ),
    "enum of lists": ({"enum": [[], [1, [True]]]}, [[], [1, [True]], [1, [1]], [True, [True]], {}, ""]),
    "enum of objects": (
        {"enum": [{"a": {"b": [0]}}]},
        [{"a": {"b": [0]}}, {"a": {"b": [False]}}, {"a": {"b": [0.0]}}, {"a": {"b": [0]}, "c": 1}],
    ),
    "enum that its type forbids": ({"type": "integer", "enum": ["a", 1]}, ["a", 1, 1.0, 2]),
    "enum that nothing can keep": ({"type": "integer", "enum": ["a"]}, ["a", 1]),
    "enum beside bounds": ({"enum": [1, 5, 9], "minimum": 3, "maximum": 8}, [1, 5, 9, 5.0, 6]),
    "enum beside a length": ({"enum": ["a", "abc"], "minLength": 2}, ["a", "abc", "ab"]),
    "enum of huge numbers": ({"enum": [2**64, -(10**40)]}, [2**64, 2**64 + 1, -(10**40), 1.8446744073709552e19]),
    "enum of texts like names": ({"enum": ["None", "__class__", "{x}", "'", '"', "\\", "\n"]},
        ["None", None, "__class__", "{x}", "'", '"', "\\", "\n", "n"]),
    "enum with doubles": ({"enum": ["a", "a", 1, 1.0]}, ["a", 1, 1.0, "b"]),
    "const text": ({"const": "a"}, ["a", "b", None, 1]),
    "const 0": ({"const": 0}, [0, 0.0, -0.0, False, None, ""]),
    "const false": ({"const": False}, [False, 0, 0.0, None]),
    "const null": ({"const": None}, [None, 0, "", False]),
    "const object": ({"const": {"a": [1]}}, [{"a": [1]}, {"a": [True]}, {"a": []}, None]),
    "const beside a type": ({"type": "string", "const": 1}, [1, "1"]),
    "const barred from inside": ({"const": [0], "items": {"minimum": 1}}, [[0], [1], [], 0]),
    "const beside an enum": ({"enum": ["a", "b"], "const": "b"}, ["a", "b", "c"]),
}  # fmt: skip

_BOUNDS: dict[str, Case] = {
    "minimum": ({"type": "integer", "minimum": 1}, _NEAR),
    "maximum": ({"type": "integer", "maximum": 2}, _NEAR),
    "both": ({"type": "number", "minimum": 0.5, "maximum": 2.5}, _NEAR),
    "bounds without a type": ({"minimum": 1, "maximum": 2}, _NEAR),
    "bounds that contradict": ({"type": "integer", "minimum": 3, "maximum": 1}, _NEAR),
    "fractional bounds of an integer": ({"type": "integer", "minimum": 0.5, "maximum": 2.5}, _NEAR),
    "bounds of seeds": ({"type": "integer", "minimum": -1, "maximum": 2**32 - 1}, [-2, -1, 2**32 - 1, 2**32]),
    "huge bound": ({"type": "integer", "maximum": 10**30}, [10**30, 10**30 + 1, 1e30, 1e31]),
    "exclusive minimum": ({"type": "number", "exclusiveMinimum": 1}, _NEAR),
    "exclusive maximum": ({"type": "number", "exclusiveMaximum": 2}, _NEAR),
    "exclusive beside plain": ({"minimum": 1, "exclusiveMinimum": 1.5, "maximum": 3, "exclusiveMaximum": 3}, _NEAR),
    "draft 4: minimum is exclusive": ({"type": "integer", "minimum": 1, "exclusiveMinimum": True}, _NEAR),
    "draft 4: maximum is exclusive": ({"maximum": 2, "exclusiveMaximum": True}, _NEAR),
    "draft 4: not exclusive": ({"minimum": 1, "exclusiveMinimum": False}, _NEAR),
    "draft 4: exclusive without a bound": ({"type": "integer", "exclusiveMaximum": True}, _NEAR),
    "multiple of 2": ({"type": "integer", "multipleOf": 2}, [*_NEAR, 2**70, 2**70 + 1]),
    "multiple of 8 without a type": ({"multipleOf": 8}, [8, 12, 8.0, 8.5, "8", None, True, 0]),
    "multiple of 0.1": ({"type": "number", "multipleOf": 0.1}, [0.1, 0.2, 0.3, 0.25, 1, 1.1, 0, 1e300]),
    "multiple of 0.5": ({"multipleOf": 0.5}, [0.5, 0.75, 3, 1e308, -2.5]),
    "multiple of a tiny step": ({"type": "number", "multipleOf": 1e-300}, [1e300, 1e-300, 0, 1.5]),
    "multiple of 2.0": ({"type": "integer", "multipleOf": 2.0}, [2, 3, 4.0, 2**60]),
    "multiple of a huge step": ({"type": "integer", "multipleOf": 10**20}, [10**20, 10**20 + 1, 1e20, 0]),
    "multiple of nothing": ({"type": "integer", "multipleOf": 0}, [0, 1, "a"]),
    "bound that is a text": ({"type": "integer", "minimum": "1"}, [0, 1]),
}  # fmt: skip

_TEXTS: dict[str, Case] = {
    "minLength": ({"type": "string", "minLength": 2}, _SIZES),
    "maxLength": ({"type": "string", "maxLength": 2}, _SIZES),
    "both lengths": ({"type": "string", "minLength": 1, "maxLength": 3}, _SIZES),
    "lengths without a type": ({"minLength": 2, "maxLength": 3}, _SIZES),
    "length written 2.0": ({"type": "string", "maxLength": 2.0}, _SIZES),
    "minLength 0": ({"type": "string", "minLength": 0}, _SIZES),
    "negative length": ({"type": "string", "minLength": -1}, _SIZES),
    "pattern is searched for": ({"type": "string", "pattern": "b"}, [*_SIZES, "xbx"]),
    "anchored pattern": ({"pattern": "^a+$"}, ["a", "aa", "ab", "a\n", "", 1]),
    "pattern with quotes": ({"pattern": "^['\"\\\\{}]$"}, ["'", '"', "\\", "{", "a", ""]),
    "pattern with a class": ({"type": "string", "pattern": "^\\d+$"}, ["1", "\u0663", "a", ""]),
    "pattern Python does not know": ({"type": "string", "pattern": "\\p{L}"}, ["a", "", 1]),
    "pattern Python warns about": ({"type": "string", "pattern": "[[a]"}, ["a", "[", "b"]),
    "format is no rule": ({"type": "string", "format": "email"}, ["a@b", "no mail", 1]),
    "image_uri is no rule": (
        {"type": "string", "format": "image_uri"},
        ["https://x/y.png", "cat", None],
    ),
}

_ARRAYS: dict[str, Case] = {
    "minItems": ({"type": "array", "minItems": 2}, _LISTS),
    "minItems 0": ({"type": "array", "minItems": 0, "maxItems": 0}, _LISTS),
    "maxItems": ({"type": "array", "maxItems": 2}, _LISTS),
    "sizes without a type": ({"minItems": 1, "maxItems": 2}, _LISTS),
    "items of texts": ({"type": "array", "items": {"type": "string"}}, [[], ["a"], ["a", 1, None], [["a"]], "a"]),
    "items of booleans": ({"type": "array", "items": {"type": "boolean"}}, [[True], [1], [True, 0, None]]),
    "items of integers": ({"type": "array", "items": {"type": "integer"}}, [[1], [1.0], [1.5, True], [None]]),
    "items with bounds": ({"type": "array", "items": {"type": "integer", "minimum": 1}}, [[1], [0, 2, -1], ["a"]]),
    "items with an enum": ({"type": "array", "items": {"enum": ["a", 1]}}, [["a", 1, 1.0], ["b", True], []]),
    "items without a type": ({"items": {"type": "string"}}, [["a"], [1], "a", 1, {}]),
    "items of any kind": ({"type": "array", "items": {}}, _LISTS),
    "items: true": ({"type": "array", "items": True}, _LISTS),
    "items: false": ({"type": "array", "items": False}, _LISTS),
    "items: false without a type": ({"items": False}, _LISTS),
    "items in draft 4's list": ({"type": "array", "items": [{"type": "string"}]}, [["a"], [1], 1]),
    "items that may be null": ({"type": "array", "items": {"type": ["string", "null"]}}, [["a", None], [1], [[]]]),
    "lists of lists of texts": (
        {"type": "array", "items": {"type": "array", "items": {"type": "string"}}},
        [[], [[]], [["a"], []], [["a", 1], "b", [None]], ["a"], [[["a"]]]],
    ),
    "lists of lists of lists": (
        {"type": "array", "items": {"type": "array", "minItems": 1, "items": {
            "type": "array", "maxItems": 2, "items": {"type": "integer", "minimum": 0}}}},
        [[[[1, 2]]], [[]], [[[1, 2, 3], [-1]], [[], ["a"]]], [[1]], [1]],
    ),
    "list of objects": (
        {"type": "array", "maxItems": 2, "items": {
            "type": "object", "required": ["path"],
            "properties": {"path": {"type": "string"}, "scale": {"type": "float", "maximum": 2}}}},
        [[], [{"path": "a"}], [{"path": 1, "scale": 3}, {}], [{"path": "a", "scale": 2.5}] * 3, [[]], [None]],
    ),
    "list of objects with lists of objects": (
        {"type": "array", "items": {"type": "object", "properties": {"a": {"type": "array", "items": {
            "type": "object", "additionalProperties": False, "required": ["b"],
            "properties": {"b": {"type": "array", "items": {"type": "string"}}}}}}}},
        [[{"a": [{"b": ["x"]}]}], [{"a": [{"b": ["x", 1]}, {}, {"b": [], "c": 1}]}, {"a": 1}], [{"z": 1}]],
    ),
    "unique items": ({"type": "array", "uniqueItems": True}, [
        [], [1, 1], [1, 1.0], [1, True], [0, False], ["a", "a"], [[1], [True]], [{"a": 1}, {"a": 1.0}], [None, None]]),
    "not unique": ({"type": "array", "uniqueItems": False}, [[1, 1]]),
    "contains": ({"contains": {"type": "string"}}, [[], [1], ["a"], [1, "a"], "a"]),
    "contains some": ({"contains": {"const": 1}, "minContains": 2, "maxContains": 3}, [
        [], [1], [1, 1.0], [1, True], [1, 1, 1], [1, 1, 1, 1]]),
    "contains none": ({"contains": {"const": 1}, "minContains": 0}, [[], [2], [1]]),
    "prefixItems": ({"type": "array", "prefixItems": [{"type": "string"}, {"type": "integer"}]}, [
        [], ["a"], [1], ["a", 1], ["a", "b"], ["a", 1, None]]),
    "prefixItems and the rest": ({"prefixItems": [{"type": "string"}], "items": {"type": "integer"}}, [
        ["a"], ["a", 1], ["a", "b"], [1, 1], []]),
    "prefixItems and no rest": ({"prefixItems": [True, False], "items": False}, [[], [1], [1, 2], [1, 2, 3]]),
    "unevaluatedItems": ({"prefixItems": [{}], "unevaluatedItems": False}, [[], [1], [1, 2]]),
}  # fmt: skip

_MEMBERS: dict[str, Case] = {
    "properties": ({"type": "object", "properties": {"a": {"type": "integer"}}}, _OBJECTS),
    "properties without a type": ({"properties": {"a": {"type": "integer"}, "b": {"maximum": 1}}}, _OBJECTS),
    "required": ({"type": "object", "properties": {"a": {}, "b": {}}, "required": ["a", "b"]}, _OBJECTS),
    "required without properties": ({"type": "object", "required": ["a", "b"]}, _OBJECTS),
    "required without a type": ({"required": ["a"]}, _OBJECTS),
    "required of no property": ({"type": "object", "properties": {"a": {}}, "required": ["z"]}, _OBJECTS),
    "required in draft 3's form": ({"type": "string", "required": True}, ["a", 1, None]),
    "closed": ({"type": "object", "properties": {"a": {}}, "additionalProperties": False}, _OBJECTS),
    "closed and empty": ({"type": "object", "additionalProperties": False}, _OBJECTS),
    "closed without a type": ({"properties": {"a": {}}, "additionalProperties": False}, _OBJECTS),
    "open": ({"type": "object", "properties": {"a": {"type": "integer"}}, "additionalProperties": True}, _OBJECTS),
    "others by a schema": (
        {"type": "object", "properties": {"a": {}}, "additionalProperties": {"type": "integer", "maximum": 2}},
        _OBJECTS,
    ),
    "others by an empty schema": ({"type": "object", "additionalProperties": {}}, _OBJECTS),
    "minProperties": ({"type": "object", "minProperties": 2}, _OBJECTS),
    "maxProperties": ({"type": "object", "maxProperties": 1}, _OBJECTS),
    "counts beside properties": (
        {"type": "object", "properties": {"a": {"type": "integer"}}, "minProperties": 1, "maxProperties": 2}, _OBJECTS,
    ),
    "counts without a type": ({"minProperties": 1, "maxProperties": 1}, _OBJECTS),
    "objects in objects in objects": (
        {"type": "object", "required": ["a"], "properties": {"a": {"type": "object", "required": ["b"], "properties": {
            "b": {"type": "object", "properties": {"c": {"type": "boolean"}}, "additionalProperties": False},
            "d": {"type": "integer"}}}}},
        [{}, {"a": {}}, {"a": {"b": {}}}, {"a": {"b": {"c": 1, "x": 1}, "d": "q"}}, {"a": 1}, {"a": {"b": None}}],
    ),
    "names that are no identifiers": (
        {"type": "object", "required": ["a b"], "properties": {
            "a b": {"type": "string"}, "33_x": {"type": "integer"}, "class": {"type": "integer"},
            "a/b~c": {"type": "integer"}, "": {"type": "integer"}, "{x}": {"type": "integer"},
            "'\"\\": {"type": "integer"}, "\u540d": {"type": "integer"}}},
        [{"a b": "x"}, {"a b": 1, "33_x": "x", "class": "x", "a/b~c": "x", "": "x", "{x}": "x", "'\"\\": "x", "\u540d": ""}],
    ),
    "patternProperties": ({"patternProperties": {"^a": {"type": "integer"}, "b$": {"minimum": 2}}}, [
        *_OBJECTS, {"ab": 1}, {"ab": 3}, {"xb": 1}]),
    "patternProperties, closed": ({"properties": {"z": {}}, "patternProperties": {"^a": {}}, "additionalProperties": False}, [
        *_OBJECTS, {"z": 1, "ab": 1}]),
    "patternProperties with a bad pattern": ({"patternProperties": {"(": {"type": "integer"}, "^a": False}}, _OBJECTS),
    "propertyNames": ({"propertyNames": {"maxLength": 1, "pattern": "^[a-z]$"}}, [*_OBJECTS, {"ab": 1}, {"": 1}]),
    "dependentRequired": ({"dependentRequired": {"a": ["b"], "c": []}}, _OBJECTS),
    "dependentSchemas": ({"dependentSchemas": {"a": {"required": ["b"], "properties": {"b": {"minimum": 2}}}}}, [
        *_OBJECTS, {"a": 1, "b": 1}]),
    "unevaluatedProperties": ({"properties": {"a": {}}, "allOf": [{"properties": {"b": {}}}], "unevaluatedProperties": False}, _OBJECTS),
}  # fmt: skip

_COMBINED: dict[str, Case] = {
    "allOf": ({"allOf": [{"type": "integer"}, {"minimum": 1}]}, _NEAR),
    "anyOf": ({"anyOf": [{"type": "integer"}, {"minimum": 2}]}, _NEAR),
    "oneOf": ({"oneOf": [{"type": "integer"}, {"minimum": 2}]}, _NEAR),
    "not": ({"not": {"type": "integer"}}, _NEAR),
    "not anything": ({"not": {}}, ANY),
    "not: false": ({"not": False}, ANY),
    "anyOf beside a type": ({"type": "string", "anyOf": [{"minLength": 3}, {"const": "a"}]}, _SIZES),
    "text or list of texts": (
        {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}, [*_LISTS, "a", ["a", "b"]],
    ),
    "oneOf of objects": (
        {"oneOf": [
            {"type": "object", "properties": {"kind": {"const": "a"}, "x": {"type": "integer"}}, "required": ["kind"]},
            {"type": "object", "properties": {"kind": {"const": "b"}, "y": {"type": "object", "properties": {"q": {}}}},
             "required": ["kind"]}]},
        [{"kind": "a", "x": 1}, {"kind": "a", "x": "1"}, {"kind": "b"}, {"kind": "c"}, {}, None],
    ),
    "anyOf of lists of objects": (
        {"anyOf": [{"type": "array", "items": {"type": "object", "properties": {"a": {"type": "integer"}}}},
                   {"type": "array", "items": {"type": "object", "properties": {"a": {"type": "string"}}}}]},
        [[{"a": 1}], [{"a": "x"}], [{"a": 1}, {"a": "x"}], []],
    ),
    "if then else": ({"if": {"minimum": 2}, "then": {"multipleOf": 2}, "else": {"type": "integer"}}, _NEAR),
    "if without then": ({"if": {"minimum": 2}}, _NEAR),
    "then without if": ({"then": False, "else": False}, ANY),
    "if: true": ({"if": True, "then": {"type": "string"}}, ANY),
    "allOf of booleans": ({"allOf": [True, True]}, ANY),
    "anyOf of nothing": ({"type": "integer", "anyOf": []}, [1, "a"]),
    "keywords that depend on each other": (
        {"type": "object", "properties": {"a": {"type": "integer"}}, "additionalProperties": {"type": "string"},
         "anyOf": [{"required": ["a"]}, {"required": ["b"]}]},
        [*_OBJECTS, {"a": 1, "b": "x"}, {"b": "x"}],
    ),
}  # fmt: skip

_REFERENCES: dict[str, Case] = {
    "ref": ({"$ref": "#/$defs/short"}, _SIZES),
    "ref beside a keyword": ({"$ref": "#/$defs/short", "minLength": 2}, _SIZES),
    "ref in items": ({"type": "array", "items": {"$ref": "#/$defs/short"}}, [["a"], ["abcd", 1], []]),
    "ref to a ref": ({"$ref": "#/$defs/chain"}, _SIZES),
    "ref with an encoded space": ({"$ref": "#/$defs/with%20space"}, [1, "a", 1.5]),
    "ref with escapes": ({"$ref": "#/$defs/a~1b~0c"}, [True, 1]),
    "recursive ref": ({"$ref": "#/$defs/tree"}, [
        {"name": "a"}, {"name": "a", "children": [{"name": "b", "children": []}, {"name": 1}]},
        {"name": "a", "children": [{"children": [{}]}]}, {}, 1]),
    "recursive list": ({"$ref": "#/$defs/list"}, [[], [[], [[]]], [[1]], 1]),
    "ref to the payload": ({"$ref": "#"}, [{}, {"value": {}}, {"value": {"list": [1]}}, {"list": 1}, 1]),
    "ref that leads nowhere": ({"type": "string", "$ref": "#/$defs/nothing"}, ["a", 1]),
    "ref out of the document": ({"type": "string", "$ref": "https://example.com/schema"}, ["a", 1]),
    "ref to a file": ({"type": "string", "$ref": "other.json#/a"}, ["a", 1]),
}  # fmt: skip

_ANNOTATIONS: dict[str, Case] = {
    "texts change nothing": (
        {"type": "integer", "title": "\u6807\u9898", "description": "a \"b\" `c` \\d\n\u2264 ", "default": "auto",
         "examples": ["x"], "deprecated": True, "readOnly": True, "$comment": "c", "writeOnly": False},
        [1, "auto", "x"],
    ),
    "keywords nobody knows": ({"type": "integer", "x-widget": {"type": "string"}, "max": 3}, [1, 9, "a"]),
    "validations are no rule for the payload": (
        {"type": "string", "format": "image_uri",
         "validations": [{"validation_rule": "file_size_mb<", "validation_value": 10, "validation_error": "small"}]},
        ["https://x/y.png", "", 1],
    ),
    "a schema that is no schema": ("string", ANY),
}  # fmt: skip

#: Schemas of one value.
VALUES: dict[str, Case] = {
    **_TYPES, **_OTHER_TYPES, **_ENUMS, **_BOUNDS, **_TEXTS, **_ARRAYS, **_MEMBERS, **_COMBINED, **_REFERENCES,
    **_ANNOTATIONS,
}  # fmt: skip

_A_AND_B = {"a": {"type": "integer"}, "b": {"type": "string"}}

#: Schemas of whole payloads.
PAYLOADS: dict[str, tuple[dict[str, Any], list[Any]]] = {
    "root without a type": ({"properties": _A_AND_B}, [{}, {"a": 1}, {"a": "x", "b": 1}]),
    "root in capitals": ({"type": "Object", "properties": _A_AND_B}, [{}, {"a": "x"}]),
    "root that may be null": ({"type": ["object", "null"], "properties": _A_AND_B}, [{}, {"a": "x"}]),
    "root that is nullable": ({"type": "object", "nullable": True, "properties": _A_AND_B}, [{}, {"a": "x"}]),
    "root without properties": ({"type": "object"}, [{}, {"x": 1}]),
    "root with an empty required": ({"type": "object", "properties": _A_AND_B, "required": []}, [{}, {"a": 1}]),
    "root closed": ({"properties": _A_AND_B, "additionalProperties": False}, [{}, {"a": 1}, {"x": 1, "y": 2}]),
    "root with others by a schema": (
        {"properties": _A_AND_B, "additionalProperties": {"type": "integer"}}, [{}, {"x": 1}, {"x": "1", "a": "x"}],
    ),
    "root with counts": ({"properties": _A_AND_B, "minProperties": 1, "maxProperties": 2}, [
        {}, {"a": 1}, {"a": 1, "b": "x", "c": 1}, {"x": 1}]),
    "root required alone": ({"type": "object", "required": ["x", "y"]}, [{}, {"x": 1}, {"x": 1, "y": 1}]),
    "root anyOf of required": (
        {"properties": _A_AND_B, "anyOf": [{"required": ["a"]}, {"required": ["b"]}]}, [{}, {"a": 1}, {"b": 1}],
    ),
    "root oneOf of required": (
        {"properties": _A_AND_B, "oneOf": [{"required": ["a"]}, {"required": ["b"]}]},
        [{}, {"a": 1}, {"a": 1, "b": "x"}, {"b": 1}],
    ),
    "root if then else": (
        {"properties": _A_AND_B, "if": {"required": ["a"]}, "then": {"required": ["b"]}}, [{}, {"a": 1}, {"b": "x"}],
    ),
    "root dependentRequired": ({"properties": _A_AND_B, "dependentRequired": {"a": ["b"]}}, [{}, {"a": 1}, {"b": ""}]),
    "root patternProperties": ({"patternProperties": {"^image_": {"type": "string"}}}, [{"image_1": 1}, {"x": 1}]),
    "root propertyNames": ({"propertyNames": {"maxLength": 2}}, [{"abc": 1}, {"a": 1}]),
    "root enum": ({"enum": [{}, {"a": 1}]}, [{}, {"a": 1}, {"a": True}, {"b": 1}]),
    "root const": ({"const": {"a": 1}}, [{}, {"a": 1.0}]),
    "root not": ({"properties": _A_AND_B, "not": {"required": ["a", "b"]}}, [{}, {"a": 1, "b": "x"}]),
    "root ref": (
        {"$ref": "#/$defs/input", "$defs": {"input": {"type": "object", "properties": _A_AND_B, "required": ["a"]}}},
        [{}, {"a": 1}, {"a": "x"}],
    ),
    "root ref to itself": ({"type": "object", "properties": _A_AND_B, "$ref": "#"}, [{}, {"a": "x"}]),
    "root allOf": ({"allOf": [{"properties": _A_AND_B}, {"required": ["a"]}]}, [{}, {"a": 1}, {"a": "x"}]),
    "property that is no schema": ({"properties": {"a": 1, "b": None}}, [{}, {"a": 1}, {"b": []}]),
    "properties that are no object": ({"properties": []}, [{}, {"a": 1}]),
    "required that is no list": ({"properties": _A_AND_B, "required": "a"}, [{}, {"a": 1}]),
    "required with doubles": ({"properties": _A_AND_B, "required": ["a", "a"]}, [{}, {"a": 1}]),
    "inputs named like keywords": (
        {"properties": {name: {"type": "integer"} for name in (
            "type", "properties", "required", "enum", "default", "title", "$ref", "items", "format")}, "required": ["type"]},
        [{"type": 1}, {"type": "x", "properties": "x", "$ref": "x", "enum": 1, "default": None}, {}],
    ),
    "inputs named like Python": (
        {"properties": {name: {"type": "integer"} for name in (
            "class", "None", "self", "payload", "get", "found", "value", "unset", "print", "check", "__init__", "_x")}},
        [{"class": 1, "self": 1, "get": 1}, {"class": "x", "None": "x", "payload": "x", "value": "x", "__init__": ""}],
    ),
}  # fmt: skip
