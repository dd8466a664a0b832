"""The models of another service, as its public client types them: 1,207 endpoints, none of them in our catalogue's habits.

The client's types are TypeScript; a generator of JSON Schema makes ``definitions``, ``$ref``, ``const`` and ``anyOf`` of
them, so that nothing of one catalogue's dialect is left. The versions of both are held by the lock file.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runcomfy_codegen.package.plan import apply
from runcomfy_codegen.pipeline import PipelineResult, generate
from support.differential.oracle import Oracle
from support.differential.payloads import payloads
from support.small_models import load, store

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("foreign")]

HERE = Path(__file__).parent
#: At most this share of the models may need the jsonschema library at run time.
MOST_BY_LIBRARY = 0.05
COMPARED = 60


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, PipelineResult]:
    """All endpoints, stored and generated."""
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        pytest.skip("npm is not installed: scripts/system_packages.sh")
    folder = tmp_path_factory.mktemp("foreign")
    for name in ("package.json", "package-lock.json", "to_json_schema.mjs"):
        shutil.copy(HERE / name, folder)
    install = [npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
    subprocess.run(install, cwd=folder, check=True, capture_output=True)
    convert = [node, "to_json_schema.mjs"]
    done = subprocess.run(convert, cwd=folder, check=True, capture_output=True)
    _store_all(folder / "schemas", json.loads(done.stdout)["definitions"])
    generation = generate(folder / "schemas", folder / "out", "foreign", keep_going=True)
    apply(generation.plan)
    return folder, generation


def _store_all(schemas: Path, definitions: dict[str, Any]) -> None:
    for model_id, endpoint in definitions["EndpointTypeMap"]["properties"].items():
        given_, output = (
            {
                **endpoint["properties"][name],
                "definitions": _used(endpoint["properties"][name], definitions),
            }
            for name in ("input", "output")
        )
        store(schemas, model_id, given_, output=output)


def _used(schema: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    """What a schema refers to, and what that refers to."""
    found: dict[str, Any] = {}
    waiting = [schema]
    while waiting:
        text = json.dumps(waiting.pop())
        for name in set(re.findall(r'"#/definitions/([^"]+)"', text)) - found.keys():
            found[name] = definitions[name]
            waiting.append(definitions[name])
    return found


def test_every_model_of_another_service_is_generated(made: tuple[Path, PipelineResult]) -> None:
    _, generation = made
    assert generation.failed == {}
    assert len(generation.rendered) == 1_207


def test_hardly_any_of_them_needs_the_library(made: tuple[Path, PipelineResult]) -> None:
    models = made[1].manifest.models
    needing = [
        one for one, entry in models.items() if any(note.kind == "fallback" for note in entry.notes)
    ]
    assert len(needing) <= MOST_BY_LIBRARY * len(models), needing


def test_every_hint_that_says_less_than_the_schema_is_reported(
    made: tuple[Path, PipelineResult],
) -> None:
    """None does here; where a hint is ``Any``, the types say so."""
    notes = [note for entry in made[1].manifest.models.values() for note in entry.notes]
    assert [note for note in notes if note.subject == "type hint"] == []


def test_their_validators_have_the_verdict_of_the_library(
    made: tuple[Path, PipelineResult],
) -> None:
    folder, generation = made
    entries = list(generation.manifest.models.values())
    entries = entries[:: len(entries) // COMPARED]
    oracles = [
        Oracle(getattr(load(folder, f"foreign.{one.package}.{one.module}"), one.class_name))
        for one in entries
    ]
    verdicts = set()

    @settings(
        max_examples=600,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(st.data())
    def compare(data: st.DataObject) -> None:
        oracle = data.draw(st.sampled_from(oracles))
        verdicts.add(oracle.compare(data.draw(payloads(oracle.schema))))

    compare()
    assert verdicts == {True, False}
