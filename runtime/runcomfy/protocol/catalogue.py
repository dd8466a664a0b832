"""Reading the service's catalogue of models, page by page. Each flow is a generator without I/O."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from runcomfy.errors import ConfigurationError, UnexpectedAnswer

from .context import CallContext
from .responses import JsonDocument
from .steps import Call, Flow
from .urls import model_path

__all__ = ["PAGE", "list_models", "look_up_model", "read_catalogue_page"]

#: Entries requested per page.
PAGE = 100


def list_models(
    context: CallContext,
    search: str | None = None,
    *,
    category: str | None = None,
    kind: str | None = None,
    include_schema: bool = False,
    limit: int | None = None,
) -> Flow[list[dict[str, Any]]]:
    """The matching entries in the service's order, without duplicates, at most ``limit``.

    >>> flow = list_models(CallContext(), "hat")
    >>> next(flow).call.path
    '/v1/models?search=hat&limit=100&offset=0'
    """
    if limit is not None and limit < 0:
        raise ConfigurationError(f"limit must be 0 or more, or None for every model; got {limit}")
    query = _query(search, category, kind, include_schema)
    found: dict[str, dict[str, Any]] = {}
    offset = 0
    while limit is None or len(found) < limit:
        asked = PAGE if limit is None else min(PAGE, limit - len(found))
        document = yield from _page(context, query, asked, offset)
        page = _entries(context, document.content)
        known = len(found)
        for entry in page:
            found.setdefault(entry["model_id"], entry)
        offset += len(document.content["models"])
        # A service that does not count its pages would send the first one for ever.
        if len(found) == known or _is_last(document.content, asked, offset):
            break
    return list(found.values())[:limit]


def read_catalogue_page(
    context: CallContext,
    search: str | None = None,
    *,
    category: str | None = None,
    kind: str | None = None,
    include_schema: bool = False,
    limit: int = PAGE,
    offset: int = 0,
) -> Flow[JsonDocument]:
    """One page of the catalogue, with the raw response body."""
    if limit < 1 or offset < 0:
        raise ConfigurationError(
            f"limit must be 1 or more, and offset 0 or more; got {limit} and {offset}"
        )
    query = _query(search, category, kind, include_schema)
    document = yield from _page(context, query, limit, offset)
    _entries(context, document.content)
    return document


def look_up_model(context: CallContext, model_id: str) -> Flow[JsonDocument]:
    """The entry of one model, with the raw response body."""
    context.model_id = model_id
    return (yield from context.exchange(Call("read", "GET", model_path(model_id))))


def _query(
    search: str | None, category: str | None, kind: str | None, include_schema: bool
) -> dict[str, str]:
    filters = {"search": search, "category": category, "kind": kind}
    query = {name: value for name, value in filters.items() if value}
    return {**query, "include_schema": "true"} if include_schema else query


def _page(
    context: CallContext, query: dict[str, str], limit: int, offset: int
) -> Flow[JsonDocument]:
    path = "/v1/models?" + urlencode({**query, "limit": limit, "offset": offset})
    return (yield from context.exchange(Call("read", "GET", path)))


def _entries(context: CallContext, content: dict[str, Any]) -> list[dict[str, Any]]:
    """The entries of a page; those without a model id are skipped."""
    models = content.get("models")
    if not isinstance(models, list):
        raise context.error(
            UnexpectedAnswer,
            "the service's response is not a list of models",
            server_text=context.redact(content),
        )
    return [one for one in models if isinstance(one, dict) and isinstance(one.get("model_id"), str)]


def _is_last(content: dict[str, Any], asked: int, seen: int) -> bool:
    """Whether this is the last page, by the total or because it is not full."""
    total, limit = content.get("total"), content.get("limit")
    if type(total) is int:
        return seen >= total
    full = min(asked, limit) if type(limit) is int else asked
    return len(content["models"]) < full
