"""The official JSON Schema Test Suite: our verdicts on its required tests, but for those that are named here.

The suite lies in the source archive of the jsonschema library, which pip fetches for this test alone.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from runcomfy.model.request import check_payload
from runcomfy_codegen.schema.normalise import clean
from runcomfy_codegen.schema.reference_validator import keeps
from support.differential.compiled import quick_class

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1_800)]

DIALECTS = {
    "draft2020-12": "https://json-schema.org/draft/2020-12/schema",
    "draft2019-09": "https://json-schema.org/draft/2019-09/schema",
    "draft7": "http://json-schema.org/draft-07/schema#",
    "draft6": "http://json-schema.org/draft-06/schema#",
    "draft4": "http://json-schema.org/draft-04/schema#",
}

#: (dialect, file) -> how many tests may differ, and why.
DIFFERENT = {
    ("draft2020-12", "refRemote.json"): (15, "no reference leaves the document; reported"),
    ("draft2020-12", "dynamicRef.json"): (8, "they lead to other documents; reported"),
    ("draft2020-12", "vocabulary.json"): (1, "a metaschema of somebody's own is not read; reported"),
    ("draft2019-09", "refRemote.json"): (15, "no reference leaves the document; reported"),
    ("draft2019-09", "vocabulary.json"): (1, "a metaschema of somebody's own is not read; reported"),
    ("draft7", "refRemote.json"): (11, "no reference leaves the document; reported"),
    ("draft6", "refRemote.json"): (11, "no reference leaves the document; reported"),
    ("draft4", "refRemote.json"): (8, "no reference leaves the document; reported"),
}  # fmt: skip
#: All tests of 2020-12 that differ.
MOST = 30


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("suite")
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--no-deps",
        "--no-binary",
        "jsonschema",
    ]
    subprocess.run(
        [*command, f"jsonschema=={version('jsonschema')}", "--dest", str(folder)], check=True
    )
    [archive] = folder.glob("jsonschema-*.tar.gz")
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")
    [tests] = folder.glob("jsonschema-*/json/tests")
    return tests


def cases(suite: Path, dialect: str) -> Iterator[tuple[str, str, Any, list[dict[str, Any]]]]:
    """(file, description, schema, tests) of what every validator has to pass."""
    for file in sorted((suite / dialect).glob("*.json")):
        for case in json.loads(file.read_text(encoding="utf-8")):
            schema = case["schema"]
            if isinstance(schema, dict):
                schema = {"$schema": DIALECTS[dialect], **schema}
            yield file.name, case["description"], schema, case["tests"]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_clean_schema_has_the_verdicts_of_the_suite(suite: Path, dialect: str) -> None:
    different: dict[str, list[str]] = {}
    for file, case, schema, tests in cases(suite, dialect):
        cleaned, notes = clean(schema)
        for test in tests:
            if keeps(cleaned, cleaned, test["data"]) is not test["valid"]:
                assert notes, (case, "differs in silence")
                different.setdefault(file, []).append(f"{case}: {test['description']}")
    assert {file: len(found) for file, found in different.items()} == {
        file: count for (name, file), (count, _) in DIFFERENT.items() if name == dialect
    }, different
    assert dialect != "draft2020-12" or sum(map(len, different.values())) <= MOST


@pytest.mark.parametrize("dialect", ["draft2020-12", "draft7"])
def test_generated_code_has_the_verdicts_of_the_clean_schema(
    suite: Path, dialect: str, tmp_path: Path
) -> None:
    for _, case, schema, tests in cases(suite, dialect):
        if "$dynamicRef" in json.dumps(
            schema
        ):  # where it leads depends on what is around the schema
            continue
        inner = (
            {"$id": "https://example.com/case", **schema} if isinstance(schema, dict) else schema
        )
        whole = {"$schema": DIALECTS[dialect], "type": "object", "properties": {"x": inner}}
        cls = quick_class(tmp_path, whole)
        cleaned, _ = clean(schema)
        for test in tests:
            expected = keeps(cleaned, cleaned, test["data"])
            assert (not check_payload(cls, {"x": test["data"]})) is expected, (case, test)
