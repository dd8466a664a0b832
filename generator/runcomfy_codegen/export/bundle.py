"""All models in one JSON Schema document: ``runcomfy-codegen export jsonschema``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from .models import FILE_RULES, ExportedModel

__all__ = ["bundle", "file_rules_schema"]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def bundle(models: Sequence[ExportedModel]) -> dict[str, Any]:
    """The document. A payload of a model is checked against ``models/<model id>``, its output against ``outputs/<model id>``."""
    return {
        "$schema": _DIALECT,
        "$id": "https://model-api.runcomfy.net/schemas/",
        "title": "Models of the RunComfy Model API",
        "$comment": (
            f"{FILE_RULES} lists rules about the file behind an input; JSON Schema treats it as an annotation. "
            "Demo values are examples and are never applied."
        ),
        "$defs": {
            "file-rules": file_rules_schema(),
            **{f"models/{one.model_id}": _resource("models", one, one.input) for one in models},
            **{f"outputs/{one.model_id}": _resource("outputs", one, one.output) for one in models},
        },
    }


def _resource(folder: str, model: ExportedModel, schema: dict[str, Any]) -> dict[str, Any]:
    """The schema as a resource of its own, so that its references lead to its own parts."""
    return {"$id": f"{folder}/{quote(model.model_id)}", "title": model.model_id, **schema}


def file_rules_schema() -> dict[str, Any]:
    """The schema of the values of ``x-file-rules``."""
    return {
        "title": "Rules about the file behind a URL",
        "description": (
            "Each rule has the form metric operator limit, such as width_pixels > 384. On an array it applies to each item. "
            "path points to the member that holds the URL if it is not the input itself."
        ),
        "type": "array",
        "items": {
            "type": "object",
            "required": ["metric", "operator", "limit"],
            "properties": {
                "path": {"type": "array", "items": {"type": "string"}},
                "metric": {
                    "type": "string",
                    "examples": ["width_pixels", "file_size_mb", "width/height"],
                },
                "operator": {"type": "string", "examples": ["<", ">", "<=", ">=", "="]},
                "limit": {"type": ["number", "string"]},
                "message": {"type": "string"},
            },
        },
    }
