"""``runcomfy-py login``: store the API token."""

from __future__ import annotations

import sys

import click

from runcomfy.cli.output import CommandOutput, output_options
from runcomfy.cli.service import Service, service_options

__all__ = ["command"]

#: Seconds for the question whether the service accepts the token.
_PATIENCE = 15.0


@click.command(name="login", short_help="Store the API token.")
@click.option(
    "--no-keyring",
    is_flag=True,
    help="Store the token in a file of mode 0600, instead of in the keyring.",
)
@click.option("--no-check", is_flag=True, help="Do not check the token with the service.")
@output_options
@service_options
def command(out: CommandOutput, service: Service, no_keyring: bool, no_check: bool) -> None:
    """Read the API token from a hidden prompt or from standard input, and store it.

    Uses the system keyring if one exists and the extra "keyring" is installed, else a file of mode 0600
    in ~/.config/runcomfy. Python clients find the token there too. No argument takes the token, because
    other users of the machine could see it.
    """
    if service.mock:
        raise click.UsageError("The mock takes any token, so none is stored for it: omit --mock.")
    from runcomfy.cli.token_store import masked, store
    from runcomfy.credentials import Token

    token = Token(_read(), "standard input")
    if not no_check:
        _check(service, token.reveal(), out)
    place = store(token, in_keyring=not no_keyring)
    if out.as_json:
        out.json({"token": masked(token), "stored_in": place})
    else:
        out.note(f"stored {masked(token)} in {place}")


def _read() -> str:
    if sys.stdin is None:
        raise click.UsageError("There is no standard input to read the token from.")
    if sys.stdin.isatty():
        text: str = click.prompt("API token", hide_input=True, err=True)
        return text
    text = sys.stdin.readline().strip()
    if not text:
        raise click.UsageError("Standard input contains no token.")
    return text


def _check(service: Service, token: str, out: CommandOutput) -> None:
    """Refuse a token that the service rejects. If the service cannot be reached, it is stored unchecked."""
    from runcomfy.errors import ConnectionFailed, DeadlineExceeded, ServerFault

    try:
        with service.client(token=token) as client:
            client.models(limit=1, timeout=_PATIENCE)
    except (ConnectionFailed, DeadlineExceeded, ServerFault):
        out.note("warning: the service cannot be reached, so the token was not checked")
