"""``Report``: the findings of a validation, in three lists."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from typing import Any

    from runcomfy.media.probe.info import MediaInfo
    from runcomfy.model.violation import Violation

__all__ = ["SLIPS", "FileReport", "Report", "Unchecked"]

#: The warnings that stop a submit unless they are allowed by name: likely mistakes that would be paid for.
SLIPS = frozenset(
    {
        "unknown-input",
        "url-credentials",
        "url-empty",
        "url-file",
        "url-file-name",
        "url-malformed",
        "url-no-host",
        "url-private",
        "url-relative",
        "url-scheme",
        "url-space",
    }
)


class Unchecked:
    """A rule that was not checked, with the reason.

    ``pointer`` leads to the value inside the payload, ``rule`` is the rule as the schema writes it
    (``"width_pixels>"``, or ``"schema"`` for the input schema as a whole) and ``url`` is the file
    that was not inspected, ``None`` if the rule is not about a file.
    """

    __slots__ = ("pointer", "reason", "rule", "url")

    def __init__(self, pointer: str, rule: str, reason: str, url: str | None = None) -> None:
        self.pointer = pointer
        self.rule = rule
        self.reason = reason
        self.url = url

    def as_dict(self) -> dict[str, object]:
        """The same as plain data, for JSON. A long URL, such as a data URI, is shortened."""
        from runcomfy.model.messages import shorten

        return {
            "pointer": self.pointer,
            "rule": self.rule,
            "reason": self.reason,
            "url": shorten(self.url),
        }

    def __str__(self) -> str:
        return f"{self.pointer or 'payload'}: {self.rule} was not checked: {self.reason}"

    def __repr__(self) -> str:
        return f"Unchecked({self.pointer!r}, {self.rule!r}, {self.reason!r})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Unchecked):
            return NotImplemented
        return self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> tuple[str, str, str, str | None]:
        return self.pointer, self.rule, self.reason, self.url


class Report:
    """The findings of a validation: ``errors``, ``warnings``, and rules left ``unchecked``.

    An error is a violated rule. A warning is something that the service may or may not accept; ``slips`` are
    the warnings that stop a submit. ``unchecked`` lists the rules that were not checked. ``files`` holds the
    facts of each inspected file, and the verdict of each of its rules.

    >>> report = validate("openai/gpt-image-2/edit", {"prompt": "add a hat", "images": []})
    >>> report.valid
    False
    >>> print(report)
    openai/gpt-image-2/edit: invalid, 1 error
      error: /images: must have at least 1 item, got a list with 0 items
    """

    __slots__ = ("errors", "files", "model_id", "unchecked", "warnings")

    def __init__(
        self,
        model_id: str,
        errors: Iterable[Violation] = (),
        warnings: Iterable[Violation] = (),
        unchecked: Iterable[Unchecked] = (),
        files: Iterable[FileReport] = (),
    ) -> None:
        self.model_id = model_id
        self.errors = [*errors]
        self.warnings = [*warnings]
        self.unchecked = [*unchecked]
        self.files = [*files]

    @property
    def valid(self) -> bool:
        """Whether there are no errors. Warnings and unchecked rules do not count here."""
        return not self.errors

    @property
    def slips(self) -> list[Violation]:
        """The warnings that stop a submit, unless ``allow`` of the client or the call names their rule."""
        return [warning for warning in self.warnings if warning.rule in SLIPS]

    def without(self, rules: Collection[str]) -> Report:
        """The report without the findings of these rules, which ``allow`` of a call ignores as well."""
        return Report(
            self.model_id,
            [one for one in self.errors if one.rule not in rules],
            [one for one in self.warnings if one.rule not in rules],
            self.unchecked,
            self.files,
        )

    def raise_for_errors(self) -> None:
        """Raise ``ValidationError`` with every error, if there is one."""
        if self.errors:
            from runcomfy.errors import ValidationError

            raise ValidationError(self.model_id, self.errors)

    def as_dict(self) -> dict[str, object]:
        """The report as plain data, for JSON."""
        return {
            "model_id": self.model_id,
            "valid": self.valid,
            "errors": [violation.as_dict() for violation in self.errors],
            "warnings": [
                {**violation.as_dict(), "stops_run": violation.rule in SLIPS}
                for violation in self.warnings
            ],
            "unchecked": [unchecked.as_dict() for unchecked in self.unchecked],
            "files": [file.as_dict() for file in self.files],
        }

    def __iter__(self) -> Iterator[tuple[str, object]]:
        """The items of ``as_dict()``, so that ``dict(report)`` is plain data."""
        return iter(self.as_dict().items())

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: object) -> Any:
        """Let pydantic, and so FastAPI, write reports as their plain data."""
        from runcomfy.model.plain_data import plain_data_schema

        return plain_data_schema(cls)

    def summary(self) -> str:
        """The verdict and the counts in a few words: ``"invalid, 2 errors, 1 warning"``."""
        counts = [
            counted(len(self.errors), "error"),
            counted(len(self.warnings), "warning"),
            counted(len(self.unchecked), "rule") + " not checked",
        ]
        parts = [words for words in counts if not words.startswith("0 ")]
        return ", ".join(["valid" if self.valid else "invalid", *parts])

    def __str__(self) -> str:
        lines = [f"{self.model_id}: {self.summary()}"]
        lines += [f"  error: {violation}" for violation in self.errors]
        lines += [f"  warning: {warning}" for warning in self.warnings]
        lines += [
            f"  not checked: {group.pointer or 'payload'}: {group.rule}: {group.reason}"
            for group in grouped(self.unchecked)
        ]
        lines += [f"  file: {file}" for file in self.files]
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"<Report {self.model_id}: {self.summary()}>"

    def _repr_html_(self) -> str:
        """The report in a notebook: a table of errors, warnings and rules that were not checked."""
        from .html import report_html  # only notebooks need it

        return report_html(self, grouped(self.unchecked))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Report):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self.__slots__)

    def __reduce__(self) -> tuple[object, ...]:
        # Workers hand over many: this is the shortest way through pickle.
        return Report, (self.model_id, self.errors, self.warnings, self.unchecked, self.files)

    # A report can be added to, so there is nothing stable to hash.
    __hash__ = None  # type: ignore[assignment]  # the documented way to say "unhashable"


def grouped(unchecked: Iterable[Unchecked]) -> list[Unchecked]:
    """One entry for each place and reason, with the rules side by side, for people to read."""
    groups: dict[tuple[str, str, str | None], list[str]] = {}
    for one in unchecked:
        groups.setdefault((one.pointer, one.reason, one.url), []).append(one.rule)
    return [
        Unchecked(pointer, ", ".join(rules), reason, url)
        for (pointer, reason, url), rules in groups.items()
    ]


def counted(count: int, word: str) -> str:
    """``"1 error"``, ``"2 errors"``."""
    return f"{count:,} {word}{'' if count == 1 else 's'}"


class FileReport:
    """The findings about one file: its facts, and the verdict of each rule.

    ``pointer`` leads to the value inside the payload, and ``url`` is that value: the URL, or the name of a
    local file. ``info`` holds the facts of the file. ``held``, ``broken`` and ``unclear`` name rules as
    the schema writes them; ``unchecked`` holds those that were not checked, each with the reason.

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
        """The rules with their verdicts: ``["held: width_pixels>", "broken: file_size_mb<"]``."""
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
