"""Comparing the media inputs and file rules of two schemas."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from runcomfy_codegen.schema.media_inputs import MediaInputs
from runcomfy_codegen.schema.media_rules import SchemaRule

__all__ = ["MediaChange", "compare_media"]

#: ``"breaking"``, ``"additive"`` or ``"text"``; the names that lead to the input; the difference in words.
MediaChange = tuple[str, tuple[str, ...], str]


def compare_media(old: MediaInputs, new: MediaInputs) -> Iterator[MediaChange]:
    """The differences between the media inputs of two schemas."""
    before = {one.path: one for one in old.inputs}
    after = {one.path: one for one in new.inputs}
    for path in before.keys() | after.keys():
        was, now = before.get(path), after.get(path)
        if now is None:
            yield "breaking", path, "is no longer a media input, so it does not accept local files"
        elif was is None:
            yield "additive", path, "is now a media input"
        elif was.kind != now.kind:
            kind = "text" if "file" in (was.kind, now.kind) else "breaking"
            yield kind, path, f"kind of file changed from {was.kind} to {now.kind}"
        rules = _compare_rules(was.rules if was else (), now.rules if now else ())
        yield from ((kind, path, words) for kind, words in rules)


def _compare_rules(
    old: Iterable[SchemaRule], new: Iterable[SchemaRule]
) -> Iterator[tuple[str, str]]:
    before = {rule.metric + rule.operator: rule for rule in old}
    after = {rule.metric + rule.operator: rule for rule in new}
    for name in before.keys() | after.keys():
        was, now = before.get(name), after.get(name)
        if now is None:
            yield "additive", f"file rule {name} removed"
        elif was is None:
            yield "breaking", f"file rule {name} {now.limit} added"
        elif was.limit != now.limit:
            looser = _is_looser(was, now)
            words = f"file rule {name} {'loosened' if looser else 'tightened'}"
            kind = "additive" if looser else "breaking"
            yield kind, f"{words} from {was.limit} to {now.limit}"
        elif was.wording != now.wording:
            yield "text", f"wording of file rule {name} changed"


def _is_looser(was: SchemaRule, now: SchemaRule) -> bool:
    """Whether all that kept the old limit keeps the new one; of formats and the like, it may not."""
    if isinstance(was.limit, str) or isinstance(now.limit, str):
        return False
    if now.operator.startswith("<"):
        return now.limit > was.limit
    return now.operator.startswith(">") and now.limit < was.limit
