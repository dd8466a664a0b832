"""Errors of the generator, each with the location and the next step.

CodegenError
├── SourceError    a page or block that cannot be taken in
├── SchemaError    a stored document that cannot be generated from
├── NameClash      two things that would get one name
├── CannotWrite    a file or folder that cannot be written
└── Misuse         an option or setting that cannot be meant
"""

from __future__ import annotations

__all__ = ["CannotWrite", "CodegenError", "Misuse", "NameClash", "SchemaError", "SourceError"]


class CodegenError(Exception):
    """An error in the user's input: one sentence with its location and the next step.

    ``place`` names the document and, where one is known, the position inside it
    (``page.txt:12:3`` or ``openai/gpt-image-2/edit input.json#/properties/size``).
    ``advice`` says what to do next.
    """

    def __init__(self, place: str, problem: str, advice: str) -> None:
        super().__init__(f"{place}: {problem}\n  {advice}")
        self.place = place
        self.problem = problem
        self.advice = advice

    def __reduce__(self) -> tuple[type[CodegenError], tuple[str, str, str]]:
        return type(self), (self.place, self.problem, self.advice)


class SourceError(CodegenError):
    """A documentation page, or a block copied from one, that cannot be used."""


class SchemaError(CodegenError):
    """A stored document that no code can be generated from."""


class NameClash(CodegenError):
    """Two models, or two inputs of a model, that would get the same Python name."""


class CannotWrite(CodegenError):
    """A file or folder that cannot be written, for lack of permissions or space."""


class Misuse(CodegenError):
    """An invalid option, argument or setting of ``pyproject.toml``."""
