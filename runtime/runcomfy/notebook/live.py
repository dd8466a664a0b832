"""One display of a notebook that is updated in place. Outside of a kernel nothing happens, and IPython is not imported."""

from __future__ import annotations

import logging
import sys
from time import monotonic
from typing import Any

__all__ = ["AsHtml", "LiveDisplay", "in_kernel"]

_log = logging.getLogger("runcomfy")
#: Seconds between two updates: a front end draws each of them.
_PAUSE = 0.25


def in_kernel() -> bool:
    """Whether this program is a notebook's kernel. A program that did not import IPython is none."""
    module = sys.modules.get("IPython")
    shell = module.get_ipython() if module is not None else None
    return getattr(shell, "kernel", None) is not None


class AsHtml:
    """An object as its HTML and its ``repr``, for one that displays itself in another way."""

    def __init__(self, item: Any) -> None:
        self._item = item

    def __repr__(self) -> str:
        return repr(self._item)

    def _repr_html_(self) -> str:
        return str(self._item._repr_html_())


class LiveDisplay:
    """Shows an object with ``_repr_html_`` and shows it again as it changes.

    It never raises, because the work that it displays is paid for.
    """

    def __init__(self, shown: object) -> None:
        self._shown = shown
        self._handle: Any = None
        self._last = -_PAUSE
        self._off = not in_kernel()

    def update(self, *, last: bool = False) -> None:
        """Show the object as it is now; too soon after the last time nothing is done, unless it is the last."""
        now = monotonic()
        if self._off or (now - self._last < _PAUSE and not last):
            return
        self._last = now
        try:
            if self._handle is not None:
                self._handle.update(self._shown)
            else:
                from IPython.display import display

                self._handle = display(  # type: ignore[no-untyped-call]  # IPython has no types
                    self._shown, display_id=True
                )
        except Exception as error:  # noqa: BLE001  # a front end that is gone must not stop a paid batch
            self._off = True
            _log.debug("the notebook's display cannot be updated: %s", error)
