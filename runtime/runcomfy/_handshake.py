"""The agreement between generated packages and this runtime about their common format."""

from __future__ import annotations

__all__ = ["FORMAT", "require_format"]

#: The major format of generated packages. It changes when old packages cannot work any more.
FORMAT = 2


def require_format(package: str, written: int) -> None:
    """Refuse ``package`` at its import when it was ``written`` in another major format.

    Raises ``IncompatiblePackage``, which is an ``ImportError``.
    """
    if written == FORMAT:
        return
    from .errors import IncompatiblePackage

    newer = "this runcomfy is too old: upgrade it (pip install -U runcomfy)"
    older = "it is too old: run 'runcomfy-codegen generate' again"
    raise IncompatiblePackage(
        f"The generated package {package} is in format {written} and this runcomfy reads format "
        f"{FORMAT}; {newer if written > FORMAT else older}."
    )
