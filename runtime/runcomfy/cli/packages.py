"""The option ``--package``: generated packages to look for models in first."""

from __future__ import annotations

import click

from runcomfy._registry import register

__all__ = ["package_option"]


def _register(context: click.Context, option: click.Parameter, given: tuple[str, ...]) -> None:
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
    help="Look for the model in this generated package first. Can be repeated.",
)
