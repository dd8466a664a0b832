"""Uses in existing code that a change breaks: ``diff --uses src/``.

The code is read as syntax trees, never run. Found are request classes by their imports, and model ids that stand beside a
payload in a call; of each, the inputs and the values that are recorded.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from runcomfy_codegen.schema.inputs import gather_inputs
from runcomfy_codegen.schema.normalise import clean
from runcomfy_codegen.schema.reference_validator import keeps

from .model_uses import UNKNOWN, ModelUse
from .models import ModelChange
from .versions import ModelVersion, SchemaSet

__all__ = ["BrokenUse", "broken_uses"]


@dataclass(frozen=True, slots=True, order=True)
class BrokenUse:
    """A place in the code that a change breaks, or may break if ``sure`` is false."""

    file: str
    line: int
    model_id: str
    input: str
    text: str
    sure: bool = True

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}: {self.model_id}"
        name = f" {self.input}" if self.input else ""
        return f"{where}{name}: {self.text}"


def broken_uses(
    uses: Iterable[ModelUse], changes: Iterable[ModelChange], old: SchemaSet, new: SchemaSet
) -> list[BrokenUse]:
    """The uses affected by breaking changes, by file and line."""
    breaking = {one.model_id: one for one in changes if one.breaking}
    found = [
        broken
        for use in uses
        if use.model_id in breaking
        for broken in _of_model(use, breaking[use.model_id], old, new)
    ]
    return sorted(set(found))


def _of_model(
    use: ModelUse, change: ModelChange, old: SchemaSet, new: SchemaSet
) -> Iterator[BrokenUse]:
    was = old.models.get(use.model_id)  # type: ignore[call-overload]  # a text is looked up
    now = new.models.get(use.model_id)  # type: ignore[call-overload]  # likewise
    if was is None or now is None:
        yield BrokenUse(use.file, use.line, use.model_id, "", "the model was removed")
        return
    if use.by_class and was.class_name != now.class_name:
        words = f"class {was.class_name} is now {now.class_name}"
        yield BrokenUse(use.file, use.line, use.model_id, "", words)
    if use.inputs is not None:
        yield from _of_inputs(use, use.inputs, change, was, now)


def _of_inputs(
    use: ModelUse,
    given: dict[str, tuple[int, Any]],
    change: ModelChange,
    was: ModelVersion,
    now: ModelVersion,
) -> Iterator[BrokenUse]:
    names = was.input_names
    wires = {python: wire for wire, python in names.items()} if use.by_class else {}
    before, after = _Judge(was), _Judge(now)
    reported = set()
    for name, (line, value) in given.items():
        wire = wires.get(name, name)
        reported.add(wire)
        for words, sure in _of_input(wire, value, change, before, after):
            yield BrokenUse(use.file, line, use.model_id, name, words, sure)
        renamed = now.input_names.get(wire, names.get(wire))
        if use.by_class and wire in names and renamed != names[wire]:
            words = f"is now named {renamed}"
            yield BrokenUse(use.file, line, use.model_id, name, words)
    if use.is_copy:
        return
    for wire in after.required - before.required - reported:
        words = "is now required and is not passed here"
        if use.open_ended:
            words = "is now required, and may not be passed here"
        yield BrokenUse(use.file, use.line, use.model_id, wire, words, not use.open_ended)


class _Judge:
    """One version of a model's input schema, asked about single inputs."""

    def __init__(self, version: ModelVersion) -> None:
        gathered = gather_inputs(version.documents.input)
        self.schema = clean(gathered.schema, *gathered.declaring)[0]
        self.inputs = self.schema.get("properties", {})
        self.required = {name for name in self.schema.get("required", ()) if name in self.inputs}

    def accepts(self, wire: str, value: Any) -> bool:
        return keeps(self.schema, self.inputs.get(wire, {}), value) is not False


def _of_input(
    wire: str, value: Any, change: ModelChange, before: _Judge, after: _Judge
) -> Iterator[tuple[str, bool]]:
    if wire not in before.inputs:
        return  # no one knows what it was, so nothing is known of its end
    if wire not in after.inputs:
        yield "is no longer an input", True
        return
    pointer = "input/" + wire.replace("~", "~0").replace("/", "~1")
    mine = [
        one
        for one in change.changes
        if one.kind == "breaking"
        and (one.place == pointer or one.place.startswith(f"{pointer}/"))
        and "is now required" not in one.text
        and "is now named" not in one.text
    ]
    if not mine:
        return
    words = "; ".join(dict.fromkeys(one.text for one in mine))
    if value is UNKNOWN:
        yield f"{words}; the value is not a literal here", False
    elif before.accepts(wire, value) and not after.accepts(wire, value):
        yield f"{value!r:.80} is no longer accepted: {words}", True
    elif any("file" in one.text for one in mine):
        yield f"{words}; whether this file complies is unknown", False
