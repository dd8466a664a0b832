"""``PlaygroundSettings``: where the playground runs requests, and what it may spend."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from runcomfy.errors import ConfigurationError

__all__ = ["PlaygroundSettings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaygroundSettings:
    """How a playground behaves.

    ``live`` runs requests at the real service, where they are billed; otherwise a local mock is used. With a ``budget`` (US
    dollars, for this server process), a live run whose estimate fits needs no confirmation. ``journal`` is the journal's
    file, by default the user's journal, or the mock's; ``out`` is the folder for results.

    Raises ``ConfigurationError`` for an invalid budget or port.
    """

    live: bool = False
    port: int = 0
    budget: float | None = None
    base_url: str | None = None
    token: str | None = field(default=None, repr=False)
    journal: Path | None = None
    out: Path = Path("playground")
    #: Most bytes of one uploaded file, and of all of them.
    file_bytes: int = 200 * 1024**2
    all_file_bytes: int = 2 * 1024**3

    def __post_init__(self) -> None:
        if self.budget is not None and not 0 < self.budget < float("inf"):
            raise ConfigurationError(f"budget must be above 0 US dollars, got {self.budget!r}")
        if not 0 <= self.port <= 65_535:
            raise ConfigurationError(f"port must be 0 (any free one) to 65535, got {self.port!r}")
