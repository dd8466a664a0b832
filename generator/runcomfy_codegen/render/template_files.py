"""Locating the Jinja templates."""

from __future__ import annotations

from functools import cache
from pathlib import Path

__all__ = ["templates_folder"]


@cache
def templates_folder() -> Path:
    """The folder of templates: inside the installed package, or beside it in a checkout."""
    here = Path(__file__).resolve().parents[1]
    installed = here / "templates"
    return installed if installed.is_dir() else here.parent.parent / "templates"
