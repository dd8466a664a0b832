"""A person's consent to a submit that no budget covers, bound to key, inputs and price.

The SDK carries the question: in the protocol's newer form it goes out as a result and the tool is called again with the answer, before that it is a
request within the call. In both, the tool's body, and so the claim, runs only after the answer.
"""

from __future__ import annotations

import json
from typing import Any

from mcp.server.mcpserver import AcceptedElicitation, Context, Elicit
from mcp.server.mcpserver.exceptions import ToolError
from pydantic import BaseModel, Field

from .texts import text

__all__ = ["Consent", "question", "require_possible"]

_SHOWN = 800


class Consent(BaseModel):
    """The answer of a person."""

    pay: bool = Field(
        title="Run it and pay", description="Whether this request may be run and billed."
    )


def question(
    model_id: str, key: str, inputs: dict[str, Any], price: float | None
) -> Elicit[Consent]:
    """The question for exactly this request."""
    cost = "an unknown price" if price is None else f"about ${price:g}"
    shown = text(json.dumps(inputs, ensure_ascii=False, sort_keys=True, default=str), _SHOWN)
    return Elicit(
        f"Run {text(model_id)} for {cost} at RunComfy, under the key {text(key)!r}? Inputs: {shown}",
        Consent,
    )


def require_possible(context: Context[Any, Any]) -> None:
    """Raise ``ToolError`` where the client cannot ask a person."""
    capabilities = context.client_capabilities
    if capabilities is None or capabilities.elicitation is None:
        raise ToolError(
            "Nothing was sent: this submit needs a person's consent, and your client cannot ask for it. A person can start the "
            "server with --budget USD or --budget-day USD, or run the request with: runcomfy-py run"
        )


def is_given(outcome: object) -> bool:
    """Whether the person said yes."""
    return isinstance(outcome, AcceptedElicitation) and outcome.data.pay
