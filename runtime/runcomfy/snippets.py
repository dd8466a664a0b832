"""A request as a snippet in Python, JSON, curl and as a command line.

A local file is a path among the inputs. Python and the command line take it as it is; JSON and curl hold URLs only, so there a
text stands in its place that says so.
"""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Mapping
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from runcomfy.protocol.urls import model_path

if TYPE_CHECKING:
    from runcomfy.model.request import Request

__all__ = ["as_arguments", "command_line", "curl", "import_place", "json_text", "python"]


def python(cls: type[Request[Any]], payload: Mapping[str, Any], place: str = "") -> str:
    """The program that runs the model with these inputs; ``place`` is the module that it imports ``cls`` from.

    >>> print(python(GptImage2Edit, {"prompt": "a hat", "images": ["https://example.com/cat.png"]}))
    from runcomfy import Client
    ...
    """
    lines = [
        "from runcomfy import Client",
        f"from {place or import_place(cls)} import {cls.__name__}",
        "",
    ]
    names = {wire: name for name, wire in cls._wire_names.items()}
    if all(name in names for name in payload):
        inputs = [f"    {names[wire]}={_source(value)}," for wire, value in payload.items()]
        lines += [f"request = {cls.__name__}(", *inputs, ")"]
    else:
        lines += [f"request = {cls.__name__}.from_payload({_source(payload)})"]
    if any("Path(" in line for line in lines):
        lines.insert(0, "from pathlib import Path\n")
    lines += ["with Client() as client:", '    client.run(request).save("pictures")']
    return "\n".join(lines)


def import_place(cls: type[Request[Any]]) -> str:
    """Where type checkers find a class: the subpackage of its owner or, of an owner of many models, its module."""
    owner = cls.__module__.rpartition(".")[0]
    package = sys.modules.get(owner)
    # Only a subpackage that checkers see has the list itself; any other makes it when it is asked for.
    return owner if package is None or "__all__" in vars(package) else cls.__module__


def json_text(payload: Mapping[str, Any]) -> str:
    """The inputs as readable JSON."""
    return json.dumps(_without_files(payload), ensure_ascii=False, indent=2)


def curl(model_id: str, payload: Mapping[str, Any], base_url: str) -> str:
    """The curl command that submits the request, quoted for a shell. The token comes from a variable."""
    return " \\\n  ".join(
        [
            f"curl --request POST {shlex.quote(base_url + model_path(model_id))}",
            '--header "Authorization: Bearer $RUNCOMFY_TOKEN"',
            "--header 'Content-Type: application/json'",
            f"--data {shlex.quote(json.dumps(_without_files(payload)))}",
        ]
    )


def command_line(model_id: str, payload: Mapping[str, Any]) -> str:
    """The command that runs the model with these inputs, quoted for a shell."""
    words = ["runcomfy-py", "run", model_id, *as_arguments(payload)]
    return " ".join(map(shlex.quote, words))


def as_arguments(payload: Mapping[str, Any]) -> list[str]:
    """The inputs as command-line arguments ``name=value``, with lists of strings item by item."""
    words = []
    for name, value in payload.items():
        plain = isinstance(value, list) and value and all(map(_is_plain, value))
        for one in value if plain else [value]:
            if isinstance(one, PurePath):
                words.append(f"{name}=@{one}")
            elif isinstance(one, str):
                words.append(f"{name}={'@' if one.startswith('@') else ''}{one}")
            else:
                words.append(f"{name}={json.dumps(_without_files(one), ensure_ascii=False)}")
    return words


def _is_plain(value: object) -> bool:
    return isinstance(value, (str, PurePath))


def _source(value: Any) -> str:
    """A value as Python. Names and texts are data: ``repr`` writes them."""
    if isinstance(value, PurePath):
        return f"Path({str(value)!r})"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name!r}: {_source(one)}" for name, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_source, value)) + "]"
    return repr(value)


def _without_files(value: Any) -> Any:
    if isinstance(value, PurePath):
        return f"URL of {value.name}"
    if isinstance(value, Mapping):
        return {name: _without_files(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_without_files(one) for one in value]
    return value
