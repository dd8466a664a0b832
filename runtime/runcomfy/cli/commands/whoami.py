"""``runcomfy-py whoami``: which token is used, and from where."""

from __future__ import annotations

import click

from runcomfy.cli.output import CommandOutput, output_options
from runcomfy.cli.service import Service, service_options

__all__ = ["command"]


@click.command(name="whoami", short_help="Show the token in use and its source.")
@output_options
@service_options
def command(out: CommandOutput, service: Service) -> None:
    """Show the last characters of the token in use, its source, and its service.

    Sends nothing. `runcomfy-py doctor` checks the token with the service.
    """
    from runcomfy.cli.local_mock import TOKEN
    from runcomfy.cli.token_store import masked
    from runcomfy.credentials import Token, find_token
    from runcomfy.journal import Account

    token = Token(TOKEN, "--mock") if service.mock else find_token()
    document = {
        "token": masked(token),
        "source": token.source,
        "service": service.name,
        "account": Account.of(service.address, token).fingerprint,
    }
    if out.as_json:
        out.json(document)
    else:
        out.table(("", ""), document.items())
