"""The faces with 1,000 models: how soon the MCP server and the playground answer, and how fast a check is."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from runcomfy.model.registry import find_model
from runcomfy.playground import Playground, PlaygroundSettings

from .imports import thousand_models
from .measure import Figure, Table

__all__ = ["PEERS", "run"]

PEERS = ("mcp", "starlette", "uvicorn")
RUNS, CHECKS = 15, 200
COMMAND = [sys.executable, "-c", "import sys; from runcomfy.cli import main; sys.exit(main())"]
MODELS = (
    "openai/gpt-image-1-5/image-to-image",
    "openai/gpt-image-1-5/text-to-image",
    "openai/gpt-image-2/edit",
    "wan-ai/wan-2-6/image-to-image",
)
_CLIENT = {"name": "benchmark", "version": "1"}
_HELLO: list[dict[str, Any]] = [
    {
        "id": 1,
        "method": "initialize",
        "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": _CLIENT},
    },
    {"method": "notifications/initialized"},
    {
        "id": 2,
        "method": "tools/call",
        "params": {"name": "search_models", "arguments": {"query": "image"}},
    },
]


def mcp_start(environment: dict[str, str], folder: Path) -> float:
    """Seconds until a fresh MCP server has answered a search over all models."""
    start = time.perf_counter()
    with subprocess.Popen(
        [*COMMAND, "mcp", "--base-url", "http://127.0.0.1:9"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
        cwd=folder,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for message in _HELLO:
            process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
        process.stdin.flush()
        process.stdout.readline()
        answer = process.stdout.readline()
        taken = time.perf_counter() - start
        process.stdin.close()
    assert "model_id" in answer, answer
    return taken


def playground_start(environment: dict[str, str], folder: Path) -> float:
    """Seconds until a fresh playground has sent its page and its models."""
    start = time.perf_counter()
    command = [*COMMAND, "playground", "--no-browser", "-q"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, env=environment, cwd=folder, text=True
    ) as process:
        assert process.stdout is not None
        with httpx.Client(follow_redirects=True, trust_env=False) as client:
            address = process.stdout.readline().strip()
            page = client.get(address)
            models = client.get(address.partition("?")[0] + "api/models")
        taken = time.perf_counter() - start
        process.terminate()
    assert "<!doctype html>" in page.text
    assert len(models.json()) >= 1_000
    return taken


def checks() -> dict[str, float]:
    """Milliseconds of a check of each model's example over HTTP, the body's way included."""
    taken = {}
    with (
        tempfile.TemporaryDirectory() as name,
        Playground(PlaygroundSettings(out=Path(name))) as playground,
        httpx.Client(
            base_url=playground.origin, headers={"X-Playground": "1"}, trust_env=False
        ) as client,
    ):
        client.get(playground.address)
        for model_id in MODELS:
            body = {"model_id": model_id, "payload": dict(find_model(model_id)._example)}
            times = []
            for _ in range(CHECKS):
                start = time.perf_counter()
                client.post("/api/check", json=body).raise_for_status()
                times.append(time.perf_counter() - start)
            taken[model_id] = 1_000 * statistics.median(times)
    return taken


def run() -> Iterator[Table]:
    """Measure."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        thousand_models(folder)
        environment = {
            **os.environ,
            "PYTHONPATH": str(folder / "out"),
            "XDG_STATE_HOME": str(folder / "state"),
            "RUNCOMFY_TOKEN": "benchmark-token",
        }
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        taken: dict[str, list[float]] = {"mcp": [], "playground": [], "import": []}
        for number in range(RUNS + 1):
            start = time.perf_counter()
            library = [sys.executable, "-c", "import mcp.server.mcpserver"]
            subprocess.run(library, check=True, env=environment)
            imported = time.perf_counter() - start
            times = (
                mcp_start(environment, folder),
                playground_start(environment, folder),
                imported,
            )
            if number:  # the first one writes bytecode
                for what, seconds in zip(("mcp", "playground", "import"), times, strict=True):
                    taken[what].append(1_000 * seconds)
    median = {what: statistics.median(times) for what, times in taken.items()}
    yield Table(
        "Start with 1,000 models",
        [
            Figure("MCP server: to its first answer, a search", median["mcp"], "ms", at_most=1_000),
            Figure("for comparison, import mcp.server.mcpserver alone", median["import"], "ms"),
            Figure("playground: to its page and models", median["playground"], "ms", at_most=1_500),
        ],
    )
    yield Table(
        "A check on the playground's page",
        [Figure(model_id, taken, "ms", at_most=10) for model_id, taken in checks().items()],
    )
