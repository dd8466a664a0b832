"""The tool that pays: ``submit``. It needs the user's consent or a budget, and the journal records it before it is sent.

No ``from __future__ import annotations`` here: the SDK finds the function that resolves a parameter in its annotation.
"""

from typing import Annotated, Any

import anyio
from anyio.to_thread import run_sync
from mcp.server.mcpserver import Context, Elicit, ElicitationResult, MCPServer, Resolve
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import ToolAnnotations

from runcomfy.errors import RunComfyError

from .answers import SubmitAnswer
from .consent import Consent, Covered, is_given, question, require_possible
from .files import folder_of, with_local_files
from .service import ESTIMATE, AgentService, tool_error
from .texts import text

__all__ = ["add_submit_tool"]

#: Characters of a key.
_KEY = 200
_PAYS = ToolAnnotations(
    read_only_hint=False, destructive_hint=True, idempotent_hint=True, open_world_hint=True
)


def add_submit_tool(server: MCPServer[Any], service: AgentService) -> None:
    """Add the tool."""

    async def consent(
        model: str,
        inputs: dict[str, Any],
        key: str,
        max_cost_usd: float,
        context: Context[Any, Any],
    ) -> Elicit[Consent] | Consent:
        """Ask the user, unless a budget covers the submit or the key needs none."""
        return await _consent(service, context, model, inputs, key, max_cost_usd)

    @server.tool(annotations=_PAYS)
    async def submit(
        model: str,
        inputs: dict[str, Any],
        key: str,
        max_cost_usd: float,
        agreed: Annotated[ElicitationResult[Consent], Resolve(consent)],
    ) -> SubmitAnswer:
        """Submit a request, which is billed. `key` is yours: the same key gives the same request and is never paid twice, so repeat a broken call with it. Check the inputs first. A person may be asked to consent; max_cost_usd is only your own limit."""
        if not is_given(agreed):
            raise ToolError("Nothing was sent: the user did not consent.")
        covered = isinstance(getattr(agreed, "data", None), Covered)
        return await _submit(service, model, inputs, key, max_cost_usd, covered=covered)


async def _consent(
    service: AgentService,
    context: Context[Any, Any],
    model: str,
    inputs: dict[str, Any],
    key: str,
    max_cost_usd: float,
) -> Elicit[Consent] | Consent:
    cls = service.model(model)
    _require_submit(service, key, max_cost_usd)
    if not await service.may_be_sent(key):
        return Covered(pay=True)
    given = _local(service, cls, inputs)
    price = await service.price(cls, inputs)
    if price is not None and price > max_cost_usd:
        raise ToolError(
            f"Nothing was sent: the request costs about ${price:g}, above max_cost_usd {max_cost_usd:g}."
        )
    await run_sync(_require_valid, cls, given)
    if await run_sync(service.covers, price):
        return Covered(pay=True)
    if service.settings.budget is not None and price is not None:
        raise _budget_reached(service)
    require_possible(context)
    service.asked[key] = price
    return question(model, key, inputs, price, max_cost_usd, service.settings.place)


async def _submit(
    service: AgentService,
    model: str,
    inputs: dict[str, Any],
    key: str,
    max_cost_usd: float,
    *,
    covered: bool,
) -> SubmitAnswer:
    cls = service.model(model)
    price = await service.price(cls, inputs)
    new = await service.may_be_sent(key)
    if new:
        await run_sync(_reserve, service, key, price, max_cost_usd, covered)
        ESTIMATE.set(max_cost_usd if price is None else price)
    try:
        request = cls.from_payload(_local(service, cls, inputs))
        folder = folder_of(service.settings.out, key)
        job = await service.submit(request, key, folder)
    except RunComfyError as error:
        raise tool_error(error) from None
    finally:
        if new:  # what was certainly not sent is not spent
            with anyio.CancelScope(shield=True):
                await run_sync(service.allowance.release, key)
    entry = await run_sync(service.journal.find, service.client.account, key)
    return SubmitAnswer(
        key=key,
        request_id=job.request_id,
        state="submitted" if entry is None else entry.state,
        new=new,
        price_usd=price,
        next="Call wait with this key, then result.",
    )


def _require_submit(service: AgentService, key: str, max_cost_usd: float) -> None:
    if service.settings.read_only:
        raise ToolError("Nothing was sent: this server is read-only.")
    if not 0 < len(key) <= _KEY or not key.isprintable():
        raise ToolError(f"key must have 1 to {_KEY} printable characters.")
    if not 0 <= max_cost_usd < float("inf"):
        raise ToolError("max_cost_usd must be a number of US dollars.")


def _local(service: AgentService, cls: Any, inputs: dict[str, Any]) -> dict[str, Any]:
    try:
        return with_local_files(cls, inputs, service.settings.roots)
    except RunComfyError as error:
        raise tool_error(error) from None


def _require_valid(cls: Any, inputs: dict[str, Any]) -> None:
    """Reject invalid inputs before the user is asked for consent."""
    from runcomfy.validation.validate import validate

    report = validate(cls, inputs)
    wrong = [*report.errors, *report.slips]
    if wrong:
        listed = "; ".join(text(str(one)) for one in wrong[:10])
        raise ToolError(
            f"Nothing was sent: {listed}. Correct the inputs; describe_model lists the limits."
        )


def _reserve(
    service: AgentService, key: str, price: float | None, limit: float, covered: bool
) -> None:
    """Reserve the cost of the submit. Raises ``ToolError`` if the budget no longer covers it, or its price has changed."""
    if not covered and service.asked.get(key) != price:
        raise ToolError("Nothing was sent: the price has changed. Call submit again.")
    if not service.reserve(key, price, limit if price is None else price, covered=covered):
        raise _budget_reached(service)


def _budget_reached(service: AgentService) -> ToolError:
    allowance = service.allowance
    if allowance.limit is None:  # meanwhile, another submit under this key ended without being sent
        return ToolError("Nothing was sent. Call submit again with the same key and inputs.")
    return ToolError(
        f"Nothing was sent: the budget of ${allowance.limit:g} is reached; ${allowance.spent:g} is spent or reserved. "
        "The user can restart the server with a higher --budget."
    )
