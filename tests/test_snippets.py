"""A request as text to be copied, local files included."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

from runcomfy import snippets
from runcomfy_models.openai import GptImage2Edit

PAYLOAD: dict[str, Any] = {
    "prompt": 'it\'s "a" hat',
    "images": [Path("cat.png"), "https://x.y/a.png"],
}


def test_the_python_snippet_makes_the_same_request(tmp_path: Path) -> None:
    made: dict[str, Any] = {}
    source = snippets.python(GptImage2Edit, PAYLOAD).partition("with Client")[0]
    exec(source, made)  # noqa: S102  # it is what the snippet is for
    assert made["request"]._inputs == PAYLOAD


def test_the_command_line_names_files_with_an_at_sign() -> None:
    words = shlex.split(snippets.command_line("openai/gpt-image-2/edit", PAYLOAD))
    assert words[3:] == ['prompt=it\'s "a" hat', "images=@cat.png", "images=https://x.y/a.png"]


def test_json_and_curl_say_that_a_url_is_needed() -> None:
    expected = {"prompt": 'it\'s "a" hat', "images": ["URL of cat.png", "https://x.y/a.png"]}
    assert json.loads(snippets.json_text(PAYLOAD)) == expected
    words = shlex.split(snippets.curl("openai/gpt-image-2/edit", PAYLOAD, "https://api.example"))
    assert json.loads(words[-1]) == expected
