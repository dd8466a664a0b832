"""``runcomfy-py models``: the models of the service, or those that are installed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from runcomfy.cli.model_packages import package_option
from runcomfy.cli.output import CommandOutput, output_options
from runcomfy.cli.service import Service, service_options

if TYPE_CHECKING:
    from runcomfy import ModelEntry

__all__ = ["command"]

#: The fields of ``--json``; of a model that is only installed, those of the catalogue are null.
_FIELDS = (
    "model_id", "display_name", "description", "kind", "categories", "base_price_usd", "price_unit", "pricing_note",
    "model_url", "inputs", "required_inputs", "installed",
)  # fmt: skip


@click.command(name="models", short_help="List models.")
@click.argument("search", required=False)
@click.option("--category", metavar="NAME", help="List only this category, such as image-to-video.")
@click.option("--installed", is_flag=True, help="List installed models, offline.")
@click.option("--limit", type=click.IntRange(min=1), help="List at most this many models.")
@output_options
@service_options
@package_option
def command(
    out: CommandOutput,
    service: Service,
    search: str | None,
    category: str | None,
    installed: bool,
    limit: int | None,
) -> None:
    """List the service's models, or those whose id, name or description contains SEARCH.

    With --installed, list the models with an installed class, offline.
    """
    if installed:
        if category:
            raise click.UsageError("--category needs the service: omit --installed.")
        _list_installed(out, search or "", limit)
        return
    with service.client() as client:
        entries = client.models(search, category=category, limit=limit)
    if out.as_json:
        for entry in entries:
            out.json(_as_json(entry))
        return
    if not entries:
        out.note("no such models in the catalogue")
        return
    out.table(("model", "price", "categories", "installed"), map(_row, entries))
    out.detail(f"{len(entries)} models")


def _list_installed(out: CommandOutput, search: str, limit: int | None) -> None:
    from runcomfy.model.registry import model_ids

    wanted = search.casefold()
    for model_id in [one for one in model_ids() if wanted in one.casefold()][:limit]:
        if out.as_json:
            out.json(dict.fromkeys(_FIELDS) | {"model_id": model_id, "installed": True})
        else:
            out.line(model_id)


def _row(entry: ModelEntry) -> tuple[str, str, str, str]:
    price = "" if entry.base_price_usd is None else f"${entry.base_price_usd:g}"
    unit = f" per {entry.price_unit}" if price and entry.price_unit else ""
    installed = "installed" if entry.installed else ""
    return entry.model_id, price + unit, ", ".join(entry.categories), installed


def _as_json(entry: ModelEntry) -> dict[str, object]:
    found = {name: getattr(entry, name) for name in _FIELDS}
    return {name: [*value] if isinstance(value, tuple) else value for name, value in found.items()}
