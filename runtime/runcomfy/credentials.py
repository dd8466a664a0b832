"""Where the token comes from, and a wrapper that keeps it out of reprs."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

from .errors import ConfigurationError, MissingToken

__all__ = ["KEYRING", "VARIABLES", "Token", "config_folder", "find_token", "login_file"]

#: Read in this order, after the argument and before the token file.
VARIABLES = ("RUNCOMFY_TOKEN", "RUNCOMFY_API_TOKEN", "YOUR_API_TOKEN")

#: The service and the user name of the entry that ``runcomfy-py login`` makes in a keyring.
KEYRING = ("runcomfy", "api-token")

#: Quotes in pairs, as shells and word processors write them.
_QUOTES = ('""', "''", "\u201c\u201d", "\u2018\u2019")

#: The token files of ``runcomfy-py login`` and of the official command, in order of precedence.
_LOGIN, _OFFICIAL = "login.json", "token.json"


class Token:
    """A token that is kept out of reprs. ``source`` says where it was found."""

    __slots__ = ("_value", "source")

    def __init__(self, value: str, source: str) -> None:
        if not isinstance(value, str):
            raise ConfigurationError(
                f"the token from {source} must be a string, got a {type(value).__name__}"
            )
        value = _bare(value)
        if not value or value.lower() == "bearer":
            raise ConfigurationError(f"the token from {source} is empty")
        if not value.isascii() or not value.isprintable() or " " in value:
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
        raise TypeError("a token cannot be pickled; let the other process look it up")


def _bare(value: str) -> str:
    """The token in a text as people paste it: with quotes, as a header, behind a byte order mark."""
    value = value.strip("\ufeff \t\r\n")
    if len(value) > 1 and value[0] + value[-1] in _QUOTES:
        value = value[1:-1].strip()
    for start in ("authorization:", "bearer "):
        if value[: len(start)].lower() == start:
            value = _bare(value[len(start) :])
    return value


def find_token(
    argument: str | None = None,
    environ: Mapping[str, str] | None = None,
    home: Path | None = None,
) -> Token:
    """The token: the argument, else a variable, else the one stored by ``runcomfy-py login`` or the official command.

    Raises ``MissingToken``, which lists the places searched.
    """
    if argument is not None:
        return Token(argument, "the argument token=")
    environ = os.environ if environ is None else environ
    for name in VARIABLES:
        value = environ.get(name, "").strip()
        if value:
            return Token(value, f"the variable {name}")
    folder = config_folder(environ, home)
    files = []
    for name in (_LOGIN, _OFFICIAL):
        path = folder / name
        value, why = _stored(path)
        if value:
            return Token(value, why or str(path))
        files.append(f"the file {path} ({why})")
    places = [
        "the argument token= (not given)",
        *(f"the variable {name} (not set)" for name in VARIABLES),
        *files,
    ]
    raise MissingToken(
        "no RunComfy token found; looked in:\n  "
        + "\n  ".join(places)
        + "\nCreate a token on the API tokens page of your RunComfy account."
    )


def login_file(environ: Mapping[str, str] | None = None, home: Path | None = None) -> Path:
    """The file of ``runcomfy-py login``: holds the token, or a reference to the keyring."""
    return config_folder(os.environ if environ is None else environ, home) / _LOGIN


def config_folder(environ: Mapping[str, str], home: Path | None = None) -> Path:
    """The folder of the official command's files, by the variables that it reads."""
    if own := environ.get("RUNCOMFY_CONFIG_DIR"):
        return Path(own)
    if settings := environ.get("XDG_CONFIG_HOME"):
        return Path(settings, "runcomfy")
    try:
        return (home or Path.home()) / ".config" / "runcomfy"
    except RuntimeError:  # there is no home folder
        return Path("~", ".config", "runcomfy")


def _stored(path: Path) -> tuple[str, str]:
    """The token in a file and its source; without a token, the reason."""
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
        if path.name == _LOGIN and content.get("keyring") is True:
            return _in_keyring()
        value = content["access_token"]
    except OSError as error:
        return "", error.strerror or "cannot be read"
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return "", "has no access_token"
    return (
        (value, "")
        if isinstance(value, str) and value
        else ("", "access_token is empty or not a string")
    )


def _in_keyring() -> tuple[str, str]:
    try:
        import keyring

        value = keyring.get_password(*KEYRING)
    except ImportError:
        from .extras import install_command

        return "", f"the token is in a keyring: {install_command('keyring')}"
    except Exception as error:  # noqa: BLE001  # each backend has errors of its own
        return "", f"the keyring cannot be read: {type(error).__name__}"
    return (value, "the keyring") if value else ("", "the keyring has no token")
