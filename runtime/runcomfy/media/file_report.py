"""``FileReport``: what was found of one file."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from runcomfy.media.probe.info import MediaInfo
    from runcomfy.validation.report import Unchecked

__all__ = ["FileReport"]


class FileReport:
    """What was found of one file: its facts, and what became of each rule.

    ``pointer`` leads to the value inside the payload, and ``url`` is that value: the URL, or the name of a
    local file. ``info`` holds the facts of the file. ``held``, ``broken`` and ``unclear`` name rules as
    the schema writes them; ``unchecked`` holds those that were not looked at, each with the reason.

    >>> print(report.files[0])
    /image_urls/0: png, 640 × 480 pixels, 20,118 bytes; held: file_size_mb<, width_pixels>
    """

    __slots__ = ("broken", "held", "info", "pointer", "unchecked", "unclear", "url")

    def __init__(
        self,
        pointer: str,
        url: str,
        info: MediaInfo,
        held: Iterable[str] = (),
        broken: Iterable[str] = (),
        unclear: Iterable[str] = (),
        unchecked: Iterable[Unchecked] = (),
    ) -> None:
        self.pointer = pointer
        self.url = url
        self.info = info
        self.held = [*held]
        self.broken = [*broken]
        self.unclear = [*unclear]
        self.unchecked = [*unchecked]

    def as_dict(self) -> dict[str, object]:
        """The same as plain data, for JSON. A long URL, such as a data URI, is shortened."""
        from runcomfy.model.messages import shorten

        return {
            "pointer": self.pointer,
            "url": shorten(self.url),
            "info": self.info.as_dict(),
            "held": [*self.held],
            "broken": [*self.broken],
            "unclear": [*self.unclear],
            "unchecked": [one.rule for one in self.unchecked],
        }

    def __str__(self) -> str:
        return f"{self.pointer}: {'; '.join([self.info.summary(), *self.verdicts()])}"

    def verdicts(self) -> list[str]:
        """The rules by what became of them: ``["held: width_pixels>", "broken: file_size_mb<"]``."""
        groups = {
            "held": self.held,
            "broken": self.broken,
            "unclear": self.unclear,
            "not checked": [one.rule for one in self.unchecked],
        }
        return [f"{verdict}: {', '.join(rules)}" for verdict, rules in groups.items() if rules]

    def __repr__(self) -> str:
        return f"<FileReport {self}>"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, FileReport):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self.__slots__)

    # A report can be added to, so there is nothing stable to hash.
    __hash__ = None  # type: ignore[assignment]  # the documented way to say "unhashable"
