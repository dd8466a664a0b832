"""Every error that runcomfy raises.

RunComfyError
├── ValidationError       a payload breaks its model's input schema (also a ValueError)
├── UnknownModel          no installed package has the model (also a LookupError)
├── MissingExtra          the call needs a library that is not installed (also an ImportError)
└── IncompatiblePackage   generated in a format this runtime cannot read (also an ImportError)
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .violation import Violation

__all__ = [
    "IncompatiblePackage",
    "MissingExtra",
    "RunComfyError",
    "UnknownModel",
    "ValidationError",
]


class RunComfyError(Exception):
    """The root of the tree: ``except RunComfyError`` catches all that the library raises."""


class ValidationError(RunComfyError, ValueError):
    """A payload breaks its model's input schema. ``violations`` holds every violation.

    >>> try:
    ...     GptImage2Edit(prompt="a hat", images=[])
    ... except ValidationError as error:
    ...     print(error.violations[0].pointer)
    /images
    """

    def __init__(self, model_id: str, violations: Sequence[Violation]) -> None:
        super().__init__(model_id, violations)
        self.model_id = model_id
        self.violations = tuple(violations)

    def __str__(self) -> str:
        count = len(self.violations)
        head = f"{self.model_id}: {count} violation{'' if count == 1 else 's'} of the input schema"
        return "\n".join([head, *(f"  {violation}" for violation in self.violations)])


class UnknownModel(RunComfyError, LookupError):
    """No installed package has the model. ``suggestions`` holds ids that look like it."""

    def __init__(self, model_id: str, suggestions: Sequence[str] = ()) -> None:
        super().__init__(model_id, suggestions)
        self.model_id = model_id
        self.suggestions = tuple(suggestions)

    def __str__(self) -> str:
        meant = f" Did you mean {' or '.join(map(repr, self.suggestions))}?" if self.suggestions else ""
        return (
            f"No generated model has the id {self.model_id!r}.{meant} To add it, save its documentation "
            "page, run 'runcomfy-codegen add PAGE' and 'runcomfy-codegen generate', then "
            "runcomfy.register() your package."
        )


class MissingExtra(RunComfyError, ImportError):
    """The call needs a library that is not installed; ``extra`` is the extra that brings it."""

    def __init__(self, purpose: str, extra: str) -> None:
        super().__init__(purpose, extra)
        self.purpose = purpose
        self.extra = extra

    def __str__(self) -> str:
        return f"{self.purpose} needs another library: pip install 'runcomfy[{self.extra}]'"


class IncompatiblePackage(RunComfyError, ImportError):
    """A generated package was written in a format that this runtime cannot read."""
