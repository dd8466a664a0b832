"""An MCP server: eight tools that let an agent find models, check inputs and run requests with the journal.

>>> serve_stdio(AgentSettings(out=Path("results"), budget=5.0))
"""

from __future__ import annotations

from .settings import AgentSettings

__all__ = ["AgentSettings"]
