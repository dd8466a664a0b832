"""Each message about a missing library names a command that installs it from where this copy came from."""

from __future__ import annotations

import shlex
from typing import Any

import pytest

from runcomfy import MissingExtra, extras


@pytest.mark.parametrize(
    ("origin", "command"),
    [
        ({}, "pip install 'runcomfy[cli]'"),
        (
            {"url": "file:///home/ada/my%20code/runcomfy", "dir_info": {"editable": True}},
            "pip install -e '/home/ada/my code/runcomfy[cli]'",
        ),
        ({"url": "file:///srv/runcomfy", "dir_info": {}}, "pip install '/srv/runcomfy[cli]'"),
        (
            {"url": "https://example.com/r.git", "vcs_info": {"vcs": "git"}},
            "pip install 'runcomfy[cli] @ git+https://example.com/r.git'",
        ),
        (
            {"url": "https://example.com/runcomfy-1.whl", "archive_info": {}},
            "pip install 'runcomfy[cli] @ https://example.com/runcomfy-1.whl'",
        ),
        (
            {"url": "file:///srv/runcomfy-1.whl", "archive_info": {}},
            "pip install 'runcomfy[cli] @ file:///srv/runcomfy-1.whl'",
        ),
    ],
    ids=["index", "editable", "folder", "repository", "archive", "wheel"],
)
def test_the_command_names_where_this_copy_came_from(
    monkeypatch: pytest.MonkeyPatch, origin: dict[str, Any], command: str
) -> None:
    monkeypatch.setattr(extras, "_origin", lambda: origin)
    assert extras.install_command("cli") == command
    assert shlex.split(command)[:2] == ["pip", "install"]
    assert command in str(MissingExtra("This", "cli"))
