"""Shell completion: ``runcomfy-py __complete SHELL …``, answered from one text file.

Neither models nor click are imported for a response, so that it comes as fast as an interpreter
starts. Each candidate is a line of standard output.
"""

from __future__ import annotations

import os
import sys

__all__ = ["answer", "candidates"]

_BREAKS = "\"'@><=;|&(:"
#: Characters that are left as they are in a word of bash.
_PLAIN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/._-+,%^=:@")


def answer(arguments: list[str]) -> int:
    """Print the candidates for the word before the cursor."""
    from .completion_file import lines

    shell, rest = arguments[0], arguments[1:]
    if shell == "bash":
        words, current, raw, quote = _split(rest[0] if rest else "")
        shown = [_for_bash(one, raw, quote) for one in candidates(lines(), words, current)]
    else:
        *words, current = rest or [""]
        if shell == "fish":  # it gives the current word as it was typed
            current = _split(current)[1]
        shown = candidates(lines(), words, current)
    sys.stdout.write("".join(f"{one}\n" for one in shown if one.isprintable()))
    return 0


def candidates(data: list[list[str]], words: list[str], current: str) -> list[str]:
    """The candidates for ``current`` after ``words``, the first of which is the program."""
    if len(words) < 2:
        names = {row[0][1:] for row in data if row[0][:1] == "!"}
        return _starting(sorted(names - {""}), current)
    options = {row[1]: row[2:] for row in data if row[0] == f"!{words[1]}" and len(row) > 1}
    if current.startswith("-"):
        return _starting([name for name in options if name.startswith("-")], current)
    positions, open_option = _positions(words[2:], options)
    if open_option is not None:
        kind, *choices = options[open_option]
        return _starting(choices, current) if kind == "choice" else _paths("", current)
    takes, *choices = options.get("ARGUMENTS", ["nothing"])
    if takes == "choice":
        return _starting(choices, current)
    if not takes.startswith("model"):
        return _paths("", current) if takes == "files" else []
    if not positions:
        ids = {row[0] for row in data if row[0][:1] not in "!#"}
        return _starting(sorted(ids), current)
    if takes == "model+files":
        return _paths("", current)
    return [] if takes == "model" else _inputs(data, positions[0], current)


def _positions(words: list[str], options: dict[str, list[str]]) -> tuple[list[str], str | None]:
    """The positional words, and the option whose value comes next, if any."""
    found, waiting = [], None
    for word in words:
        if waiting is not None:
            waiting = None
        elif word.startswith("-") and len(word) > 1:
            waiting = word if options.get(word, ["flag"])[0] != "flag" else None
        else:
            found.append(word)
    return found, waiting


def _inputs(data: list[list[str]], model_id: str, current: str) -> list[str]:
    rows = [row for row in data if row[0] == model_id and len(row) > 1]
    name, equals, value = current.partition("=")
    if not equals:
        return _starting([f"{row[1]}=" for row in rows], current)
    if value.startswith("@") and not value.startswith("@@"):
        return _paths(f"{name}=@", value[1:])
    choices = [choice for row in rows if row[1] == name for choice in row[2:]]
    return [f"{name}={choice}" for choice in choices if choice.startswith(value)]


def _starting(names: list[str], current: str) -> list[str]:
    return [name for name in names if name.startswith(current)]


def _paths(before: str, current: str) -> list[str]:
    """The files and folders whose path starts with the typed text."""
    folder, slash, start = current.rpartition("/")
    try:
        with os.scandir(os.path.expanduser(folder + slash) or ".") as entries:  # noqa: PTH111  # pathlib is slow to import
            found = sorted(
                (entry.name + "/" if entry.is_dir() else entry.name)
                for entry in entries
                if entry.name.startswith(start) and (start or not entry.name.startswith("."))
            )
    except (OSError, ValueError):
        return []
    return [before + folder + slash + name for name in found]


def _split(line: str) -> tuple[list[str], str, str, str]:
    """The words before the cursor's word; that word, unquoted and as typed; and its open quote."""
    words: list[str] = []
    word, raw, quote, escaped = "", "", "", False
    for character in line:
        if character.isspace() and not quote and not escaped:
            words += [word] if raw else []
            word = raw = ""
            continue
        raw += character
        if escaped:
            word, escaped = word + character, False
        elif character == "\\" and quote != "'":
            escaped = True
        elif character == quote:
            quote = ""
        elif character in "'\"" and not quote:
            quote = character
        else:
            word += character
    return words, word, raw, quote


def _for_bash(candidate: str, raw: str, quote: str) -> str:
    """The candidate without the part before the word's last break, which bash keeps."""
    rest = candidate[_kept(raw) :]
    if quote:
        return rest
    return "".join(one if one in _PLAIN or not one.isascii() else f"\\{one}" for one in rest)


def _kept(raw: str) -> int:
    """How many characters of a word bash leaves in place: up to its last break, or its open quote."""
    breaks = os.environ.get("RUNCOMFY_WORDBREAKS", _BREAKS)
    kept, length, quote, escaped = 0, 0, "", False
    for character in raw:
        if not escaped and character == "\\" and quote != "'":
            escaped = True
        elif not escaped and character == quote:
            quote = ""
        elif not escaped and not quote and character in "'\"":
            quote, kept = character, length
        else:
            length += 1
            if not escaped and not quote and character in breaks:
                kept = length
            escaped = False
    return kept
