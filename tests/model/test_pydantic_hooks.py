"""Request classes as pydantic fields and FastAPI bodies, with the real libraries."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any

import httpx
import pytest
from fastapi import Body, FastAPI
from jsonschema import Draft202012Validator
from pydantic import BaseModel, TypeAdapter, ValidationError

from runcomfy import Allow, Report, Result, validate
from runcomfy_models.openai import GptImage2Edit
from support.small_models import make_class

GOOD: dict[str, Any] = {"prompt": "add a hat", "images": ["https://example.com/cat.png"]}


def shown(schema: Any) -> Any:
    """The schema with its demo values as examples."""
    if isinstance(schema, list):
        return [shown(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    names = {
        "examples" if name == "default" and not isinstance(part, dict) else name: part
        for name, part in schema.items()
    }
    return {name: [part] if name == "examples" else shown(part) for name, part in names.items()}


def component(model: type[BaseModel], field: str, cls: Any) -> Any:
    """The schema of a field, which is a component of its class."""
    schema = model.model_json_schema()
    assert schema["properties"][field]["$ref"] == f"#/$defs/{cls.__name__}"
    return schema["$defs"][cls.__name__]


class Work(BaseModel):
    request: GptImage2Edit
    note: str = ""


def locations(error: ValidationError) -> list[tuple[int | str, ...]]:
    return [one["loc"] for one in error.errors()]


class TestField:
    def test_takes_a_payload_or_a_request(self) -> None:
        request = GptImage2Edit(**GOOD)
        assert Work(request=GOOD).request == request  # type: ignore[arg-type]  # wrong on purpose, or a row of a table
        assert Work(request=request).request is request

    def test_goes_out_as_the_payload_and_comes_back(self) -> None:
        work = Work(request=GptImage2Edit(**GOOD), note="a")
        assert work.model_dump() == {"request": GOOD, "note": "a"}
        assert json.loads(work.model_dump_json()) == {"request": GOOD, "note": "a"}
        assert Work.model_validate_json(work.model_dump_json()) == work

    def test_reports_every_violation_at_its_place(self) -> None:
        with pytest.raises(ValidationError) as caught:
            Work.model_validate({"request": {"images": [1], "size": 5}, "note": 1})
        found = {one["loc"]: (one["type"], one["msg"]) for one in caught.value.errors()}
        assert found[("request", "prompt")] == (
            "runcomfy_required",
            "prompt is required and was not given",
        )
        assert found[("request", "images", 0)] == ("runcomfy_type", "must be a string, got 1")
        assert ("note",) in found
        assert len(found) >= 3

    @pytest.mark.parametrize("payload", [None, 1, "x", [], [1]], ids=repr)
    def test_what_is_no_object_is_one_violation(self, payload: object) -> None:
        with pytest.raises(ValidationError) as caught:
            Work.model_validate({"request": payload})
        assert locations(caught.value) == [("request",)]

    def test_digits_are_an_index_in_lists_only(self, tmp_path: Path) -> None:
        cls = make_class(tmp_path, {"33": {"type": "object", "properties": {"4": {
            "type": "array", "items": {"type": "string"}}}}})  # fmt: skip
        with pytest.raises(ValidationError) as caught:
            TypeAdapter(cls).validate_python({"33": {"4": ["a", 1]}})
        assert locations(caught.value) == [("33", "4", 1)]

    def test_braces_in_a_message_are_text(self, tmp_path: Path) -> None:
        cls = make_class(tmp_path, {"a: b": {"type": "string", "pattern": "^{x}{message}$"}})
        with pytest.raises(ValidationError, match=r"pattern \^\{x\}\{message\}\$, got \"\{y\}\""):
            TypeAdapter(cls).validate_python({"a: b": "{y}"})

    def test_works_inside_lists_and_unions(self) -> None:
        adapter = TypeAdapter(list[GptImage2Edit | int])
        assert adapter.validate_python([GOOD, 1]) == [GptImage2Edit(**GOOD), 1]


class TestJsonSchema:
    def test_is_the_stored_one(self) -> None:
        assert TypeAdapter(GptImage2Edit).json_schema() == shown(GptImage2Edit.input_schema())
        assert component(Work, "request", GptImage2Edit) == shown(GptImage2Edit.input_schema())

    def test_demo_values_are_examples_and_never_defaults(self, tmp_path: Path) -> None:
        inner = {"type": "object", "properties": {"default": {"type": "integer", "default": 3}}}
        both = {"type": "string", "default": "a", "examples": ["b", "a"]}
        cls = make_class(tmp_path, {"inner": inner, "both": both})
        found = TypeAdapter(cls).json_schema()["properties"]
        assert found["both"] == {"type": "string", "examples": ["a", "b"]}
        assert found["inner"]["properties"] == {"default": {"type": "integer", "examples": [3]}}

    def test_a_schema_without_a_title_gets_the_classs_name(self, tmp_path: Path) -> None:
        cls = make_class(tmp_path, {"x": {"type": "string"}})
        assert TypeAdapter(cls).json_schema() == {**cls.input_schema(), "title": "Small"}

    @pytest.mark.parametrize(
        "odd",
        [
            {"type": "float", "minimum": 0},
            {"type": "Hologram"},
            {"type": "string", "title": 5, "description": ["a"], "format": None},
            {"type": "array", "items": {"type": "string"}, "required": True},
            {"$ref": "file:///etc/passwd"},
        ],
        ids=str,
    )
    def test_words_that_json_schema_does_not_allow_are_not_shown(
        self, tmp_path: Path, odd: dict[str, Any]
    ) -> None:
        inputs = {"odd": odd, "prompt": {"type": "string", "title": "Prompt", "default": "a"}}
        cls = make_class(tmp_path, inputs)

        class PreparedRequest(BaseModel):
            request: cls  # type: ignore[valid-type]  # a class known at run time only

        schema = PreparedRequest.model_json_schema()
        Draft202012Validator.check_schema(schema)
        found = component(PreparedRequest, "request", cls)["properties"]
        assert found["prompt"] == shown(inputs["prompt"])
        assert found["odd"].get("type") in ("number", "string", "array", None)
        assert "PreparedRequest" in documentation(PreparedRequest)["components"]["schemas"]

    def test_a_class_with_a_schema_of_its_own_shows_that(self, tmp_path: Path) -> None:
        own = {"type": "object", "title": "Mine"}
        cls = make_class(tmp_path, {"strength": {"type": "float"}})
        overriding = type("Mine", (cls,), {"input_schema": classmethod(lambda _: own)})
        checking = {"_check": staticmethod(lambda _: []), "__annotations__": {}}
        written = type("ByHand", (overriding,), checking)
        assert TypeAdapter(overriding).json_schema() == own
        assert TypeAdapter(written).json_schema() == own

    def test_data_that_looks_like_a_reference_is_not_shown(self, tmp_path: Path) -> None:
        """Pydantic would follow it."""
        inputs = {"x": {"enum": [{"$ref": "#/properties/x"}]}, "$ref": {"type": "string"}}
        schema = TypeAdapter(make_class(tmp_path, inputs)).json_schema()
        assert schema["properties"] == {"x": {}, "$ref": {"type": "string"}}

    @pytest.mark.parametrize("model_id", ["acme/small", "acme/Big Model 1.5"])
    def test_references_still_resolve(self, tmp_path: Path, model_id: str) -> None:
        cls = with_references(tmp_path)
        cls.model_id = model_id

        class Holder(BaseModel):
            request: cls  # type: ignore[valid-type]  # a class known at run time only
            other: int

        schema = Holder.model_json_schema()
        validator = Draft202012Validator(json.loads(json.dumps(schema)))
        assert validator.is_valid({"request": {"tree": {"child": {"name": "a"}}}, "other": 1})
        assert not validator.is_valid({"request": {"tree": {"child": {"name": 1}}}, "other": 1})


class TestFastApi:
    def test_a_good_body_reaches_the_endpoint(self) -> None:
        response = post(GptImage2Edit, json=GOOD)
        assert (response.status_code, response.json()) == (200, GOOD)

    def test_a_bad_body_is_answered_with_places(self) -> None:
        response = post(GptImage2Edit, json={"images": []})
        assert response.status_code == 422
        found = {tuple(one["loc"]): one["msg"] for one in response.json()["detail"]}
        assert found == {
            ("body", "prompt"): "prompt is required and was not given",
            ("body", "images"): "must have at least 1 item, got a list with 0 items",
        }

    def test_a_body_that_is_no_object_is_answered(self) -> None:
        response = post(GptImage2Edit, json=[1])
        assert response.status_code == 422
        assert response.json()["detail"][0]["loc"] == ["body"]

    @pytest.mark.parametrize(
        "body",
        [
            '{"prompt": NaN, "images": ["a"]}',
            '{"prompt": "a", "images": [-Infinity]}',
            '{"prompt": "a", "images": ["a"], "seed": 1e999}',
            '{"prompt": "a", "images": ["a"], "\\ud800": NaN}',
            "[NaN]",
            '"\\ud800"',
        ],
    )
    def test_a_value_json_cannot_hold_is_answered(self, body: str) -> None:
        headers = {"Content-Type": "application/json"}
        response = post(GptImage2Edit, content=body, headers=headers)
        assert response.status_code == 422

    def test_the_documentation_shows_the_stored_schema(self) -> None:
        document = documentation(GptImage2Edit)
        body = document["paths"]["/run"]["post"]["requestBody"]["content"]["application/json"]
        assert body["schema"] == {"$ref": "#/components/schemas/GptImage2Edit"}
        found = document["components"]["schemas"]["GptImage2Edit"]
        assert found == shown(GptImage2Edit.input_schema())

    def test_the_places_in_a_union_begin_with_the_class(self, tmp_path: Path) -> None:
        cls = GptImage2Edit | make_class(tmp_path, {"x": {"type": "string"}})
        found = [one["loc"] for one in post(cls, json={"x": 5}).json()["detail"]]
        assert ["body", "GptImage2Edit", "prompt"] in found
        assert ["body", "Small", "x"] in found

    def test_an_unknown_input_is_refused_unless_it_is_allowed(self) -> None:
        payload = {**GOOD, "qualty": "low"}
        refused = post(GptImage2Edit, json=payload)
        assert refused.status_code == 422
        (one,) = refused.json()["detail"]
        assert one["loc"] == ["body", "qualty"]
        assert "is not an input of this model" in one["msg"]
        allowed = post(Annotated[GptImage2Edit, Allow("unknown-input")], json=payload)
        assert allowed.json() == payload
        adapter = TypeAdapter(GptImage2Edit)
        context = {"allow": ["unknown-input"]}
        assert adapter.validate_python(payload, context=context).payload() == payload

    @pytest.mark.parametrize("annotated", [True, False])
    def test_results_outputs_and_reports_can_be_returned(self, annotated: bool) -> None:
        url = "https://x.runcomfy.net/a.png"
        raw: dict[str, Any] = {"output": {"image": url}, "cost": 0.04}
        result = Result("r1", GptImage2Edit.output_type.from_payload(raw["output"]), raw)
        report = validate(GptImage2Edit, {**GOOD, "qualty": "low"})
        for value in (result, result.output, report):
            assert answered(value, annotated) == json.loads(json.dumps(value.as_dict()))
        assert result.as_dict()["output"] == {"image": url}
        assert json.loads(TypeAdapter(Report).dump_json(report))["model_id"] == report.model_id

    @pytest.mark.parametrize("annotated", [True, False])
    def test_a_request_can_be_returned(self, annotated: bool) -> None:
        assert answered(GptImage2Edit(**GOOD), annotated) == GOOD

    def test_the_documentation_of_a_schema_with_references_can_be_made(
        self, tmp_path: Path
    ) -> None:
        assert "tree" in str(documentation(with_references(tmp_path)))


def test_the_runtime_does_not_import_pydantic() -> None:
    program = (
        "import sys; from runcomfy_models.openai import GptImage2Edit as G; G.example(); "
        "assert not [m for m in sys.modules if m.startswith('pydantic')]"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def with_references(tmp_path: Path) -> Any:
    tree = {
        "type": "object",
        "properties": {"name": {"type": "string"}, "child": {"$ref": "#/$defs/tree"}},
    }
    return make_class(tmp_path, {"tree": {"$ref": "#/$defs/tree"}}, **{"$defs": {"tree": tree}})


def post(cls: Any, **body: Any) -> httpx.Response:
    return ask(cls, "POST", "/run", **body)


def answered(value: Any, annotated: bool) -> Any:
    """What an application answers that returns the value."""
    app = FastAPI()

    def give() -> Any:
        return value

    if annotated:
        give.__annotations__["return"] = type(value)
    else:
        del give.__annotations__["return"]
    app.get("/value")(give)

    async def answer() -> Any:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            assert (await client.get("/openapi.json")).status_code == 200
            return (await client.get("/value")).raise_for_status().json()

    return asyncio.run(answer())


def documentation(cls: Any) -> Any:
    return ask(cls, "GET", "/openapi.json").raise_for_status().json()


def ask(cls: Any, method: str, path: str, **body: Any) -> httpx.Response:
    """What an application with one endpoint, whose body is the request class, answers."""
    app = FastAPI()

    def run(request: Any) -> Any:
        return request.payload()

    run.__annotations__["request"] = Annotated[cls, Body()]
    app.post("/run")(run)

    async def answer() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.request(method, path, **body)

    return asyncio.run(answer())
