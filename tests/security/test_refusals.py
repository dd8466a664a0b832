"""What cannot become a module is refused with its place, and nothing is written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from runcomfy_codegen.cli import main
from runcomfy_codegen.errors import CodegenError, NameClash
from runcomfy_codegen.pipeline import generate
from runcomfy_codegen.schema.model_ids import parse_model_id
from support.corpus import REFUSED, REFUSED_IDS, deep
from support.hostile import tree
from support.small_models import load, make, make_class, store


@pytest.mark.parametrize("name", REFUSED)
def test_a_bad_document_is_refused_with_its_place(tmp_path: Path, name: str) -> None:
    documents, place = REFUSED[name]
    store(tmp_path / "schemas", "acme/bad", **documents_of(documents))
    before = tree(tmp_path)
    with pytest.raises(CodegenError) as refusal:
        generate(tmp_path / "schemas", tmp_path / "out", "models")
    assert place in refusal.value.place
    assert "bug in the generator" not in refusal.value.advice
    assert tree(tmp_path) == before


def documents_of(documents: dict[str, str]) -> dict[str, str]:
    """The same documents, with the input under the name that ``store`` gives it."""
    return {"schema" if name == "input" else name: text for name, text in documents.items()}


@pytest.mark.parametrize("text", REFUSED_IDS, ids=ascii)
def test_a_bad_model_id_is_refused(text: str) -> None:
    with pytest.raises(CodegenError):
        parse_model_id(text, "somewhere")


@pytest.mark.parametrize("folder", ["acme/{{ 7 }}", "acme/a\nb", "acme/\u202e", "a$b/c", "alone"])
def test_a_folder_that_names_no_model_is_refused(tmp_path: Path, folder: str) -> None:
    store(tmp_path / "schemas", folder, {"type": "object"})
    with pytest.raises(CodegenError, match="is not a model id"):
        generate(tmp_path / "schemas", tmp_path / "out", "models")


@pytest.mark.parametrize(
    "package", ["../models", "/models", "a/b", "a b", "", ".", "a..b", "class", "é", "x\n"]
)
def test_a_package_that_is_no_import_name_is_refused(tmp_path: Path, package: str) -> None:
    store(tmp_path / "schemas", "acme/small", {"type": "object"})
    before = tree(tmp_path)
    arguments = ["generate", "--schemas", str(tmp_path / "schemas"), "--out", str(tmp_path / "out")]
    assert main([*arguments, f"--package={package}"]) == 64
    assert tree(tmp_path) == before


@pytest.mark.parametrize("pair", [("a$", "au24_"), ("a%", "au25_")])
def test_two_inputs_with_one_name_are_both_named(tmp_path: Path, pair: tuple[str, str]) -> None:
    with pytest.raises(NameClash) as clash:
        make_class(tmp_path, {key: {"type": "string"} for key in ("a#", *pair)})
    assert all(repr(name) in clash.value.problem for name in pair)
    assert "overrides.json" in clash.value.advice


@pytest.mark.parametrize("pair", [("ﬁ", "fi"), ("ｐ", "p"), ("e\u0301", "é"), ("\u212b", "\u00c5")])
def test_names_that_unicode_calls_equal_stay_two(tmp_path: Path, pair: tuple[str, str]) -> None:
    cls = make_class(tmp_path, {key: {"type": "string"} for key in pair})
    assert cls.from_payload(dict(zip(pair, "xy", strict=True))).payload() == dict(
        zip(pair, "xy", strict=True)
    )
    assert len(cls._wire_names) == 2


def test_an_override_settles_a_clash_of_inputs(tmp_path: Path) -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string"}, "A": {"type": "string"}}}
    store(tmp_path / "schemas", "acme/small", schema, overrides={"names": {"A": "capital_a"}})
    plan = generate(tmp_path / "schemas", tmp_path / "out", "models").plan
    assert "capital_a: str | Unset = UNSET" in plan.write["acme/small.py"].decode()


HUGE: dict[str, Callable[[str], dict[str, object]]] = {
    "texts": lambda big: {"description": big, "title": big, "default": big, "format": big},
    "quotes": lambda big: {
        "description": '"' * len(big) + "\r" * len(big),
        "default": "\\" * len(big),
    },
    "enum": lambda big: {"enum": [big, "x"]},
    "words": lambda big: {"type": big, "$ref": big, big: big},
    "rule": lambda big: {
        "validations": [{"validation_rule": big, "validation_value": 1, "validation_error": big}]
    },
}


@pytest.mark.parametrize("megabytes", [1, pytest.param(10, marks=pytest.mark.slow)])
@pytest.mark.parametrize("field", HUGE)
def test_megabytes_in_a_field_become_a_short_docstring(
    tmp_path: Path, field: str, megabytes: int
) -> None:
    part = HUGE[field]("x" * megabytes * 1_000_000)
    schema = {
        "type": "object",
        "description": part.get("description", ""),
        "properties": {"x": part},
    }
    store(tmp_path / "schemas", "acme/small", schema)
    plan = generate(tmp_path / "schemas", tmp_path / "out", "models").plan
    docstring = (
        plan.write["acme/small.py"]
        .decode()
        .partition("    x: ")[2]
        .partition('"""')[2]
        .partition('"""')[0]
    )
    assert 0 < len(docstring) < 10_000


@pytest.mark.parametrize("levels", [11, 13, 25, 55])
def test_deep_lists_are_checked_to_the_bottom(tmp_path: Path, levels: int) -> None:
    schema = deep('{"type": "array", "items": ', '{"type": "integer", "maximum": 5}', "}", levels)
    store(
        tmp_path / "schemas", "acme/small", f'{{"type": "object", "properties": {{"x": {schema}}}}}'
    )
    make(tmp_path, {})
    value: object = 9
    for _ in range(levels):
        value = [value]
    found = load(tmp_path, "made_models.acme.small").check({"x": value})
    assert [violation.pointer for violation in found] == ["/x" + "/0" * levels]


@pytest.mark.parametrize(
    "number", ["1" + "0" * 4_000, "-1" + "0" * 400, "1e308", "5e-324", "0.1e-5"]
)
def test_numbers_that_no_machine_word_holds_stay_exact(tmp_path: Path, number: str) -> None:
    part = f'{{"type": "number", "minimum": {number}, "default": {number}, "enum": [{number}, 1]}}'
    part_2 = (
        f'{{"validations": [{{"validation_rule": "width_pixels<", "validation_value": {number}}}]}}'
    )
    schema = f'{{"type": "object", "properties": {{"x": {part}, "y": {part_2}}}}}'
    store(tmp_path / "schemas", "acme/small", schema)
    plan = generate(tmp_path / "schemas", tmp_path / "out", "models").plan
    module = plan.write["acme/small.py"].decode()
    assert repr(float(number) if "e" in number else int(number)) in module
