"""The table of subcommands: where each one lives, and its line in the help.

A command is registered by a line here. Its module holds a click command named ``command``, and is
imported only when the command runs or its own help is asked for.
"""

from __future__ import annotations

__all__ = ["COMMANDS", "SECTIONS"]

#: Heading -> name of the command -> module, and its line in ``runcomfy-py --help``.
SECTIONS: dict[str, dict[str, tuple[str, str]]] = {
    "Jobs": {
        "run": ("runcomfy.cli.run", "Run a model and save its output files."),
        "submit": ("runcomfy.cli.submit", "Submit a request without waiting for it."),
        "batch": ("runcomfy.cli.batch", "Run a file of requests as a resumable batch."),
        "gallery": ("runcomfy.cli.gallery", "Write an HTML page of the results."),
        "status": ("runcomfy.cli.status", "Show the status of requests."),
        "wait": ("runcomfy.cli.wait", "Wait for jobs and save their output files."),
        "result": ("runcomfy.cli.result", "Fetch the results of finished requests."),
        "cancel": ("runcomfy.cli.cancel", "Cancel queued requests."),
    },
    "Journal of paid requests": {
        "jobs": (
            "runcomfy.cli.jobs",
            "List the requests in the journal and their costs.",
        ),
        "recover": ("runcomfy.cli.recover", "Finish all submitted requests and save their files."),
        "journal": (
            "runcomfy.cli.journal",
            "Settle unknown requests; back up, purge and limit the journal.",
        ),
    },
    "Models": {
        "models": ("runcomfy.cli.models", "List models."),
        "show": ("runcomfy.cli.show", "Show a model: inputs, limits, rules, price, examples."),
        "validate": ("runcomfy.cli.validate", "Validate payloads offline."),
    },
    "Set-up and development": {
        "login": ("runcomfy.cli.login", "Store the API token."),
        "logout": ("runcomfy.cli.logout", "Delete the stored API token."),
        "whoami": ("runcomfy.cli.whoami", "Show the token in use and its source."),
        "doctor": ("runcomfy.cli.doctor", "Check the installation; costs nothing."),
        "completion": ("runcomfy.cli.completion", "Print the completion script for a shell."),
        "mcp": ("runcomfy.cli.mcp", "Run an MCP server for agents."),
        "playground": ("runcomfy.cli.playground", "Try models on a local web page."),
        "mock": ("runcomfy.cli.mock", "Run a local mock of the RunComfy API."),
    },
}

COMMANDS = {name: entry for section in SECTIONS.values() for name, entry in section.items()}
