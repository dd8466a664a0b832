"""The inputs of one model as text, for ``run MODEL --help`` and ``show``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runcomfy.model.declared_inputs import Input, inputs_of

from .terminal import plain

if TYPE_CHECKING:
    import click

    from runcomfy.model.request import Request

__all__ = ["input_rows", "write_inputs"]

_LONGEST = 300


def input_rows(found: Input) -> list[str]:
    """The facts about an input, one per line."""
    words = [f"{found.kind}{', required' if found.required else ''}. {found.about}".rstrip()]
    if found.limits:
        words.append("; ".join(found.limits))
    words += [f"file rule: {rule}" for rule in found.rules]
    if found.has_demo:
        words.append(f"demo value: {_brief(found.demo)}")
    return [plain(line, _LONGEST) for line in words]


def write_inputs(formatter: click.HelpFormatter, cls: type[Request[Any]]) -> None:
    """Write the inputs of a model into a help text."""
    with formatter.section(f"Inputs of {plain(cls.model_id)}"):
        for name, found in inputs_of(cls).items():
            first, *others = input_rows(found)
            formatter.write_text(f"{plain(name)}: {first}")
            with formatter.indentation():
                for line in others:
                    formatter.write_text(line)
        formatter.write_text(
            "Demo values come from the model's page; they are never sent automatically."
        )


def _brief(value: object) -> str:
    import json

    return value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False)
