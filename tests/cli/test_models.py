"""models, show and ``run MODEL --help``: what is known of models."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from runcomfy.mock import MockService
from support.command import run

WAN = "wan-ai/wan-2-6/image-to-image"
EDIT = "openai/gpt-image-2/edit"


def test_models_lists_what_the_service_offers(service: MockService) -> None:
    ran = run("models", "wan")
    assert ran.out == f"{WAN}\t$0.04 per image\timage-to-image\tinstalled\n"
    done = run("models", "--category", "text-to-image", "--json").json
    assert [one["model_id"] for one in done] == ["openai/gpt-image-1-5/text-to-image"]
    assert done[0]["base_price_usd"] == 0.04


def test_installed_models_are_listed_without_asking_anybody() -> None:
    ran = run("models", "GPT-image-2", "--installed")
    assert (ran.status, ran.lines) == (0, [EDIT])
    assert run("models", "--installed", "--json", "--limit", "1").json[0]["installed"] is True
    assert run("models", "--installed", "--category", "x").status == 64


def test_installed_models_have_the_fields_of_the_catalogue(service: MockService) -> None:
    listed, installed = (
        run("models", EDIT, *more, "--json").json for more in ([], ["--installed"])
    )
    assert [*installed[0]] == [*listed[0]]


def test_show_reports_inputs_limits_rules_demo_values_and_price(service: MockService) -> None:
    ran = run("show", WAN)
    assert ran.status == 0, ran.err
    for text in (
        "price: $0.04 per image",
        "image_urls: list of image files, required.",
        "at least 1 item; at most 3 items",
        "file rule: File size must be less than 10 MB.",
        "one of 1024*1024 (1:1), 800*1200 (2:3)",
        "at least 0; at most 2147483647",
        "demo value: low resolution, error",
    ):
        assert text in ran.out


def test_show_works_without_a_service() -> None:
    ran = run("show", WAN, "--offline", "--json")
    answer = ran.json[0]
    assert (ran.status, answer["price"]) == (0, None)
    assert [one["name"] for one in answer["inputs"]][:2] == ["prompt", "image_urls"]
    assert answer["inputs"][1]["media"] == "image"
    assert "price: unknown (no token" in run("show", WAN).out


def test_the_examples_are_true(service: MockService) -> None:
    forms = {
        form: run("show", WAN, "--example", form).out
        for form in ("python", "json", "curl", "command")
    }
    payload = json.loads(forms["json"])
    words = shlex.split(forms["command"])
    assert words[:3] == ["runcomfy-py", "run", WAN]
    assert run(*words[1:], "--no-wait").status == 0
    assert service.jobs[-1].payload == payload
    curl = subprocess.run(
        ["bash", "-c", forms["curl"].replace("https://model-api.runcomfy.net", service.url)],
        capture_output=True,
        check=True,
    )
    assert json.loads(curl.stdout)["request_id"]
    assert service.jobs[-1].payload == payload
    python = forms["python"].replace("Client()", f"Client(base_url={service.url!r})")
    subprocess.run([sys.executable, "-W", "error", "-c", python], check=True)
    assert service.jobs[-1].payload == payload
    assert list(Path("pictures").iterdir())


@pytest.mark.parametrize("arguments", [["--help"], ["-h", "prompt=x"], ["seed=1", "--help"]])
def test_the_help_of_run_shows_the_inputs_of_the_model(arguments: list[str]) -> None:
    ran = run("run", WAN, *arguments)
    assert ran.status == 0
    assert f"Inputs of {WAN}:" in ran.out
    assert "image_urls: list of image files, required." in ran.out
    assert "--no-wait" in ran.out
    assert max(map(len, ran.lines)) <= 100


def test_the_help_of_run_without_a_model_is_general() -> None:
    assert "Inputs of" not in run("run", "--help").out


def test_the_help_of_an_unknown_model_suggests_others() -> None:
    ran = run("run", "openai/gpt-image-2/edti", "--help")
    assert (ran.status, f"Did you mean {EDIT!r}" in ran.err) == (64, True)
