"""Files behind media inputs: which inputs they are, and the rules that their files must keep.

Here are the inputs and rules as data, the form in which generated modules hold them.
"""

from __future__ import annotations

__all__ = ["MediaInput", "MediaRule"]


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
