"""Error messages on standard error: the cause, the request id, and the next command to run."""

from __future__ import annotations

import re
import sys
from functools import partial
from typing import TYPE_CHECKING, Any

from runcomfy.errors import (
    ClientClosed,
    JournalError,
    RequestError,
    RunComfyError,
    SubmissionUnknown,
    ValidationError,
)

from .exit_codes import INTERNAL, status_of
from .next_command import next_command
from .terminal import complain

if TYPE_CHECKING:
    from runcomfy.model.violation import Violation

__all__ = ["describe", "in_words_of_the_command", "print_failure", "violation_as_json"]

#: Python advice in messages of the library -> the same advice for the command line.
_LINES = (
    (re.compile(r'client\.job\("([^"]*)"(?:, "[^"]*")?\)\.wait\(\)'), r"runcomfy-py wait \1"),
    (
        re.compile(r"journal\.resolve\((\'[^\']*\'), request_id=\'([^\']*)\', client=client\)"),
        r"runcomfy-py journal resolve \1 --request-id \2",
    ),
    (
        re.compile(r"journal\.resolve\((\'[^\']*\'), request_id=…, client=client\)"),
        r"runcomfy-py journal resolve \1 --request-id REQUEST_ID",
    ),
    (
        re.compile(r"journal\.resolve\((\'[^\']*\'), not_sent=True\)"),
        r"runcomfy-py journal resolve \1 --not-sent",
    ),
    (re.compile(r"accept_restored=True"), "runcomfy-py journal restore-accepted"),
    (re.compile(r"journal\.adopt\(client\.account\)"), "runcomfy-py journal adopt"),
    (re.compile(r"; use another path$"), ""),
    (re.compile(r"\n *the argument token= \(not given\)"), ""),
    # An argument in Python, and its option in parentheses.
    (re.compile(r"\b[a-z_]+=\S+ \((--[a-z][^)]*)\)"), r"\1"),
    (
        re.compile(r"; pass a local file as a pathlib\.Path, .* not as a string"),
        "; write a local file as NAME=@FILE",
    ),
)
#: The same for the journal of a batch, with its folder.
_BATCH_JOURNAL = re.compile(r"^(.+)/journal\.db ")
_BATCH_LINES = (
    ("runcomfy-py journal restore-accepted", "runcomfy-py batch … --accept-restored"),
    ("runcomfy-py journal adopt", "runcomfy-py journal adopt --journal {folder}"),
)
_ALLOW = re.compile(r"pass allow=\(([^)]*)\) to the call or to the client")
_NEXT_STEPS = {
    "MissingToken": "Store one with: runcomfy-py login",
    "AuthenticationFailed": "See which token is used with: runcomfy-py whoami",
    "SubmissionUnknown": "Check the requests in your RunComfy account before you send it again.",
    "JournalUnwritable": "The journal is in $XDG_STATE_HOME (default: ~/.local/state); set the variable to move it.",
    "ValidationError": "See the inputs with: runcomfy-py show {model}",
    "DownloadRefused": "No option of this command allows it; fetch the result in Python with that client.",
}


def in_words_of_the_command(text: str) -> str:
    """The text with Python snippets replaced by commands."""
    for pattern, words in _LINES:
        text = pattern.sub(partial(_as_command, words), text)
    return _ALLOW.sub(_options, text)


def _as_command(words: str, found: re.Match[str]) -> str:
    advice = found.expand(words)
    return next_command(advice) if advice.startswith("runcomfy-py ") else advice


def _options(found: re.Match[str]) -> str:
    names = [name.strip() for name in found[1].split(",") if name.strip()]
    return "pass " + " ".join(f"--allow {name}" for name in names)


def violation_as_json(violation: Violation) -> dict[str, Any]:
    """A violation as plain data, in words of the command."""
    return {**violation.as_dict(), "message": in_words_of_the_command(violation.message)}


def describe(error: BaseException) -> str:
    """The error message with the command line's own advice; several facts are on lines of their own."""
    lines = in_words_of_the_command(str(error) or type(error).__name__).splitlines()
    if isinstance(error, OSError) and not isinstance(error, RunComfyError):
        place = f"{error.filename}: " if error.filename else ""
        lines = [f"{place}{error.strerror or error}"]
    folder = _batch_folder(error)
    if folder is not None:
        for words, words_here in _BATCH_LINES:
            lines = [line.replace(words, words_here.format(folder=folder)) for line in lines]
    lines += [f"  {in_words_of_the_command(note)}" for note in getattr(error, "__notes__", ())]
    for cls in type(error).__mro__:
        if cls.__name__ == "JournalUnwritable" and not _is_users(error):
            break  # the message is complete for any other journal
        if isinstance(error, SubmissionUnknown) and error.request_id is not None:
            break  # the message has the command that waits for it
        if cls.__name__ in _NEXT_STEPS:
            lines.append(f"  {_NEXT_STEPS[cls.__name__].format(model=_model(error))}")
            break
    return "\n".join(lines)


def _batch_folder(error: BaseException) -> str | None:
    """The folder of the batch whose journal an error is about, as a word of a shell; ``None`` for the user's journal."""
    if not isinstance(error, JournalError) or _is_users(error):
        return None
    from shlex import quote

    found = _BATCH_JOURNAL.match(str(error))
    return quote(found[1]) if found else None


def _is_users(error: BaseException) -> bool:
    """Whether the message names the place of the user's journal, or of the mock's."""
    from .service import state_folder

    return str(state_folder().resolve()) in str(error)


def print_failure(error: Exception, *, verbose: bool = False) -> int:
    """Print the error on standard error, and return its exit status."""
    status = status_of(error)
    if status == INTERNAL:
        if verbose:
            from traceback import format_exception

            sys.stderr.write("".join(format_exception(error)))
        complain(
            f"internal error: {type(error).__name__}: {error}. This is a bug in runcomfy-py; please report "
            "it. Use -v to show the traceback."
        )
        return status
    complain(describe(error))
    return status


def _model(error: BaseException) -> str:
    if isinstance(error, (ValidationError, RequestError, ClientClosed)) and error.model_id:
        from shlex import quote

        return quote(error.model_id)
    return "MODEL"
