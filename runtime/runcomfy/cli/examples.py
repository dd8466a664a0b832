"""A model's example request as Python, JSON, curl and command line."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING, Any

from runcomfy.protocol.urls import model_path

from .values import as_arguments

if TYPE_CHECKING:
    from runcomfy.model.request import Request

__all__ = ["command_line", "example_of"]


def example_of(cls: type[Request[Any]], form: str, base_url: str) -> str:
    """The example of the model's page in one form: ``python``, ``json``, ``curl`` or ``command``."""
    payload = dict(cls._example)
    if form == "json":
        return json.dumps(payload, ensure_ascii=False, indent=2)
    if form == "curl":
        return _curl(cls.model_id, payload, base_url)
    if form == "command":
        return command_line(cls.model_id, payload)
    return _python(cls, payload)


def command_line(model_id: str, payload: dict[str, Any]) -> str:
    """The command that runs the model with these inputs, quoted for a shell."""
    words = ["runcomfy-py", "run", model_id, *as_arguments(payload)]
    return " ".join(map(shlex.quote, words))


def _curl(model_id: str, payload: dict[str, Any], base_url: str) -> str:
    body = shlex.quote(json.dumps(payload))
    return " \\\n  ".join(
        [
            f"curl --request POST {shlex.quote(base_url + model_path(model_id))}",
            '--header "Authorization: Bearer $RUNCOMFY_TOKEN"',
            "--header 'Content-Type: application/json'",
            f"--data {body}",
        ]
    )


def _python(cls: type[Request[Any]], payload: dict[str, Any]) -> str:
    package = cls.__module__.rpartition(".")[0]
    lines = ["from runcomfy import Client", f"from {package} import {cls.__name__}", ""]
    names = {wire: name for name, wire in cls._wire_names.items()}
    if all(name in names for name in payload):
        inputs = [f"    {names[wire]}={value!r}," for wire, value in payload.items()]
        lines += [f"request = {cls.__name__}(", *inputs, ")"]
    else:
        lines += [f"request = {cls.__name__}.from_payload({payload!r})"]
    lines += ["with Client() as client:", '    client.run(request).save("pictures")']
    return "\n".join(lines)
