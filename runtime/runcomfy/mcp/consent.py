"""A user's consent to a submit that no budget covers, bound to key, inputs and price.

The SDK carries the question: in the protocol's newer form it goes out as a result and the tool is called again with the response, before that it is a
request within the call. In both, the tool's body, and so the claim, runs only after the response.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from mcp.server.mcpserver import AcceptedElicitation, Context, Elicit
from mcp.server.mcpserver.exceptions import ToolError
from pydantic import BaseModel, Field

from .texts import text

__all__ = ["Consent", "Covered", "is_given", "question", "require_possible"]

_SHOWN = 800


class Consent(BaseModel):
    """The user's response."""

    pay: bool = Field(
        title="Run it and pay", description="Whether this request may be run and billed."
    )


class Covered(Consent):
    """Consent without asking the user: a budget covers the submit, or its key is submitted already."""


def question(
    model_id: str,
    key: str,
    inputs: dict[str, Any],
    price: float | None,
    limit: float,
    place: str,
) -> Elicit[Consent]:
    """The consent question for this exact request. It contains all inputs or their digest, because consent applies to its text."""
    unknown = f"an unknown price (the agent expects at most ${limit:g})"
    cost = unknown if price is None else f"about ${price:g}"
    whole = json.dumps(inputs, ensure_ascii=False, sort_keys=True, default=str)
    shown = text(whole, _SHOWN)
    if len(whole) > _SHOWN:
        digest = hashlib.sha256(whole.encode(errors="surrogatepass")).hexdigest()
        shown += f" [SHA-256 of all inputs: {digest}]"
    return Elicit(
        f"Run {text(model_id)} for {cost} {text(place)}, under the key {text(key)!r}? Inputs: {shown}",
        Consent,
    )


def require_possible(context: Context[Any, Any]) -> None:
    """Raise ``ToolError`` if the client cannot ask the user."""
    capabilities = context.client_capabilities
    asks = None if capabilities is None else capabilities.elicitation
    if asks is None or (asks.form is None and asks.url is not None):
        raise ToolError(
            "Nothing was sent: this submit needs a person's consent, and your client cannot ask for it. A person can start the "
            "server with --budget USD or --budget-day USD, or run the request with: runcomfy-py run"
        )


def is_given(outcome: object) -> bool:
    """Whether the user consented."""
    return isinstance(outcome, AcceptedElicitation) and outcome.data.pay
