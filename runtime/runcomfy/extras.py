"""How an optional part of runcomfy is installed, from where this copy came from."""

from __future__ import annotations

__all__ = ["install_command"]


def install_command(extra: str) -> str:
    """The command that installs an extra. A copy from a folder or a repository is named by it, not by a name on the index.

    >>> install_command("cli")
    "pip install 'runcomfy[cli]'"
    """
    origin = _origin()
    url = origin.get("url")
    if not isinstance(url, str):
        return f"pip install 'runcomfy[{extra}]'"
    kind = origin.get("vcs_info")
    if isinstance(kind, dict) and isinstance(kind.get("vcs"), str):
        return f"pip install 'runcomfy[{extra}] @ {kind['vcs']}+{url}'"
    folder = origin.get("dir_info")
    if not isinstance(folder, dict):
        return f"pip install 'runcomfy[{extra}] @ {url}'"
    from shlex import quote
    from urllib.parse import unquote, urlsplit

    editable = "-e " if folder.get("editable") else ""
    return f"pip install {editable}{quote(f'{unquote(urlsplit(url).path)}[{extra}]')}"


def _origin() -> dict[str, object]:
    """The origin of this installation as recorded by the installer (PEP 610); empty for one from an index."""
    import json
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        origin = json.loads(distribution("runcomfy").read_text("direct_url.json") or "{}")
    except (PackageNotFoundError, OSError, ValueError):
        return {}
    return origin if isinstance(origin, dict) else {}
