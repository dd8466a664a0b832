"""The pydantic schema of classes that are only serialised: results, outputs, reports. Imported on demand."""

from __future__ import annotations

from typing import Any

__all__ = ["component_ref", "plain_data_schema"]


def plain_data_schema(cls: type[Any]) -> Any:
    """A core schema that accepts instances of a class and serialises them with ``as_dict()``."""
    from pydantic_core import core_schema as core

    shown = {"type": "object", "title": cls.__name__, "additionalProperties": True}
    inner = core.is_instance_schema(
        cls,
        ref=component_ref(cls),
        serialization=core.plain_serializer_function_ser_schema(lambda value: value.as_dict()),
        metadata={"pydantic_js_functions": [lambda _core, _handler: dict(shown)]},
    )
    return core.chain_schema([inner])


def component_ref(cls: type[Any]) -> str:
    """The name by which pydantic knows a class; its last part is that of the component."""
    return f"{cls.__module__}.{cls.__qualname__}:{id(cls)}"
