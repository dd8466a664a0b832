"""The form of a model: its inputs as stored, its file rules, its price."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from runcomfy.model.registry import find_model, model_ids

__all__ = ["describe_model", "listed_models"]


def listed_models() -> list[dict[str, str]]:
    """The installed models, for the list on the page."""
    return [{"id": model_id} for model_id in model_ids()]


@lru_cache(maxsize=64)
def describe_model(model_id: str) -> dict[str, Any]:
    """The model's form: schema, required inputs, media inputs with their rules. Raises ``UnknownModel``."""
    cls = find_model(model_id)
    schema = cls.input_schema()
    return {
        "model_id": model_id,
        "class_name": cls.__name__,
        "schema": schema,
        "media": [_media(one) for one in cls._media],
        "required": _required(schema),
    }


def _media(media: Any) -> dict[str, Any]:
    rules = [
        {"name": rule.name, "limit": rule.limit, "wording": rule.wording} for rule in media.rules
    ]
    return {"path": list(media.path), "kind": media.kind, "rules": rules}


def _required(schema: dict[str, Any]) -> list[str]:
    """The wire names of the required inputs."""
    declared = schema.get("properties", {})
    required = schema.get("required", [])
    return [name for name in required if name in declared]
