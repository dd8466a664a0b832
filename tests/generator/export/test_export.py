"""``runcomfy-codegen export``: what the documents hold, and that the tools of their worlds take them."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from runcomfy.testing import mock_service
from support.codegen import codegen
from support.corpus import TEXTS, anywhere
from support.small_models import store

ROOT = Path(__file__).parents[3]
EDIT = "openai/gpt-image-2/edit"
RULE = {
    "validation_rule": "width_pixels>",
    "validation_value": 384,
    "validation_error": "At least 384.",
}

TRAPS: dict[str, dict[str, Any]] = {
    "acme/loras": {
        "type": "object",
        "required": ["33_string", "loras"],
        "properties": {
            "33_string": {"type": "string", "default": "a demo"},
            "loras": {
                "type": "array",
                "maxItems": 3,
                "items": {
                    "type": "object",
                    "properties": {"path": {"type": "string"}, "scale": {"type": "float"}},
                },
            },
            "duration": {"enum": ["auto", "5", 10, None]},
            "only": {"const": "x"},
            "seed": {"type": "integer", "nullable": True, "default": None},
            "image": {"type": "string", "format": "image_uri", "validations": [RULE]},
        },
    },
    "acme/foreign": {
        "type": "object",
        "x-order": 1,
        "properties": {
            "size": {"$ref": "#/components/schemas/Size"},
            "mode": {"allOf": [{"$ref": "#/$defs/Mode"}], "default": "fast"},
            "style": {"anyOf": [{"type": "string", "enum": ["a", "b"]}, {"type": "null"}]},
            "others": {"type": "object", "additionalProperties": {"type": "integer"}},
        },
        "$defs": {"Mode": {"type": "string", "enum": ["fast", "slow"], "title": "Mode"}},
    },
    "new/Record Of 4K": {"type": "object", "properties": {}},
    "delete/x": {"type": "object", "properties": {"a-b": {"type": "boolean"}}, "required": ["a-b"]},
}


@pytest.fixture
def schemas(tmp_path: Path) -> Path:
    """The four models of the pages, and the traps."""
    shutil.copytree(ROOT / "schemas", tmp_path / "schemas")
    for model_id, schema in TRAPS.items():
        store(tmp_path / "schemas", model_id, schema)
    store(
        tmp_path / "schemas",
        "acme/hostile",
        anywhere("*/ \n`${x}` */ </script> \u2028 \"'\\")["input"],
    )
    return tmp_path / "schemas"


def export(format_: str, schemas: Path, *arguments: str) -> str:
    ran = codegen("export", format_, "--schemas", schemas, *arguments)
    assert ran.status == 0, ran.err
    return ran.out


def test_openapi_is_valid(schemas: Path) -> None:
    from openapi_spec_validator import validate

    document = json.loads(export("openapi", schemas))
    validate(document)
    assert document["openapi"] == "3.1.0"
    operation = document["paths"][f"/v1/models/{EDIT}"]["post"]
    assert operation["x-model-id"] == EDIT
    assert operation["requestBody"]["content"]["application/json"]["schema"] == {
        "$ref": "#/components/schemas/OpenaiGptImage2Edit"
    }


def test_openapi_reports_demo_values_as_examples_and_rules_as_an_extension(schemas: Path) -> None:
    document = json.loads(export("openapi", schemas))
    assert '"default"' not in json.dumps(document["components"]["schemas"]["AcmeLoras"])
    inputs = document["components"]["schemas"]["AcmeLoras"]["properties"]
    assert inputs["33_string"]["examples"] == ["a demo"]
    assert inputs["image"]["x-file-rules"] == [
        {"metric": "width_pixels", "operator": ">", "limit": 384, "message": "At least 384."}
    ]
    assert inputs["seed"]["type"] == ["integer", "null"]


def test_openapi_reports_choices_of_several_types_apart(schemas: Path) -> None:
    document = json.loads(export("openapi", schemas))
    assert document["components"]["schemas"]["AcmeLoras"]["properties"]["duration"] == {
        "anyOf": [
            {"type": "string", "enum": ["auto", "5"]},
            {"type": "integer", "enum": [10]},
            {"type": "null"},
        ]
    }


def test_openapi_references_lead_to_components(schemas: Path) -> None:
    document = json.loads(export("openapi", schemas))
    components = document["components"]["schemas"]
    [reference] = components["AcmeForeign"]["properties"]["mode"]["allOf"]
    assert components[reference["$ref"].removeprefix("#/components/schemas/")]["enum"] == [
        "fast",
        "slow",
    ]


def test_models_can_be_chosen_and_written_to_a_file(schemas: Path, tmp_path: Path) -> None:
    out = tmp_path / "api.json"
    printed = export("openapi", schemas, "--model", "openai/*", "--out", str(out))
    assert printed == f"{out}: 3 models\n"
    assert [path for path in json.loads(out.read_text())["paths"] if "models" in path] == [
        "/v1/models/openai/gpt-image-1-5/image-to-image",
        "/v1/models/openai/gpt-image-1-5/text-to-image",
        "/v1/models/openai/gpt-image-2/edit",
    ]
    ran = codegen("export", "openapi", "--schemas", schemas, "--out", tmp_path / "no/api.json")
    assert ran.status == 73
    assert codegen("export", "openapi", "--schemas", schemas, "--model", "x/*").status == 65


def test_the_bundle_checks_payloads(schemas: Path) -> None:
    document = json.loads(export("jsonschema", schemas))
    Draft202012Validator.check_schema(document)
    registry: Registry[Any] = Registry().with_resource("", Resource.from_contents(document))
    loras = document["$defs"]["models/acme/loras"]
    validator = Draft202012Validator(loras, registry=registry)
    assert validator.is_valid({"33_string": "x", "loras": [{"scale": 0.5}], "duration": 10})
    assert not validator.is_valid({"33_string": "x", "loras": [], "duration": 7})
    assert not validator.is_valid({})
    rules = Draft202012Validator(document["$defs"]["file-rules"])
    assert rules.is_valid(loras["properties"]["image"]["x-file-rules"])
    assert document["$defs"]["models/new/Record Of 4K"]["$id"] == "models/new/Record%20Of%204K"


def test_the_bundle_references_lead_to_their_own_model(schemas: Path) -> None:
    document = json.loads(export("jsonschema", schemas))
    foreign = document["$defs"]["models/acme/foreign"]
    assert Draft202012Validator(foreign).is_valid({"mode": "slow", "style": None})
    assert not Draft202012Validator(foreign).is_valid({"mode": "no"})


def test_typescript_reads_as_typed_by_hand(tmp_path: Path) -> None:
    store(tmp_path, "acme/loras", TRAPS["acme/loras"])
    text = export("typescript", tmp_path)
    assert text.split("export namespace acme {\n")[1] == TYPES


TYPES = """\
  /**
   * A request to acme/loras.
   */
  export type Loras = {
    /**
     * @example "a demo"
     */
    "33_string": string;
    /**
     * maxItems: 3
     */
    loras: {
      path?: string;
      scale?: number;
    }[];
    duration?: "auto" | "5" | 10 | null;
    only?: "x";
    seed?: number | null;
    /**
     * format: image_uri
     * File rule: width_pixels > 384 (At least 384.)
     */
    image?: string;
  };

  /**
   * What acme/loras returns.
   */
  export type LorasOutput = { [name: string]: unknown };

}

/** The input and the output of each model, by its id. */
export interface Models {
  "acme/loras": { input: acme.Loras; output: acme.LorasOutput };
}
"""


@pytest.mark.parametrize("name", TEXTS)
def test_no_text_ends_a_comment_or_a_literal(tmp_path: Path, name: str) -> None:
    documents = anywhere(TEXTS[name])
    store(tmp_path, "acme/small", documents.pop("input"), **documents)
    text = export("typescript", tmp_path)
    inside = False
    for line in text.splitlines():
        stripped = line.strip()
        if stripped == "/**":
            inside = True
        elif stripped == "*/":
            inside = False
        elif inside:
            assert stripped.startswith("*")
            assert "*/" not in stripped[1:]
    assert not inside
    assert text.isprintable() or all(line.isprintable() for line in text.split("\n"))
    json.loads(export("openapi", tmp_path))


PROGRAM = """
import sys, time
sys.path.insert(0, {folder!r})
from made.client import AuthenticatedClient
from made.api.openai import submit_openai_gpt_image_2_edit as submit
from made.api.requests import get_result, get_status
from made.models import OpenaiGptImage2Edit
client = AuthenticatedClient(base_url={url!r}, token="any")
body = OpenaiGptImage2Edit(prompt="a hat", images=["https://example.com/cat.png"])
request_id = submit.sync(client=client, body=body).request_id
while get_status.sync(request_id, client=client).status != "completed":
    pass
result = get_result.sync(request_id, client=client)
print(result.status, sorted(result.output.to_dict()))
"""


@pytest.mark.slow
def test_a_generated_client_completes_a_request(schemas: Path, tmp_path: Path) -> None:
    """openapi-python-client takes the document without errors, and its client works."""
    document, made = tmp_path / "api.json", tmp_path / "made"
    shutil.rmtree(
        schemas / "acme/hostile"
    )  # with choices that are lists and objects, which it refuses
    export("openapi", schemas, "--out", str(document))
    config = tmp_path / "config.yml"
    config.write_text("post_hooks: []\n")
    command = [sys.executable, "-m", "openapi_python_client", "generate", "--path", str(document)]
    command += [
        "--meta",
        "none",
        "--output-path",
        str(made),
        "--config",
        str(config),
        "--fail-on-warning",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    with mock_service() as service:
        program = PROGRAM.format(folder=str(tmp_path), url=service.url)
        done = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=False
        )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "completed ['image']\n"


USER = """
import type { Models, openai } from "./models";
const good: openai.GptImage2Edit = { prompt: "a hat", images: ["https://example.com/cat.png"] };
const many: Models["acme/loras"]["input"] = { "33_string": "x", loras: [{ scale: 0.5 }], duration: 10 };
// @ts-expect-error  an input that is missing
const bad: openai.GptImage2Edit = { prompt: "a hat" };
// @ts-expect-error  a value that is none
const worse: Models["acme/foreign"]["input"] = { mode: "no" };
export { good, many, bad, worse };
"""


@pytest.mark.slow
def test_the_compiler_accepts_the_types(schemas: Path, tmp_path: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not installed: scripts/system_packages.sh")
    folder = tmp_path / "typescript"
    shutil.copytree(Path(__file__).parent / "typescript", folder)
    install = [npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
    subprocess.run(install, cwd=folder, check=True, capture_output=True)
    export("typescript", schemas, "--out", str(folder / "models.ts"))
    (folder / "user.ts").write_text(USER)
    tsc = [str(folder / "node_modules/.bin/tsc"), "--strict", "--noEmit", "models.ts", "user.ts"]
    done = subprocess.run(tsc, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
