"""Running ``add`` in a test: the command as a user has it, and a small page to feed it."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support.codegen import Ran, codegen

PAGES = Path(__file__).parents[1] / "data" / "pages"

PLACEHOLDERS = PAGES / "000_1d35a9f392a2c3bf.txt"
RENDERED = PAGES / "001_ec2c246017073373.txt"
ENGLISH = PAGES / "002_68ae9ae3f01db5a2.txt"
CHINESE = PAGES / "003_64bb65ecb2540dd7.txt"
WAN = PAGES / "004_eb4463ef641a81c2.txt"

PAGE_IDS = {
    PLACEHOLDERS: "openai/gpt-image-1-5/image-to-image",
    RENDERED: "openai/gpt-image-1-5/image-to-image",
    ENGLISH: "openai/gpt-image-1-5/text-to-image",
    CHINESE: "openai/gpt-image-2/edit",
    WAN: "wan-ai/wan-2-6/image-to-image",
}

INPUT = '{"type": "object", "title": "Input", "properties": {"prompt": {"type": "string"}}}'
OUTPUT = '{"output": {"type": "object", "properties": {"image": {"type": "string"}}}}'


def page(
    model_id: str = "owner/model",
    *,
    payload: str = '{"prompt": "a cat"}',
    schema: str = INPUT,
    output: str = OUTPUT,
) -> str:
    """A page in English prose, as a browser copies it, with these parts."""
    curl = (
        "curl --request POST \\\n"
        f"--url https://model-api.runcomfy.net/v1/models/{model_id} \\\n"
        '--header "Content-Type: application/json" \\\n'
        f"--data '{payload}'"
    )
    return (
        f"Use RunComfy's API to run {model_id}. For accepted inputs and outputs, see the schema.\n"
        f"{curl}Set the YOUR_API_TOKEN environment variable.\n"
        f"{curl}Fetch the state (GET /v1/requests/{{request_id}}/status).\n"
        f"{schema}{output}RunComfy is the premier ComfyUI platform."
    )


def add(*arguments: str | Path, stdin: bytes = b"") -> Ran:
    """Run ``add`` with these arguments."""
    with _stdin(stdin):
        return codegen("add", *arguments)


def tree(folder: Path) -> dict[str, bytes]:
    """All files below a folder, by their path in it."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@contextmanager
def _stdin(data: bytes) -> Iterator[None]:
    before, sys.stdin = sys.stdin, io.TextIOWrapper(io.BytesIO(data))
    try:
        yield
    finally:
        sys.stdin = before
