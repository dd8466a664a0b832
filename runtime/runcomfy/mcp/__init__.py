"""An MCP server: eight tools that let an agent find models, check inputs and run requests with the journal.

>>> serve_stdio(Settings(out=Path("results"), budget=5.0))
"""

from __future__ import annotations

from .settings import Settings

__all__ = ["Settings"]
