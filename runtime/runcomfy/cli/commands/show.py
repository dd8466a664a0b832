"""``runcomfy-py show``: one model, with its inputs, limits, rules, price and examples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from runcomfy.cli.model_help import input_rows
from runcomfy.cli.model_packages import model_of, package_option
from runcomfy.cli.output import CommandOutput, output_options
from runcomfy.cli.service import Service, service_options
from runcomfy.model.declared_inputs import inputs_of

if TYPE_CHECKING:
    from runcomfy import ModelEntry
    from runcomfy.model.request import Request

__all__ = ["command"]

_EXAMPLES = ("python", "json", "curl", "command")
#: Seconds for the question about the price.
_PATIENCE = 10.0


@click.command(name="show", short_help="Show a model: inputs, limits, rules, price, examples.")
@click.argument("model")
@click.option(
    "--example",
    type=click.Choice(_EXAMPLES),
    help="Print only the example, in this form.",
)
@click.option("--offline", is_flag=True, help="Do not fetch the price from the service.")
@output_options
@service_options
@package_option
def command(
    out: CommandOutput, service: Service, model: str, example: str | None, offline: bool
) -> None:
    """Show the inputs of MODEL with limits, file rules and demo values, its price, and an example.

    The example comes from the model's page, as Python, JSON, curl and command line. The price comes
    from the service and needs a token or --mock.
    """
    cls = model_of(model)
    if example:
        for line in _example(cls, example, service.address).split("\n"):
            out.line(line)
        return
    inputs = inputs_of(cls)
    entry, reason = (None, "not requested") if offline else _entry(service, model)
    if out.as_json:
        from runcomfy.snippets import import_place

        out.json(
            {
                "model_id": model,
                "class": f"{import_place(cls)}.{cls.__name__}",
                "inputs": [one.as_dict() for one in inputs.values()],
                "price": _price_as_json(entry),
                "examples": {form: _example(cls, form, service.address) for form in _EXAMPLES},
            }
        )
        return
    out.line(model)
    out.line(f"price: {_price(entry) if entry else f'unknown ({reason})'}")
    out.line()
    for one in inputs.values():
        first, *others = input_rows(one)
        out.line(f"{one.name}: {first}")
        for line in others:
            out.line(f"    {line}")
    for form in _EXAMPLES:
        out.line()
        out.line(f"As {'a command line' if form == 'command' else form}:")
        for line in _example(cls, form, service.address).split("\n"):
            out.line(f"    {line}")


def _example(cls: type[Request[Any]], form: str, base_url: str) -> str:
    from runcomfy import snippets

    payload = cls._example
    if form == "python":
        return snippets.python(cls, payload)
    if form == "json":
        return snippets.json_text(payload)
    if form == "curl":
        return snippets.curl(cls.model_id, payload, base_url)
    return snippets.command_line(cls.model_id, payload)


def _entry(service: Service, model_id: str) -> tuple[ModelEntry | None, str]:
    """The entry of the service's catalogue, or why there is none."""
    from runcomfy.errors import MissingToken, RunComfyError

    try:
        with service.client() as client:
            return client.model(model_id, timeout=_PATIENCE), ""
    except MissingToken:
        return None, "no token; --mock has its own prices"
    except RunComfyError as error:
        return None, str(error).partition("\n")[0]


def _price(entry: ModelEntry) -> str:
    if entry.base_price_usd is None:
        return entry.pricing_note or "unknown (not reported by the service)"
    unit = f" per {entry.price_unit}" if entry.price_unit else ""
    return f"${entry.base_price_usd:g}{unit}"


def _price_as_json(entry: ModelEntry | None) -> dict[str, Any] | None:
    if entry is None:
        return None
    return {
        "base_price_usd": entry.base_price_usd,
        "price_unit": entry.price_unit,
        "pricing_note": entry.pricing_note,
    }
