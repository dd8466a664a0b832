"""The fingerprint of the generator, which decides whether an incremental run can keep existing modules.

The fingerprint is never committed nor compared with a committed one, for it changes with every comment of the generator
while the output stays the same. It lies in the package's ``__pycache__``, which no version control and no build takes along.
Where it is missing, the next run renders everything once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

from runcomfy.media import formats
from runcomfy.media.rules import bounds, metrics
from runcomfy.model import messages as wording
from runcomfy_codegen.render.template_files import templates_folder

__all__ = ["digest", "fingerprint", "read_stamp", "stamp", "write_stamp"]

_STAMP = Path("__pycache__", "runcomfy-codegen.stamp")


def digest(content: str | bytes) -> str:
    """A hash of bytes, or of a text in UTF-8: 32 hexadecimal digits of the sha256."""
    if isinstance(content, str):
        content = content.encode("utf-8", "surrogatepass")
    return hashlib.sha256(content).hexdigest()[:32]


def fingerprint() -> str:
    """A hash of the generator: its sources, its templates, and the tools that shape the output."""
    texts = sorted(file.read_text(encoding="utf-8") for file in _sources())
    tools = map(version, ("datamodel-code-generator", "jinja2", "jsonschema", "ruff"))
    return digest("\0".join([*texts, *tools]))


def _sources() -> Iterator[Path]:
    yield from Path(__file__).resolve().parent.rglob("*.py")
    yield from templates_folder().rglob("*.ji*")
    # These of the runtime give the messages of violations, and say which file rules can be checked.
    for module in (wording, metrics, bounds, formats):
        yield Path(str(module.__file__))


def stamp(generator: str, manifest: str) -> str:
    """What is kept beside a package: this generator wrote the package that this manifest describes."""
    return digest(f"{generator}\0{manifest}")


def read_stamp(folder: Path) -> str:
    """The stamp in a package's folder; empty if there is none."""
    with suppress(OSError, ValueError):
        return (folder / _STAMP).read_text(encoding="ascii")
    return ""


def write_stamp(folder: Path, text: str) -> None:
    """Keep a stamp. A folder that takes none costs time in the next run, and nothing else."""
    file = folder / _STAMP
    if read_stamp(folder) == text:
        return
    with suppress(OSError):
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="ascii")
