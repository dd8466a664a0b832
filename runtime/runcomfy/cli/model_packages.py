"""Looking models up by id, and the option ``--package``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from runcomfy.model.request import Request

__all__ = ["model_of", "package_option"]


def model_of(model_id: str) -> type[Request[Any]]:
    """The request class of the model. The error for an unknown one names the option, not a Python function."""
    from runcomfy.model.registry import find_model

    try:
        return find_model(model_id)
    except LookupError as error:
        from runcomfy.errors import (
            UnknownModel,  # it takes milliseconds to import, and is there by now
        )

        if isinstance(error, UnknownModel):
            error._last_step = "pass it with --package my_models"
        raise


def _register(context: click.Context, option: click.Parameter, given: tuple[str, ...]) -> None:
    from runcomfy.model.registry import register

    for name in given:
        try:
            register(name)
        except ModuleNotFoundError as error:
            raise click.BadParameter(str(error), context, option) from None
        except (ImportError, ValueError, TypeError, AttributeError) as error:
            raise click.BadParameter(f"{name!r}: {error}", context, option) from None


#: A decorator for commands that find models by their ids.
package_option = click.option(
    "--package",
    multiple=True,
    metavar="NAME",
    callback=_register,
    expose_value=False,
    is_eager=True,
    help="Search this generated package for the model first. Can be repeated.",
)
