"""One OpenAPI 3.1 document of the whole API: ``runcomfy-codegen export openapi``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from runcomfy_codegen.schema.keywords import Schema, schemas_in

from .bundle import file_rules_schema
from .models import FILE_RULES, ExportedModel, definition_names, definitions, local_references

__all__ = ["openapi"]

_ANY_OBJECT: Schema = {"type": "object", "additionalProperties": True}
_URL: Schema = {"type": "string", "format": "uri"}
_TEXT: Schema = {"type": "string"}

#: The schemas of what is the same for every model.
_SHARED: dict[str, Schema] = {
    "Submitted": {
        "type": "object",
        "description": "The request was accepted and is billed.",
        "required": ["request_id"],
        "properties": {
            "request_id": _TEXT,
            "status_url": _URL,
            "result_url": _URL,
            "cancel_url": _URL,
        },
    },
    "Status": {
        "type": "object",
        "required": ["status"],
        "properties": {
            "request_id": _TEXT,
            "status": {
                "type": "string",
                "description": "Treat an unknown status as still running.",
                "examples": ["in_queue", "in_progress", "completed", "cancelled"],
            },
            "queue_position": {"type": "integer"},
            "status_url": _URL,
            "result_url": _URL,
        },
    },
    "Result": {
        "type": "object",
        "required": ["status"],
        "properties": {
            "request_id": _TEXT,
            "status": _TEXT,
            "output": {
                **_ANY_OBJECT,
                "description": "The model's output; x-output of the operation names its schema.",
            },
            "created_at": _TEXT,
            "finished_at": _TEXT,
            "error": {"description": "Why the request failed."},
            "cost": {"type": "number"},
        },
    },
    "Cancellation": {
        "type": "object",
        "properties": {
            "request_id": _TEXT,
            "status": _TEXT,
            "outcome": {"type": "string", "examples": ["cancelled", "not_cancellable"]},
        },
    },
    "Error": {
        "type": "object",
        "description": "An error. Its HTTP status may be 200.",
        "properties": {
            "error_code": {"type": "integer"},
            "error_message": _TEXT,
        },
    },
}


def openapi(models: Sequence[ExportedModel]) -> dict[str, Any]:
    """The document."""
    components: dict[str, Schema] = {**_SHARED, "FileRules": file_rules_schema()}
    paths: dict[str, Any] = {}
    for model in models:
        name = _component(model, components)
        components[name] = _hoisted(model.input, name, components)
        output = f"{name}Output"
        components[output] = _hoisted(model.output, output, components) or dict(_ANY_OBJECT)
        # A placeholder in a path is written in braces; the ids of models hold none.
        paths[f"/v1/models/{quote(model.model_id)}"] = {"post": _submit(model, name, output)}
    paths |= {
        "/v1/requests/{request_id}/status": _request_path("get", "status", "Status"),
        "/v1/requests/{request_id}/result": _request_path("get", "result", "Result"),
        "/v1/requests/{request_id}/cancel": _request_path("post", "cancel", "Cancellation"),
    }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "RunComfy Model API",
            "version": "1",
            "description": (
                "A submit is billed and has no idempotency key: do not blindly repeat one whose response was lost. "
                f"Demo values are examples, never defaults. {FILE_RULES} (components.schemas.FileRules) lists rules about "
                "the file behind an input."
            ),
        },
        "servers": [{"url": "https://model-api.runcomfy.net"}],
        "security": [{"token": []}],
        "tags": [{"name": owner} for owner in sorted({one.owner for one in models} | {"requests"})],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _component(model: ExportedModel, taken: dict[str, Schema]) -> str:
    """The name of a model's schema, such as ``OpenaiGptImage2Edit``; never one that is there."""
    owner = "".join(word[:1].upper() + word[1:] for word in model.owner.split("_"))
    name = owner + model.class_name
    while name in taken or f"{name}Output" in taken:
        name += "_"
    return name


def _hoisted(schema: Schema, name: str, components: dict[str, Schema]) -> Schema:
    """The schema with its definitions as components, and references that lead through the whole document."""
    _split_choices(schema)
    names = definition_names(schema, name)
    for part, pointer in [*local_references(schema)]:
        known = names.get(pointer)
        part["$ref"] = f"#/components/schemas/{known or name + pointer}"
    components.update((names[pointer], part) for pointer, part in definitions(schema).items())
    # Generators of clients name their classes after the title, which is "Input" for most models.
    dropped = ("$defs", "definitions", "title")
    return {word: value for word, value in schema.items() if word not in dropped}


def _split_choices(schema: Schema) -> None:
    """Tell choices of several types apart by type: generators of clients make one enum of one type."""
    for _, part in [*schemas_in(schema)]:
        by_type: dict[str, list[Any]] = {}
        for value in part.get("enum", ()):
            by_type.setdefault(_json_type(value), []).append(value)
        if len(by_type) > 1 and "anyOf" not in part:
            del part["enum"]
            part.pop("type", None)  # the choices say it, and that of null is no enum
            part["anyOf"] = [
                {"type": name} if name == "null" else {"type": name, "enum": values}
                for name, values in by_type.items()
            ]


def _json_type(value: object) -> str:
    kinds = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array"}
    return "null" if value is None else kinds.get(type(value), "object")


def _submit(model: ExportedModel, name: str, output: str) -> dict[str, Any]:
    facts = {
        word: model.facts[word]
        for word in ("base_price_usd", "price_unit", "pricing_note")
        if word in model.facts
    }
    return {
        "operationId": f"submit_{model.owner}_{model.class_name}",
        "tags": [model.owner],
        "summary": str(model.facts.get("display_name") or model.model_id),
        "description": f"Submit a request to {model.model_id}. It is billed when it is accepted.",
        "x-model-id": model.model_id,
        "x-output": {"$ref": f"#/components/schemas/{output}"},
        **({"x-price": facts} if facts else {}),
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {"$ref": f"#/components/schemas/{name}"},
                    "example": model.example,
                }
            },
        },
        "responses": _responses("Submitted", "The request was accepted.", accepted=True),
    }


def _request_path(method: str, action: str, schema: str) -> dict[str, Any]:
    operation = {
        "operationId": f"get_{action}" if method == "get" else f"{action}_request",
        "tags": ["requests"],
        "responses": _responses(schema, f"The {action} of the request."),
    }
    request_id = {"name": "request_id", "in": "path", "required": True, "schema": _TEXT}
    return {"parameters": [request_id], method: operation}


def _responses(schema: str, words: str, *, accepted: bool = False) -> dict[str, Any]:
    good = _answer(schema, words)
    return {
        "200": good,
        **({"202": good} if accepted else {}),
        "4XX": _answer("Error", "The call was rejected."),
    }


def _answer(schema: str, words: str) -> dict[str, Any]:
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
    return {"description": words, "content": content}
