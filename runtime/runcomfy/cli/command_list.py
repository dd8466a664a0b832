"""The table of subcommands, and the line of each in the help.

A command is registered by a line here. Its module in ``cli/commands/`` has its name, holds a click
command named ``command``, and is imported only when the command runs or its own help is asked for.
"""

from __future__ import annotations

__all__ = ["COMMANDS", "SECTIONS", "module_of"]

#: Heading -> name of the command -> its line in ``runcomfy-py --help``.
SECTIONS: dict[str, dict[str, str]] = {
    "Jobs": {
        "run": "Run a model and save its output files.",
        "submit": "Submit a request without waiting for it.",
        "batch": "Run a file of requests as a resumable batch.",
        "gallery": "Write an HTML page of the results.",
        "status": "Show the status of requests.",
        "wait": "Wait for jobs and save their output files.",
        "result": "Fetch the results of finished requests.",
        "cancel": "Cancel queued requests.",
    },
    "Journal of paid requests": {
        "jobs": "List the requests in the journal and their costs.",
        "recover": "Finish all submitted requests and save their files.",
        "journal": "Settle unknown requests; back up, purge and limit the journal.",
    },
    "Models": {
        "models": "List models.",
        "show": "Show a model: inputs, limits, rules, price, examples.",
        "validate": "Validate payloads offline.",
    },
    "Set-up and development": {
        "login": "Store the API token.",
        "logout": "Delete the stored API token.",
        "whoami": "Show the token in use and its source.",
        "doctor": "Check the installation; costs nothing.",
        "completion": "Print the completion script for a shell.",
        "mcp": "Run an MCP server for agents.",
        "playground": "Try models on a local web page.",
        "mock": "Run a local mock of the RunComfy API.",
    },
}

COMMANDS = {name: line for section in SECTIONS.values() for name, line in section.items()}


def module_of(name: str) -> str:
    """The module of a subcommand."""
    return f"runcomfy.cli.commands.{name}"
