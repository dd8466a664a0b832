"""Traps 10 and 11: texts are data, and rules that exist only in prose stay visible."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path
from typing import Any

import pytest

from support.small_models import make_class

TEXTS = {
    "double quotes": 'say "hi" and """more""" "',
    "backticks": "use `seed` or ``seed``",
    "backslashes": "a \\ b \\n \\N{BULLET} \\",
    "newlines": "one\ntwo\r\nthree\rfour",
    "signs": "≤ 10 MB, ≥ 1 — “quoted”",
    "CJK": "参考图像的网址，最多三张。",
    "trailing spaces": "ends in spaces   ",
    "template syntax": "{{ model.id }} {% raw %} {x} %s",
    "line separators": "a\u2028b\u2029c\x85d\x0cf",
    "controls": "a\x00b\x1b[31mred\x07",
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_a_text_reaches_the_docstring_as_text(tmp_path: Path, text: str) -> None:
    """Trap 10."""
    cls = make_class(tmp_path, {"x": {"type": "string", "title": text, "description": text}})
    [shown] = [one for one in docstrings(cls) if one != cls.__doc__]
    assert squeezed(text) in squeezed(shown)


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_a_text_stays_whole_where_it_is_data(tmp_path: Path, text: str) -> None:
    """Trap 10: as an enum's value, a demo value, a pattern's subject and an input's name."""
    cls = make_class(tmp_path, {"x": {"enum": [text], "default": text}, text: {"const": text}})
    payload = {"x": text, text: text}
    assert cls.from_payload(payload).payload() == payload
    assert cls.input_schema()["properties"]["x"] == {"enum": [text], "default": text}


def test_a_description_that_contradicts_the_schema_does_not_matter(tmp_path: Path) -> None:
    """Trap 10."""
    cls = make_class(tmp_path, {"n": {"type": "integer", "maximum": 4, "description": "Up to 10."}})
    assert cls._check({"n": 5})
    [shown] = [one for one in docstrings(cls) if one != cls.__doc__]
    assert "Up to 10." in shown
    assert "At most 4." in shown


def test_rules_reported_in_prose_stay_visible_and_are_not_checked(tmp_path: Path) -> None:
    """Trap 11."""
    prose = "Give either image or video, not both; at most 5 files in all."
    properties: dict[str, Any] = {
        "image": {"type": "string", "description": prose},
        "video": {"type": "string"},
    }
    cls = make_class(tmp_path, properties, description=prose)
    assert prose in str(cls.__doc__)
    assert any(prose in shown for shown in docstrings(cls))
    assert cls(image="a", video="b").payload() == {"image": "a", "video": "b"}


def test_an_editor_shows_examples_and_that_an_input_is_deprecated(tmp_path: Path) -> None:
    examples = {"examples": ["a hat", 3], "example": "a\ncat", "deprecated": True}
    cls = make_class(tmp_path, {"x": {"title": "Prompt", **examples}})
    [shown] = [one for one in docstrings(cls) if one != cls.__doc__]
    assert shown.split() == "Prompt. Deprecated. Examples: 'a cat', 'a hat', 3".split()


@pytest.mark.parametrize("where", ["title", "description"])
def test_a_placeholder_key_never_surfaces(tmp_path: Path, where: str) -> None:
    key = "modelApiDoc_navInputSchema2"
    cls = make_class(
        tmp_path, {"x": {"type": "string", where: key}, "default": {where: key}}, **{where: key}
    )
    assert "modelApiDoc" not in Path(inspect.getfile(cls)).read_text(encoding="utf-8")
    assert "modelApiDoc" not in str(cls.input_schema())


def test_a_placeholder_key_in_a_file_rule_never_surfaces(tmp_path: Path) -> None:
    rule = {"validation_rule": "width_pixels>", "validation_value": 14}
    leaked = {**rule, "validation_error": "modelApiDoc_errWidth"}
    image = {"type": "string", "format": "image_uri", "validations": [leaked]}
    cls = make_class(tmp_path, {"image": image, "validation_error": {"type": "string"}})
    assert "modelApiDoc" not in Path(inspect.getfile(cls)).read_text(encoding="utf-8")
    assert cls.input_schema()["properties"]["image"]["validations"] == [rule]
    [media] = cls._media
    assert [one.wording for one in media.rules] == [""]  # the runtime has its own words then


def docstrings(cls: type) -> list[str]:
    """The texts that an editor shows for the class's inputs, the class's own included."""
    tree = ast.parse(Path(inspect.getfile(cls)).read_text(encoding="utf-8"))
    [body] = [n.body for n in tree.body if isinstance(n, ast.ClassDef) and n.name == cls.__name__]
    values = [node.value for node in body if isinstance(node, ast.Expr)]
    return [str(value.value) for value in values if isinstance(value, ast.Constant)]


def squeezed(text: str) -> str:
    """Without white space, and with unprintable characters as docstrings show them."""
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape").decode()
        for c in text
        if not c.isspace()
    )
