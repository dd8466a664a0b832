"""Files that an agent names, and where results go: nothing outside of the folders that the server was given."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from mcp import Client
from runcomfy.mcp.files import folder_of
from runcomfy.mcp.settings import AgentSettings
from runcomfy.mock import MockService

from .in_process import call, play, refused, settings

TEXT = "openai/gpt-image-1-5/text-to-image"
EDIT = "openai/gpt-image-2/edit"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder with a picture, beside a picture that is secret; and ways from the one to the other."""
    root = tmp_path / "in"
    root.mkdir()
    for path in (root / "cat.png", tmp_path / "secret.png"):
        Image.new("RGB", (64, 64)).save(path)
    (tmp_path / "in-too").mkdir()
    Image.new("RGB", (64, 64)).save(tmp_path / "in-too" / "cat.png")
    (root / "link.png").symlink_to(tmp_path / "secret.png")
    (root / "up").symlink_to(tmp_path)
    (root / "circle").symlink_to(root / "circle")
    os.mkfifo(root / "pipe.png")
    (root / "folder.png").mkdir()
    return root


def inputs(path: object) -> dict[str, Any]:
    return {"model": EDIT, "inputs": {"prompt": "x", "images": [str(path)]}}


WAYS_OUT = [
    "{tmp}/secret.png", "{root}/../secret.png", "{root}/link.png", "{root}/up/secret.png", "{tmp}/in-too/cat.png",
    "file://{tmp}/secret.png", "file://{root}/%2e%2e/secret.png", "FILE:{tmp}/secret.png", "file://localhost{tmp}/secret.png",
    "/etc/passwd", "/proc/self/environ", "secret.png", "~/secret.png", "{root}", "{root}/", "\\\\server\\share\\cat.png",
    "{root}/cat.png\0.jpg", "{root}/" + "a/" * 5_000 + "cat.png", "ftp://example.com/cat.png", "{root}/./././../secret.png",
]  # fmt: skip


def test_no_way_leads_out_of_the_roots(service: MockService, tmp_path: Path, root: Path) -> None:
    async def script(client: Client) -> None:
        for way in WAYS_OUT:
            named = way.format(tmp=tmp_path, root=root)
            answer = await client.call_tool("check", inputs(named))
            if not answer.is_error:  # it is inside, and no picture
                assert named.startswith(str(root)), way
                assert answer.structured_content["would_stop"], way
            refusal = await refused(client, "submit", **inputs(named), key="k", max_cost_usd=1)
            assert refusal.isprintable(), way
            assert len(refusal) > len("Error executing tool submit"), way

    play(settings(service, tmp_path, roots=(root,), budget=1.0), script)
    assert service.accepted == 0


@pytest.mark.parametrize("name", ["pipe.png", "folder.png", "circle", "circle/x.png", "none.png"])
def test_what_is_no_file_is_a_sentence(
    service: MockService, tmp_path: Path, root: Path, name: str
) -> None:
    async def script(client: Client) -> None:
        answer = await client.call_tool("check", inputs(root / name))
        assert answer.is_error or answer.structured_content["would_stop"]
        await refused(client, "submit", **inputs(root / name), key="k", max_cost_usd=1)

    play(settings(service, tmp_path, roots=(root,), budget=1.0), script)
    assert service.accepted == 0


def test_without_roots_no_file_is_read(service: MockService, tmp_path: Path, root: Path) -> None:
    async def script(client: Client) -> None:
        assert "--root" in await refused(client, "check", **inputs(root / "cat.png"))

    play(settings(service, tmp_path), script)


def test_a_file_below_a_root_that_is_a_link_is_read(
    service: MockService, tmp_path: Path, root: Path
) -> None:
    (tmp_path / "entry").symlink_to(root)

    async def script(client: Client) -> None:
        for path in (tmp_path / "entry" / "cat.png", root / "cat.png", f"file://{root}/cat.png"):
            assert (await call(client, "check", **inputs(path)))["valid"]

    play(settings(service, tmp_path, roots=(tmp_path / "entry",)), script)


@pytest.mark.parametrize("key", ["../../x", "/etc/x", "a/b", "..", "con", "…", "~", "a" * 200])
def test_results_stay_below_out_whatever_the_key(
    service: MockService, tmp_path: Path, key: str
) -> None:
    out = tmp_path / "out"

    async def script(client: Client) -> Any:
        job = {"model": TEXT, "inputs": {"prompt": "x"}, "key": key, "max_cost_usd": 1}
        await call(client, "submit", **job)
        while not (await call(client, "wait", key=key))["ended"]:
            pass
        first, second = [await call(client, "result", key=key) for _ in range(2)]
        assert first["files"] == second["files"]  # saved once
        return first["files"]

    [file] = play(settings(service, tmp_path, budget=1.0), script)
    path = Path(file["path"])
    assert path.parent.parent == out.resolve()
    assert [*path.parent.iterdir()] == [path]


def test_keys_that_look_alike_have_folders_of_their_own(tmp_path: Path) -> None:
    keys = ["a/b", "a b", "a_b", "a\\b", "A_B", "..", "…", "b" * 199 + "1", "b" * 199 + "2"]
    assert len({folder_of(tmp_path, key).name for key in keys}) == len(keys)


@pytest.mark.parametrize("name", ["roots", "out"])
def test_the_home_folder_is_meant_by_a_tilde(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Configurations of MCP clients are no shell, so nobody else expands it."""
    monkeypatch.setenv("HOME", str(tmp_path))
    given: Any = {"roots": (Path("~"),), "out": Path("~")}
    told = getattr(AgentSettings(**{name: given[name]}), name)
    assert told in (tmp_path, (tmp_path,))
