"""The one text file that completion reads: commands with their options, and models with inputs and choices.

A line holds fields between tabs, and lines are sorted. ``!COMMAND  --option  kind  choices…`` is an option,
``!COMMAND  ARGUMENTS  kind`` what its arguments are, ``MODEL  input  choices…`` an input. The first line names
the files that it was made from, with their times, so that a new model is noticed.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import click

__all__ = ["lines", "write"]


def lines() -> list[list[str]]:
    """The lines of the file, as fields. Writes it first if it is missing or out of date."""
    try:
        with open(_path(), encoding="utf-8") as file:  # noqa: PTH123  # pathlib is slow to import
            head, *rest = file.read().splitlines()
        if head == _stamp(head.split("\t")[1::2]):
            return [line.split("\t") for line in rest]
    except (OSError, ValueError):
        pass
    return [line.split("\t") for line in write()]


def write() -> list[str]:
    """Write the file anew; its lines but the first."""
    made = sorted({*_commands(), *_models()})
    path = _path()
    partial = f"{path}.{os.getpid()}"
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)  # noqa: PTH103, PTH120  # pathlib is slow to import
        with open(partial, "w", encoding="utf-8") as file:  # noqa: PTH123  # likewise
            file.write("\n".join([_stamp(_sources()), *made, ""]))
        os.replace(partial, path)  # noqa: PTH105  # likewise
    except OSError:
        pass  # completion works without it, only slower
    return made


def _path() -> str:
    """The path of the file, one per environment, because the installed models differ."""
    from zlib import crc32

    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")  # noqa: PTH111  # pathlib is slow to import
    return f"{home}/runcomfy/completion-{crc32(sys.prefix.encode()):08x}.txt"


def _stamp(sources: list[str]) -> str:
    """The first line: the files that this one was made from, with their modification times."""
    fields = []
    for source in sources:
        try:
            fields += [source, str(os.stat(source).st_mtime_ns)]  # noqa: PTH116  # pathlib is slow to import
        except OSError:
            fields += [source, "gone"]
    return "\t".join(["#", *fields])


def _sources() -> list[str]:
    """The files and folders whose changes may change commands or models."""
    from runcomfy.model.registry import _in_order, _module

    packages = dict.fromkeys(_module(package).__path__[0] for package in _in_order())
    installed = [one for one in sys.path if one.endswith(("site-packages", "dist-packages"))]
    indexes = [
        f"{folder}/{name}" for folder in packages for name in ("__init__.py", "_manifest.json")
    ]
    return [*indexes, *installed, os.path.join(os.path.dirname(__file__), "command_list.py")]  # noqa: PTH118, PTH120  # pathlib is slow to import


def _commands() -> Iterator[str]:
    from .command_list import COMMANDS, module_of

    for name in COMMANDS:
        command = import_module(module_of(name)).command
        yield "\t".join([f"!{name}", "ARGUMENTS", *_arguments(command)])
        for parameter in command.params:
            yield from _options(name, parameter)
        yield f"!{name}\t--help\tflag"


def _arguments(command: click.Command) -> list[str]:
    """The kinds of a command's arguments."""
    import click

    if isinstance(command, click.Group):
        return ["choice", *sorted(command.commands)]
    arguments = [one for one in command.params if isinstance(one, click.Argument)]
    names = [one.name for one in arguments]
    for argument in arguments:
        if isinstance(argument.type, click.Choice):
            return ["choice", *map(str, argument.type.choices)]
    if names[:1] == ["model"]:
        further = {"inputs": "model+inputs", "payload": "model+files"}
        return [next((further[name] for name in names if name in further), "model")]
    return ["files" if "folder" in names else "nothing"]


def _options(name: str, parameter: Any) -> Iterator[str]:
    import click

    if not isinstance(parameter, click.Option):
        return
    kind = ["flag"] if parameter.is_flag or parameter.count else ["value"]
    if isinstance(parameter.type, click.Choice):
        kind = ["choice", *map(str, parameter.type.choices)]
    for word in parameter.opts:
        yield "\t".join([f"!{name}", word, *kind])


def _models() -> Iterator[str]:
    from runcomfy.model.declared_inputs import inputs_of
    from runcomfy.model.registry import find_model, model_ids

    for model_id in model_ids():
        yield model_id
        for one in inputs_of(find_model(model_id)).values():
            texts = [choice if isinstance(choice, str) else str(choice) for choice in one.choices]
            texts = ["true", "false"] if "boolean" in one.types and not texts else texts
            fields = [model_id, one.name, *texts]
            yield "\t".join(field for field in fields if field.isprintable())
