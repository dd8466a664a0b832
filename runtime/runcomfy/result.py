"""``Result``: what a request gave."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from .output import Output

__all__ = ["Result"]

OutputT_co = TypeVar("OutputT_co", bound="Output", covariant=True)


@dataclass(frozen=True, slots=True)
class Result(Generic[OutputT_co]):
    """What a request gave.

    ``output`` has the model's own type; ``typed`` is false when no generated class of the model is
    installed. ``files`` are the URLs in the output, whatever its shape. ``raw`` is the whole answer.

    >>> result = client.run(GptImage2Edit(prompt="add a hat", images=[url]))
    >>> result.output.image, result.files
    ('https://…/hat.png', ['https://…/hat.png'])
    """

    request_id: str
    output: OutputT_co
    raw: Mapping[str, Any] = field(repr=False)
    model_id: str | None = None
    typed: bool = True

    @property
    def files(self) -> list[str]:
        """The URLs in the output, in order, each once."""
        return list(dict.fromkeys(_urls(self.raw.get("output"))))

    @property
    def cost(self) -> float | None:
        """What the request cost, where the service says it."""
        cost = self.raw.get("cost")
        return cost if isinstance(cost, (int, float)) and not isinstance(cost, bool) else None

    @property
    def created_at(self) -> datetime | None:
        """When the service took the request; the text as it came is in ``raw``."""
        return _moment(self.raw.get("created_at"))

    @property
    def finished_at(self) -> datetime | None:
        """When the service was done with it."""
        return _moment(self.raw.get("finished_at"))


def _urls(output: object) -> Iterator[str]:
    waiting = [output]
    while waiting:
        part = waiting.pop()
        if isinstance(part, str):
            if part.startswith(("https://", "http://")) and not any(map(str.isspace, part)):
                yield part
        elif isinstance(part, dict):
            waiting.extend(reversed(part.values()))
        elif isinstance(part, list):
            waiting.extend(reversed(part))


def _moment(value: object) -> datetime | None:
    try:
        if isinstance(value, str):
            return datetime.fromisoformat(value)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        pass
    return None
