"""What one validation loads where 1,000 models are installed: the import budget, counted in modules."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from runcomfy_codegen.model_files import make_shared
from runcomfy_codegen.spec.names import Identifier
from support.small_models import make

MODELS, OWNERS = 1_000, 25
SCHEMA = {
    "type": "object",
    "properties": {
        "prompt": {"type": "string"},
        "image": {"type": "string", "format": "image_uri"},
        "size": {"enum": ["small", "large"]},
    },
    "required": ["prompt"],
}
PAYLOAD = {"prompt": "a hat", "image": "https://example.com/a.png", "size": "small"}
PROGRAM = """
import sys
sys.path[:] = {path!r}
before = set(sys.modules)
from runcomfy import validate
assert validate("owner-7/small-507", {payload!r}).valid
loaded = sorted(set(sys.modules) - before)
from runcomfy import model_ids
import json
print(json.dumps([len(model_ids()), loaded]))
"""


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The modules that an interpreter loads for its first validation."""
    folder = tmp_path_factory.mktemp("thousand")
    _lay_out(folder)
    program = PROGRAM.format(path=[str(folder / "out"), *sys.path], payload=PAYLOAD)
    # Without site, nothing is loaded before but what the interpreter itself needs.
    done = subprocess.run(
        [sys.executable, "-S", "-c", program], capture_output=True, text=True, check=True
    )
    models, names = json.loads(done.stdout)
    assert models == MODELS
    return set(names)


def _lay_out(folder: Path) -> None:
    """A package ``runcomfy_models`` of 1,000 models, by the generator: one of them, under 1,000 names."""
    generation = make(folder, {"owner-0/small": SCHEMA}, "runcomfy_models")
    entry = generation.manifest.models["owner-0/small"]
    package = folder / "out" / "runcomfy_models"
    text = (package / "owner_0" / "small.py").read_text(encoding="utf-8")
    models = {}
    for number in range(MODELS):
        owner, name = f"owner-{number % OWNERS}", f"Small{number}"
        models[f"{owner}/small-{number}"] = replace(
            entry,
            package=Identifier(owner.replace("-", "_")),
            module=Identifier(f"small_{number}"),
            exports=(name, f"{name}Output"),
        )
    for model_id, one in models.items():
        module = package / one.package / f"{one.module}.py"
        module.parent.mkdir(exist_ok=True)
        own = text.replace("Small", one.class_name).replace("owner-0/small", model_id)
        module.write_text(own, encoding="utf-8")
    for path, shared in make_shared("runcomfy_models", models).items():
        (package / path).write_text(shared, encoding="utf-8")


def test_a_validation_loads_one_model_of_a_thousand(loaded: set[str]) -> None:
    assert {name for name in loaded if name.partition(".")[0] == "runcomfy_models"} == {
        "runcomfy_models",
        "runcomfy_models.owner_7",
        "runcomfy_models.owner_7.small_507",
    }


def test_a_validation_loads_no_more_of_the_runtime_than_it_needs(loaded: set[str]) -> None:
    assert {name for name in loaded if name.startswith("runcomfy.")} == {
        "runcomfy.model.checks",
        "runcomfy.model.json_values",
        "runcomfy.model.registry",
        "runcomfy.validation.validate",
        "runcomfy.model.media",
        "runcomfy.validation",
        "runcomfy.validation.media",
        "runcomfy.model",
        "runcomfy.model.output",
        "runcomfy.validation.report",
        "runcomfy.model.request",
        "runcomfy.model.violation",
    }


def test_a_validation_loads_nothing_that_is_slow(loaded: set[str]) -> None:
    slow = {"httpx", "pydantic", "jsonschema", "dataclasses", "typing", "enum", "re", "json"}
    assert not {name.partition(".")[0] for name in loaded} & slow
