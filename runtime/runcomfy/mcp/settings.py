"""``AgentSettings``: what an agent may do through the server."""

from __future__ import annotations

from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from runcomfy.errors import ConfigurationError

__all__ = ["AgentSettings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentSettings:
    """The permissions of an agent. Amounts are in US dollars.

    Without ``budget`` (for this server process) and ``budget_day`` (of the journal, per UTC day), the user consents to each submit.
    ``allow`` holds globs of model ids. Local files are read only below ``roots``, and results are saved below ``out``.

    Raises ``ConfigurationError`` for an invalid budget or folder.
    """

    out: Path = Path("results")
    roots: tuple[Path, ...] = ()
    allow: tuple[str, ...] = ("*",)
    read_only: bool = False
    budget: float | None = None
    budget_day: float | None = None
    base_url: str | None = None
    token: str | None = field(default=None, repr=False)
    journal: Path | None = None
    #: Where requests run, as the consent question says it.
    place: str = "at RunComfy"

    def __post_init__(self) -> None:
        for name in ("budget", "budget_day"):
            value = getattr(self, name)
            if value is not None and not 0 < value < float("inf"):
                raise ConfigurationError(f"{name} must be above 0 US dollars, got {value!r}")
        # Configurations of MCP clients are not expanded by a shell.
        object.__setattr__(self, "out", self.out.expanduser())
        object.__setattr__(self, "roots", tuple(root.expanduser() for root in self.roots))
        for root in self.roots:
            if not root.is_dir():
                raise ConfigurationError(f"--root {root} is not a folder")

    def allows(self, model_id: str) -> bool:
        """Whether the model may be used."""
        return any(fnmatchcase(model_id, pattern) for pattern in self.allow)
