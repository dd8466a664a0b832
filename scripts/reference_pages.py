"""Write the pages of the API reference: every public name of ``runcomfy``, by subject. The first argument is the folder."""

from __future__ import annotations

import inspect
import sys
from pathlib import Path

import runcomfy

#: Page -> its title, its first line, and the parts of the package whose names it lists.
PAGES: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "errors": ("Errors", "Every error of the library; all are `RunComfyError`.", ()),
    "journal": ("The journal", "The record of what was paid.", ("journal",)),
    "validation": ("Validation", "Checking payloads, offline.", ("validation", "media")),
    "requests": ("Requests and outputs", "What generated classes stand on.", ("model",)),
    "client": ("The clients", "Clients, jobs, results and the catalogue.", ()),
}

#: For errors: what nearly all of them inherit is documented once, at RequestError.
_OWN_MEMBERS = "\n    options:\n      inherited_members: false"


def page_of(value: object) -> str:
    """The page that lists a class or function."""
    if inspect.isclass(value) and issubclass(value, BaseException):
        return "errors"
    part = str(getattr(value, "__module__", "")).split(".")[1:2]
    return next(
        (page for page, (_, _, parts) in PAGES.items() if part and part[0] in parts), "client"
    )


def main(folder: Path) -> None:
    """Write all pages."""
    listed: dict[str, list[str]] = {page: [] for page in PAGES}
    for name in sorted(runcomfy.__all__):
        value = getattr(runcomfy, name)
        if inspect.isclass(value) or inspect.isfunction(value):
            page = page_of(value)
            entry = f"::: {value.__module__}.{value.__qualname__}"
            listed[page].append(entry + (_OWN_MEMBERS if page == "errors" else ""))
    folder.mkdir(parents=True, exist_ok=True)
    for page, (title, words, _) in PAGES.items():
        text = "\n\n".join([f"# {title}", words, *listed[page]])
        (folder / f"{page}.md").write_text(f"{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
