"""Storage for the token of ``login``: the keyring if there is one, else a file of mode 0600."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path

from runcomfy.credentials import KEYRING, Token, login_file

__all__ = ["forget", "masked", "store"]

#: A token shorter than this is not shown at all.
_LONG = 16


def store(token: Token, *, in_keyring: bool) -> str:
    """Store the token for later commands and clients, and return its location. Raises ``OSError``."""
    path = login_file()
    if in_keyring and _put_into_keyring(token):
        _write(path, {"keyring": True})
        return "the keyring"
    _write(path, {"access_token": token.reveal()})
    return str(path)


def forget() -> bool:
    """Delete the stored token. Returns whether there was one."""
    path = login_file()
    try:
        content = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return False
    if "keyring" in content:
        with suppress(Exception):  # an entry that is gone already, or a backend that is
            import keyring

            keyring.delete_password(*KEYRING)
    path.unlink()
    return True


def masked(token: Token) -> str:
    """The end of the token, by which its owner knows it."""
    value = token.reveal()
    return f"…{value[-4:]}" if len(value) >= _LONG else "…"


def _put_into_keyring(token: Token) -> bool:
    try:
        import keyring

        keyring.set_password(*KEYRING, token.reveal())
        return keyring.get_password(*KEYRING) == token.reveal()
    except Exception:  # noqa: BLE001  # without the library, without a backend, or with one that is locked
        return False


def _write(path: Path, content: dict[str, object]) -> None:
    """Replace the file atomically; it is never readable by others."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(content, file)
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
