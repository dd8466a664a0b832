"""Files behind media inputs: which inputs they are, and the rules that their files must keep.

Here are the inputs and rules as data, the form in which generated modules hold them.
"""

from __future__ import annotations

from .json_values import is_plain, pointer_token

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

__all__ = ["MediaInput", "MediaRule", "SCHEMES", "WEB", "is_local", "urls"]


class MediaRule:
    """A rule about the *file* behind a URL, from the ``validations`` of a schema.

    ``metric`` is what is measured (``"file_size_mb"``, ``"width_pixels"``, ``"width/height"``),
    ``operator`` how it compares (``"<"``), ``limit`` is in the metric's own unit, a text for formats,
    and ``wording`` is the page's own sentence, ``""`` where it has none. What a schema says beyond
    what is understood is kept, and its rule is reported as unchecked.
    """

    __slots__ = ("limit", "metric", "operator", "wording")

    def __init__(self, metric: str, operator: str, limit: float | str, wording: str = "") -> None:
        self.metric = metric
        self.operator = operator
        self.limit = limit
        self.wording = wording

    @property
    def name(self) -> str:
        """The rule as the schema writes it, such as ``"width_pixels>"``."""
        return self.metric + self.operator

    def __repr__(self) -> str:
        return f"MediaRule({self.metric!r}, {self.operator!r}, {self.limit!r}, {self.wording!r})"


class MediaInput:
    """An input that takes URLs of files.

    ``path`` holds the names that lead to it from the payload; lists on the way, and at the end, are
    walked item by item. ``kind`` is ``"image"``, ``"video"``, ``"audio"`` or ``"file"``.
    """

    __slots__ = ("kind", "path", "rules")

    def __init__(self, path: tuple[str, ...], kind: str, rules: tuple[MediaRule, ...] = ()) -> None:
        self.path = path
        self.kind = kind
        self.rules = rules

    def __repr__(self) -> str:
        return f"MediaInput({self.path!r}, {self.kind!r}, {self.rules!r})"


#: ``inspect.CO_COROUTINE``; the module is slow to import.
_COROUTINE = 0x80


def is_local(value: Any) -> bool:
    """Whether the value is a local file: a path, ``bytes`` or a binary file object."""
    if is_plain(value) or isinstance(value, type):
        return False
    kind = value.__class__
    if kind is bytes or hasattr(kind, "__fspath__"):
        return True
    # Files opened as text have an encoding, be it None.
    return hasattr(value, "read") and not hasattr(value, "encoding") and not _is_async(value.read)


def _is_async(method: Any) -> bool:
    code = getattr(getattr(method, "__func__", method), "__code__", None)
    return code is not None and bool(code.co_flags & _COROUTINE)


#: How URLs begin that can be looked at over the network, and those that the service surely reaches.
WEB = ("https://", "http://")
SCHEMES = ("https:", "data:")


#: Lists inside lists that are walked. A list may contain itself, so there has to be an end.
_LISTS = 8


def urls(payload: object, path: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    """Pointer and value of each URL and local file at ``path``, item by item where lists lie on the way."""
    waiting: list[tuple[Any, int, str, int]] = [(payload, 0, "", 0)]
    while waiting:
        value, step, pointer, lists = waiting.pop()
        if isinstance(value, (list, tuple)):
            if lists < _LISTS:
                items = [(item, step, f"{pointer}/{i}", lists + 1) for i, item in enumerate(value)]
                waiting += reversed(items)
        elif step < len(path):
            if isinstance(value, dict) and path[step] in value:
                inner = f"{pointer}/{pointer_token(path[step])}"
                waiting.append((value[path[step]], step + 1, inner, lists))
        elif isinstance(value, str) or is_local(value):
            yield pointer, value
