"""``[tool.runcomfy-codegen]`` of ``pyproject.toml``: defaults for the options of every subcommand.

.. code-block:: toml

    [tool.runcomfy-codegen]
    schemas = "schemas"        # paths are relative to the pyproject.toml
    out = "src"
    package = "my_models"
    models = ["openai/*", "wan-ai/wan-2-6/*"]
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from runcomfy.model.suggestions import did_you_mean
from runcomfy_codegen.errors import Misuse

__all__ = ["SETTINGS", "default_map", "read_settings"]

_TABLE = "tool.runcomfy-codegen"

#: What a setting is, and whether it is a path.
SETTINGS: dict[str, tuple[type, bool]] = {
    "schemas": (str, True),
    "out": (str, True),
    "package": (str, False),
    "models": (list, False),
    "base-url": (str, False),
}

#: The parameters of subcommands that a setting is the default of.
_PARAMETERS = {
    "add": {"schemas": "schemas"},
    "pull": {"schemas": "schemas", "models": "models", "base-url": "base_url"},
    "diff": {"schemas": "schemas", "base-url": "base_url"},
    "export": {"schemas": "schemas", "models": "models"},
    "rename": {"schemas": "schemas"},
    "remove": {"schemas": "schemas"},
    "docs": {"schemas": "schemas", "models": "models", "package": "package"},
    "generate": {"schemas": "schemas", "out": "out", "package": "package", "models": "models"},
}


def default_map() -> dict[str, Any]:
    """The settings as click takes them: the defaults of each subcommand's parameters."""
    settings = read_settings(Path.cwd())
    return {
        command: {
            parameter: settings[name] for name, parameter in names.items() if name in settings
        }
        for command, names in _PARAMETERS.items()
    }


def read_settings(folder: Path) -> dict[str, Any]:
    """The settings of the project that ``folder`` belongs to; empty if there are none.

    They stand in the nearest ``pyproject.toml``, in the folder or above it. Raises ``Misuse``.
    """
    for parent in (folder, *folder.parents):
        file = parent / "pyproject.toml"
        if file.is_file():
            return _settings_in(file)
    return {}


def _settings_in(file: Path) -> dict[str, Any]:
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise Misuse(str(file), f"cannot be read: {error}", "Correct the file.") from None
    tool = table.get("tool", {})
    given = tool.get("runcomfy-codegen", {}) if isinstance(tool, dict) else {}
    if not isinstance(given, dict):
        raise Misuse(str(file), f"{_TABLE} is not a table", f"Write [{_TABLE}].")
    return {name: _checked(file, name, value) for name, value in given.items()}


def _checked(file: Path, name: str, value: Any) -> Any:
    place = f"{file}: [{_TABLE}] {name}"
    if name not in SETTINGS:
        near = did_you_mean(name, SETTINGS) or f"; valid settings are {', '.join(SETTINGS)}"
        raise Misuse(place, f"is not a setting{near}", "Correct or remove the line.")
    kind, is_path = SETTINGS[name]
    words = "a list of strings" if kind is list else "a text"
    parts = value if isinstance(value, list) else [value]
    if not isinstance(value, kind) or not all(isinstance(one, str) for one in parts):
        raise Misuse(place, f"is {value!r:.80}, not {words}", f"Write {words}.")
    return str(file.parent / str(value)) if is_path else value
