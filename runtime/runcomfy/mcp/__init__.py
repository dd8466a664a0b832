"""An MCP server: eight tools with which an agent finds models, checks inputs, and runs requests over the journal.

>>> serve_stdio(Settings(out=Path("results"), budget=5.0))
"""

from __future__ import annotations

from .settings import Settings

__all__ = ["Settings"]
