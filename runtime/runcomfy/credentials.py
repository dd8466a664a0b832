"""Where the token comes from, and a wrapper that keeps it out of reprs."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

from .errors import ConfigurationError, MissingToken

__all__ = ["VARIABLES", "Token", "find_token"]

#: Asked in this order, after the argument and before the token file.
VARIABLES = ("RUNCOMFY_TOKEN", "RUNCOMFY_API_TOKEN", "YOUR_API_TOKEN")

_FILE = "token.json"


class Token:
    """A token that shows itself only when asked to. ``source`` says where it was found."""

    __slots__ = ("_value", "source")

    def __init__(self, value: str, source: str) -> None:
        if not isinstance(value, str):
            raise ConfigurationError(
                f"the token from {source} must be a text, got a {type(value).__name__}"
            )
        value = value.strip()
        if not value or not value.isascii() or not value.isprintable() or " " in value:
            raise ConfigurationError(
                f"the token from {source} cannot be sent in a header: "
                "it must be printable ASCII without spaces"
            )
        self._value = value
        self.source = source

    def reveal(self) -> str:
        """The token itself."""
        return self._value

    def __repr__(self) -> str:
        return f"Token(…, source={self.source!r})"

    def __reduce__(self) -> str:
        raise TypeError("a token is not pickled; let the other process look it up")


def find_token(
    argument: str | None = None,
    environ: Mapping[str, str] | None = None,
    home: Path | None = None,
) -> Token:
    """The token: the argument, else a variable, else the file of the official command.

    Raises ``MissingToken``, which lists where it was looked for.
    """
    if argument is not None:
        return Token(argument, "the argument token=")
    environ = os.environ if environ is None else environ
    for name in VARIABLES:
        value = environ.get(name, "").strip()
        if value:
            return Token(value, f"the variable {name}")
    path, value, why = _stored(_folder(environ, home))
    if value:
        return Token(value, str(path))
    places = [
        "the argument token= (not given)",
        *(f"the variable {name} (not set)" for name in VARIABLES),
        f"the file {path} ({why})",
    ]
    raise MissingToken(
        "no RunComfy token found; looked in:\n  "
        + "\n  ".join(places)
        + "\nA token is made in your RunComfy account, on its page about API tokens."
    )


def _folder(environ: Mapping[str, str], home: Path | None) -> Path:
    """Where the official command keeps its files; these variables are its own."""
    if own := environ.get("RUNCOMFY_CONFIG_DIR"):
        return Path(own)
    if settings := environ.get("XDG_CONFIG_HOME"):
        return Path(settings, "runcomfy")
    try:
        return (home or Path.home()) / ".config" / "runcomfy"
    except RuntimeError:  # there is no home folder
        return Path("~", ".config", "runcomfy")


def _stored(folder: Path) -> tuple[Path, str, str]:
    """The token file, the token in it, and why there is none."""
    path = folder / _FILE
    try:
        value = json.loads(path.read_text(encoding="utf-8"))["access_token"]
    except OSError as error:
        return path, "", error.strerror or "cannot be read"
    except (ValueError, KeyError, TypeError, RecursionError):
        return path, "", "has no access_token"
    return path, value if isinstance(value, str) else "", "access_token is empty or no text"
