"""What an editor shows at an input: its meaning, its limits, its demo value; asked of the real pyright."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PATHS = [str(ROOT / "runtime"), str(ROOT / "generated")]
PROGRAM = """\
from runcomfy_models.wan_ai import Wan2_6ImageToImage

request = Wan2_6ImageToImage(prompt="x", image_urls=["https://example.com/x.png"], seed=1)
print(request.seed, request.image_urls)
"""


class Editor:
    """As much of a language client as it takes to hover."""

    def __init__(self, folder: Path) -> None:
        server = Path(sys.executable).with_name("pyright-langserver")
        self.process = subprocess.Popen(
            [str(server), "--stdio"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=folder,
        )
        self.file = (folder / "program.py").as_uri()
        root = folder.as_uri()
        self.asked = 0
        self.ask(
            "initialize",
            {
                "processId": None,
                "rootUri": root,
                "workspaceFolders": [{"uri": root, "name": "project"}],
                "capabilities": {"textDocument": {"hover": {"contentFormat": ["markdown"]}}},
            },
        )
        self.tell("initialized", {})
        opened = {"uri": self.file, "languageId": "python", "version": 1, "text": PROGRAM}
        self.tell("textDocument/didOpen", {"textDocument": opened})

    def hover(self, line: str, word: str) -> str:
        """What is shown at ``word`` in the first line that starts with ``line``."""
        lines = PROGRAM.split("\n")
        number = next(i for i, one in enumerate(lines) if one.startswith(line))
        position = {"line": number, "character": lines[number].index(word) + 1}
        answer = self.ask(
            "textDocument/hover", {"textDocument": {"uri": self.file}, "position": position}
        )
        return str(answer["contents"]["value"]) if answer else ""

    def ask(self, method: str, params: dict[str, Any]) -> Any:
        """The answer to a request; what the server asks meanwhile is answered with nothing."""
        self.asked += 1
        self._send({"id": self.asked, "method": method, "params": params})
        while True:
            message = self._receive()
            if message.get("id") == self.asked and "method" not in message:
                return message.get("result")
            if "id" in message:
                items = message.get("params", {}).get("items", [])
                self._send({"id": message["id"], "result": [None] * len(items) or None})

    def tell(self, method: str, params: dict[str, Any]) -> None:
        self._send({"method": method, "params": params})

    def _send(self, message: dict[str, Any]) -> None:
        assert self.process.stdin is not None
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self.process.stdin.flush()

    def _receive(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        length = 0
        while line := self.process.stdout.readline().strip():
            if line.lower().startswith(b"content-length:"):
                length = int(line.partition(b":")[2])
        assert length, "the server went away"
        message: dict[str, Any] = json.loads(self.process.stdout.read(length))
        return message

    def close(self) -> None:
        self.process.terminate()
        self.process.communicate()


@pytest.fixture(scope="module")
def editor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Editor]:
    folder = tmp_path_factory.mktemp("editor")
    (folder / "program.py").write_text(PROGRAM)
    (folder / "pyrightconfig.json").write_text(json.dumps({"extraPaths": PATHS}))
    opened = Editor(folder)
    yield opened
    opened.close()


@pytest.mark.timeout(60)
def test_an_attribute_shows_meaning_limits_and_demo_value(editor: Editor) -> None:
    shown = editor.hover("print(request.seed", "seed")
    assert "seed: int | Unset" in shown
    assert "Random seed for reproducibility." in shown
    assert "0 to 2147483647." in shown
    assert "Demo value: 0" in shown


@pytest.mark.timeout(60)
def test_a_media_input_shows_its_file_rules(editor: Editor) -> None:
    shown = editor.hover("print(request.seed", "image_urls")
    assert "image_urls: Sequence[MediaSource]" in shown
    assert "1 to 3 items." in shown
    assert "File size must be less than 10 MB." in shown


@pytest.mark.timeout(60)
def test_a_keyword_argument_shows_meaning_limits_and_demo_value(editor: Editor) -> None:
    shown = editor.hover("request = Wan2_6ImageToImage(", "seed=")
    assert "Random seed for reproducibility." in shown
    assert "0 to 2147483647." in shown
    assert "Demo value: 0" in shown


@pytest.mark.timeout(60)
def test_the_class_shows_what_it_takes(editor: Editor) -> None:
    shown = editor.hover("request = Wan2_6ImageToImage(", "Wan2_6ImageToImage")
    assert "prompt: str" in shown
    assert "seed: int | Unset = UNSET" in shown
