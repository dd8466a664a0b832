"""``runcomfy-py logout``: forget the stored API token."""

from __future__ import annotations

import click

from runcomfy.cli.output import CommandOutput, output_options

__all__ = ["command"]


@click.command(name="logout", short_help="Delete the stored API token.")
@output_options
def command(out: CommandOutput) -> None:
    """Delete the token that login stored. Reports any other source that still has a token."""
    from runcomfy.cli.token_store import forget
    from runcomfy.credentials import find_token
    from runcomfy.errors import ConfigurationError

    removed = forget()
    try:
        still: str | None = find_token().source
    except ConfigurationError:
        still = None
    if out.as_json:
        out.json({"removed": removed, "still_in": still})
        return
    out.note("removed the stored token" if removed else "no token was stored by login")
    if still:
        out.note(f"warning: a token is still found in {still}")
