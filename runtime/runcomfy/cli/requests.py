"""Shared code of ``run`` and ``submit``: the model, its inputs, and their checks."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import click

from .model_packages import model_of, package_option
from .option_types import Number

__all__ = ["ModelCommand", "ModelInputs", "request_options"]

CommandT = TypeVar("CommandT", bound=Callable[..., Any])


class ModelInputs(NamedTuple):
    """The model and its inputs, including local files."""

    model_id: str
    payload: dict[str, Any]
    #: Arguments for the client: how files are checked, and which findings do not stop a submit.
    checks: dict[str, Any]
    key: str | None
    again: bool
    #: The most that the whole command may cost, and the price of one request, in US dollars.
    max_cost: float | None
    price: float | None


class ModelCommand(click.Command):
    """A command whose ``MODEL --help`` shows the inputs of that model."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Keep the arguments for the help text, which is written before they are parsed."""
        ctx.meta["runcomfy.arguments"] = [*args]
        return super().parse_args(ctx, args)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The inputs of the model, if one was named; then the options."""
        model_id = self._model_id(ctx)
        if model_id is not None:
            from .model_help import write_inputs

            write_inputs(formatter, model_of(model_id))
        super().format_options(ctx, formatter)

    def _model_id(self, ctx: click.Context) -> str | None:
        try:
            found, _, _ = self.make_parser(ctx).parse_args(
                list(ctx.meta.get("runcomfy.arguments", ()))
            )
        except click.UsageError:
            return None
        model_id = found.get("model")
        return model_id if isinstance(model_id, str) else None


#: The argument MODEL, its inputs and their options, in the order of the help text.
_PARAMETERS = (
    click.argument("model"),
    click.argument("inputs", nargs=-1, metavar="[NAME=VALUE]..."),
    click.option("--input", "text", metavar="JSON", help="All inputs as a JSON object."),
    click.option(
        "--input-file",
        metavar="FILE",
        help="Read all inputs from a JSON file; - is standard input.",
    ),
    click.option(
        "--check-files",
        type=click.Choice(["local", "remote", "off"]),
        default="local",
        show_default=True,
        help="Check file rules on local files, on files behind URLs too, or not at all.",
    ),
    click.option(
        "--allow",
        multiple=True,
        metavar="RULE",
        help="Ignore findings of this rule, such as unknown-input. Can be repeated.",
    ),
    click.option("--strict", is_flag=True, help="Treat warnings as errors."),
    click.option(
        "--key",
        metavar="KEY",
        help="Idempotency key: the same command with the same key never submits twice.",
    ),
    click.option(
        "--again", is_flag=True, help="Submit even if the journal has an identical request."
    ),
    click.option(
        "--max-cost", type=Number(min=0), metavar="USD", help="Refuse to submit above this cost."
    ),
    click.option(
        "--price",
        type=Number(min=0),
        metavar="USD",
        help="Cost estimate of one request.  [default: the catalogue's price]",
    ),
    click.option(
        "--unchecked", is_flag=True, help="Run a model that is not installed, without validation."
    ),
)


def request_options(command: CommandT) -> CommandT:
    """Add MODEL, its inputs and their options; the command gets them as ``ModelInputs`` named ``wanted``."""

    @functools.wraps(command)
    def wrapped(
        *arguments: Any,
        model: str,
        inputs: tuple[str, ...],
        text: str | None,
        input_file: str | None,
        check_files: str,
        allow: tuple[str, ...],
        strict: bool,
        key: str | None,
        again: bool,
        max_cost: float | None,
        price: float | None,
        unchecked: bool,
        **options: Any,
    ) -> Any:
        payload = _payload(model, inputs, text, input_file, unchecked)
        checks = {"check_files": check_files, "allow": allow, "strict": strict}
        wanted = ModelInputs(model, payload, checks, key, again, max_cost, price)
        return command(*arguments, wanted=wanted, **options)

    decorated: Callable[..., Any] = wrapped
    for parameter in reversed(_PARAMETERS):
        decorated = parameter(decorated)
    return package_option(decorated)  # type: ignore[return-value]  # click calls it, whatever its signature


def _payload(
    model: str, given: tuple[str, ...], text: str | None, path: str | None, unchecked: bool
) -> dict[str, Any]:
    from runcomfy.model.declared_inputs import inputs_of

    from .values import read_arguments, read_payload

    if "=" in model:
        raise click.UsageError(
            f"{model!r} is an input; the model id comes first, as in: MODEL {model}"
        )
    whole = read_payload(text, path)
    if unchecked:
        from runcomfy.errors import UnknownModel
        from runcomfy.model.registry import find_model

        try:
            cls = find_model(model)
        except UnknownModel:
            return {**whole, **read_arguments(given, None)}
    else:
        cls = model_of(model)
    aliases = {name: wire for name, wire in cls._wire_names.items() if name not in cls._known}
    return {**whole, **read_arguments(given, inputs_of(cls), aliases)}
