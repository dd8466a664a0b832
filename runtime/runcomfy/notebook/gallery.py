"""Lists in notebooks: ``Gallery``, and the extension that shows plain lists in the same way."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from .markup import text

__all__ = ["Gallery", "load_ipython_extension", "unload_ipython_extension"]

ItemT = TypeVar("ItemT")

#: Items and characters of HTML that one list shows; embedded images count.
_ITEMS = 100
_CHARACTERS = 40_000_000


class Gallery(list[ItemT]):
    """A list that shows its results, jobs, reports and outcomes side by side in a notebook; else a list like any other.

    >>> Gallery(client.run(request) for request in requests)
    """

    def __init__(self, items: Iterable[ItemT] = ()) -> None:
        super().__init__(items)

    def _repr_html_(self) -> str:
        return _html_of_all(self)


def _html_of_all(items: Sequence[object]) -> str:
    shown: list[str] = []
    size = 0
    for item in items[:_ITEMS]:
        html = _html_of(item)
        size += len(html)
        if size > _CHARACTERS and shown:
            break
        shown.append(f'<div style="margin:0 16px 16px 0">{html}</div>')
    left = len(items) - len(shown)
    more = f"<div>… and {left:,} more</div>" if left else ""
    return f'<div style="display:flex;flex-wrap:wrap">{"".join(shown)}</div>{more}'


def _html_of(item: object) -> str:
    """The HTML of an object of ours; the escaped text of any other."""
    show = getattr(item, "_repr_html_", None) if _is_ours(item) else None
    return str(show()) if show is not None else text(repr(item))


def _is_ours(item: object) -> bool:
    return type(item).__module__.split(".")[0] == "runcomfy" and hasattr(type(item), "_repr_html_")


def _html_of_list(items: Sequence[object]) -> str | None:
    """A plain list, if all in it is ours; ``None`` leaves it to IPython."""
    return _html_of_all(items) if items and all(map(_is_ours, items)) else None


def load_ipython_extension(shell: Any) -> None:
    """``%load_ext runcomfy.notebook``: show plain lists and tuples of results, jobs, reports and outcomes."""
    formatter = shell.display_formatter.formatters["text/html"]
    for kind in (list, tuple):
        formatter.for_type(kind, _html_of_list)


def unload_ipython_extension(shell: Any) -> None:
    """``%unload_ext runcomfy.notebook``: lists are shown as before."""
    formatter = shell.display_formatter.formatters["text/html"]
    for kind in (list, tuple):
        formatter.pop(kind, None)
