"""The tools about models: search, describe, check. They cost nothing and change nothing.

Annotations are evaluated here, because the SDK reads the schemas of responses from them.
"""

import json
from typing import Annotated, Any

from anyio.to_thread import run_sync
from mcp.server.mcpserver import MCPServer
from mcp_types import CallToolResult, TextContent, ToolAnnotations

from runcomfy.errors import RunComfyError
from runcomfy.model.registry import find_model, model_ids
from runcomfy.model.violation import Violation
from runcomfy.validation.validate import validate

from .answers import Checked, Description, Finding, FoundModel, FoundModels
from .descriptions import described
from .files import with_local_files
from .service import AgentService, tool_error
from .texts import DATA, text

__all__ = ["add_model_tools"]

_FOUND = 20
_FINDINGS = 30
#: The number of inputs per model in search results.
_NAMES = 30
_FREE = ToolAnnotations(
    read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False
)
_LOOKS = ToolAnnotations(
    read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=True
)


def add_model_tools(server: MCPServer[Any], service: AgentService) -> None:
    """Add the tools and the schema resource."""

    @server.tool(annotations=_FREE)
    async def search_models(query: str = "") -> FoundModels:
        """Find models by words of their ids, such as "image edit". Use describe_model before you run one."""
        return await run_sync(_search, service, query)

    @server.tool(annotations=_LOOKS)
    async def describe_model(model: str) -> Annotated[CallToolResult, Description]:
        """Describe a model: inputs, limits, rules for files, price, one example. At most 4 KB; the whole schema is the resource schema://{model}."""
        cls = service.model(model)
        entry = await service.catalogue_entry(model)
        price = {
            "base_usd": None if entry is None else entry.base_price_usd,
            "per": text(None if entry is None else entry.price_unit, 20),
            "note": text(None if entry is None else entry.pricing_note, 200),
        }
        description = await run_sync(described, cls, price)
        words = json.dumps(description, ensure_ascii=False)
        content = TextContent(type="text", text=words)
        return CallToolResult(content=[content], structured_content=description)

    @server.tool(annotations=_LOOKS)
    async def check(model: str, inputs: dict[str, Any]) -> Checked:
        """Check inputs offline and for free, local files included. Fix every error before you submit."""
        cls = service.model(model)
        try:
            given = with_local_files(cls, inputs, service.settings.roots)
            report = await run_sync(validate, cls, given)
        except RunComfyError as error:
            raise tool_error(error) from None
        return Checked(
            valid=report.valid,
            would_stop=bool(report.errors or report.slips),
            errors=_findings(report.errors),
            warnings=_findings(report.warnings),
            unchecked=[
                Finding(pointer=text(one.pointer), rule=text(one.rule), text=text(one.reason))
                for one in report.unchecked[:_FINDINGS]
            ],
            price_usd=await service.price(cls, inputs),
        )

    @server.resource("schema://{+model}", mime_type="application/json")
    async def schema(model: str) -> str:
        """The whole input schema of a model."""
        return json.dumps(await run_sync(service.model(model).input_schema))


def _search(service: AgentService, query: str) -> FoundModels:
    words = query.lower().replace("/", " ").replace("-", " ").split()
    found = [
        one
        for one in model_ids()
        if service.settings.allows(one) and all(word in one.lower() for word in words)
    ]
    models = [FoundModel(model_id=one, inputs=_names(one)) for one in found[:_FOUND]]
    return FoundModels(models=models, total=len(found), note=DATA)


def _names(model_id: str) -> list[str]:
    names = sorted(find_model(model_id)._wire_names.values())
    return [text(name, 100) for name in names[:_NAMES]]


def _findings(found: list[Violation]) -> list[Finding]:
    return [
        Finding(pointer=text(one.pointer), rule=text(one.rule), text=text(str(one)))
        for one in found[:_FINDINGS]
    ]
