"""The tools about models: search, describe, check. They cost nothing and change nothing."""

from __future__ import annotations

import json
from typing import Any

from anyio.to_thread import run_sync
from mcp.server.mcpserver import MCPServer
from mcp_types import ToolAnnotations

from runcomfy.errors import RunComfyError
from runcomfy.model.registry import find_model, model_ids
from runcomfy.model.violation import Violation
from runcomfy.validation.validate import validate

from .answers import Checked, Finding, FoundModel, FoundModels
from .files import with_local_files
from .service import Service, told
from .texts import DATA, bounded, shortened, text

__all__ = ["add_model_tools"]

_FOUND = 20
_FINDINGS = 30
#: Bytes of a description.
_DESCRIPTION = 4_000
_FREE = ToolAnnotations(
    read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False
)
_LOOKS = ToolAnnotations(
    read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=True
)
#: What is told of an input, in this order.
_TOLD = (
    "type", "enum", "const", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength",
    "pattern", "minItems", "maxItems", "format",
)  # fmt: skip


def add_model_tools(server: MCPServer[Any], service: Service) -> None:
    """Add the tools and the schema resource."""

    @server.tool(annotations=_FREE)
    async def search_models(query: str = "") -> FoundModels:
        """Find models by words of their ids, such as "image edit". Use describe_model before you run one."""
        return await run_sync(_search, service, query)

    @server.tool(annotations=_LOOKS)
    async def describe_model(model: str) -> dict[str, Any]:
        """Describe a model: inputs, limits, rules for files, price, one example. At most 4 KB; the whole schema is the resource schema://{model}."""
        cls = service.model(model)
        price = await service.price(model, dict(cls._example))
        return await run_sync(_describe, model, cls, price)

    @server.tool(annotations=_LOOKS)
    async def check(model: str, inputs: dict[str, Any]) -> Checked:
        """Check inputs offline and for free, local files included. Fix every error before you submit."""
        cls = service.model(model)
        try:
            given = with_local_files(cls, inputs, service.settings.roots)
            report = await run_sync(validate, cls, given)
        except RunComfyError as error:
            raise told(error) from None
        return Checked(
            valid=report.valid,
            would_stop=bool(report.errors or report.slips),
            errors=_findings(report.errors),
            warnings=_findings(report.warnings),
            unchecked=[
                Finding(pointer=one.pointer, rule=one.rule, text=text(one.reason))
                for one in report.unchecked[:_FINDINGS]
            ],
            price_usd=await service.price(model, inputs),
        )

    @server.resource("schema://{+model}", mime_type="application/json")
    async def schema(model: str) -> str:
        """The whole input schema of a model."""
        return json.dumps(await run_sync(service.model(model).input_schema))


def _search(service: Service, query: str) -> FoundModels:
    words = query.lower().replace("/", " ").replace("-", " ").split()
    found = [
        one
        for one in model_ids()
        if service.settings.allows(one) and all(word in one.lower() for word in words)
    ]
    models = [
        FoundModel(model_id=one, inputs=sorted(find_model(one)._wire_names.values()))
        for one in found[:_FOUND]
    ]
    return FoundModels(models=models, total=len(found), note=DATA)


def _describe(model_id: str, cls: Any, price: float | None) -> dict[str, Any]:
    schema = cls.input_schema()
    declared = schema.get("properties", {})
    required = [name for name in schema.get("required", []) if name in declared]
    rules = {
        media.path[0]: [f"{one.name} {one.limit}" for one in media.rules] for media in cls._media
    }
    inputs = []
    for name, schema_of in declared.items():
        part = schema_of if isinstance(schema_of, dict) else {}
        told = {word: bounded(part[word]) for word in _TOLD if word in part}
        meaning = text(part.get("description") or part.get("title"), 200)
        extra = {"file_rules": rules[name]} if rules.get(name) else {}
        inputs.append(
            {"name": name, "required": name in required, **told, **extra, "meaning": meaning}
        )
    inputs.sort(key=lambda one: not one["required"])
    return shortened(
        {
            "model_id": model_id,
            "price_usd": price,
            "example": _brief(cls._example),
            "schema": f"schema://{model_id}",
            "note": DATA + " Demo values are examples; leave out what you do not mean.",
            "inputs": inputs,
        },
        _DESCRIPTION,
        "inputs",
    )


def _brief(example: Any) -> Any:
    return {
        name: text(one, 120) if isinstance(one, str) else bounded(one)
        for name, one in dict(example).items()
    }


def _findings(found: list[Violation]) -> list[Finding]:
    return [
        Finding(pointer=one.pointer, rule=one.rule, text=text(str(one)))
        for one in found[:_FINDINGS]
    ]
