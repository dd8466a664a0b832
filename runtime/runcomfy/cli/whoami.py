"""``runcomfy-py whoami``: which token is used, and from where."""

from __future__ import annotations

import click

from .output import Output, output_options
from .service import Service, service_options

__all__ = ["command"]


@click.command(name="whoami", short_help="Show which token is used.")
@output_options
@service_options
def command(out: Output, service: Service) -> None:
    """Show the end of the token that commands use, where it comes from, and the service it is for.

    Nothing is sent. `runcomfy-py doctor` asks the service whether it accepts the token.
    """
    from runcomfy.credentials import Token, find_token
    from runcomfy.journal import Account

    from .local_mock import TOKEN
    from .token_store import masked

    token = Token(TOKEN, "--mock") if service.mock else find_token()
    told = {
        "token": masked(token),
        "source": token.source,
        "service": service.name,
        "account": Account.of(service.address, token).fingerprint,
    }
    if out.as_json:
        out.json(told)
    else:
        out.table(("", ""), told.items())
