"""``runcomfy-codegen diff``: folders, revisions of git, the live catalogue, and the code that uses models."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from runcomfy.testing import mock_service
from support.codegen import Ran, codegen
from support.small_models import store

CAT: dict[str, Any] = {
    "type": "object",
    "properties": {
        "prompt": {"type": "string", "description": "Words."},
        "size": {"type": "string", "enum": ["small", "large"]},
        "steps": {"type": "integer", "maximum": 50},
        "class": {"type": "string"},
    },
    "required": ["prompt"],
}


def without(schema: dict[str, Any], name: str) -> dict[str, Any]:
    return {
        **schema,
        "properties": {one: part for one, part in schema["properties"].items() if one != name},
    }


def with_input(schema: dict[str, Any], name: str, **part: Any) -> dict[str, Any]:
    return {**schema, "properties": {**schema["properties"], name: part}}


def git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=T", "-c", "user.email=t@example.com"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


class Project:
    """Two folders of schemas, and a way to compare them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        store(folder / "old", "acme/cat", CAT)

    def new(self, schema: object, model_id: str = "acme/cat", **documents: object) -> None:
        store(self.folder / "new", model_id, schema, **documents)

    def diff(self, *arguments: object) -> Ran:
        return codegen("diff", self.folder / "old", self.folder / "new", *arguments)

    def uses(self, code: str) -> list[str]:
        """What breaks in a file with this code, as ``line input: words``."""
        (self.folder / "app.py").write_text(code)
        ran = self.diff("--uses", self.folder / "app.py")
        assert ran.status in (0, 1), ran.err
        place = f"{self.folder}/app.py:"
        return [line.removeprefix(place) for line in ran.out.splitlines() if place in line]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def test_the_same_folder_has_no_difference(project: Project) -> None:
    project.new(CAT)
    assert (project.diff().status, project.diff().out) == (0, "No differences.\n")


def test_a_breaking_difference_ends_with_1(project: Project) -> None:
    project.new(without(CAT, "steps"))
    ran = project.diff()
    assert ran.status == 1
    assert ran.out == (
        "acme/cat: changed\n  breaking: input/steps: input removed\nmodels: 1 changed; changes: 1 breaking\n"
    )


def test_additive_texts_and_price_end_with_0(project: Project) -> None:
    record = {"model_id": "acme/cat", "catalogue": {"base_price_usd": 0.04}}
    store(project.folder / "old", "acme/cat", CAT, source=record)
    record = {"model_id": "acme/cat", "catalogue": {"base_price_usd": 0.05}}
    schema = with_input(CAT, "prompt", type="string", description="Better words.")
    project.new(with_input(schema, "seed", type="integer"), source=record)
    ran = project.diff()
    assert ran.status == 0
    assert ran.out.splitlines()[1:-1] == [
        "  additive: input/seed: input added",
        "  price: price in US dollars changed from 0.04 to 0.05",
        "  text: input/prompt: description changed",
    ]


def test_models_that_come_and_go(project: Project) -> None:
    project.new(CAT, "acme/dog")
    ran = project.diff("--json")
    assert ran.status == 1
    assert [(one["model_id"], one["verdict"]) for one in ran.json["models"]] == [
        ("acme/cat", "removed"),
        ("acme/dog", "added"),
    ]
    assert ran.json["breaking"] is True


def test_a_class_and_an_input_with_another_name_break(project: Project) -> None:
    overrides = {"class_name": "Kitten", "names": {"class": "kind"}}
    project.new(CAT, overrides=overrides)
    assert project.diff().out.splitlines()[1:3] == [
        "  breaking: class Cat is now Kitten",
        "  breaking: input/class: class_ is now named kind",
    ]


def test_markdown_shows_the_worst_first_and_no_markup_of_others(project: Project) -> None:
    hostile = "a`b @all [x](javascript:1) <script> | \n# x"
    project.new(with_input(CAT, "size", type="string", enum=[hostile]))
    ran = project.diff("--markdown")
    assert ran.status == 1
    lines = ran.out.splitlines()
    assert lines[0] == "## Model changes"
    assert lines[4] == "### Breaking (2)"
    added = next(line for line in lines if "added" in line and line.startswith("- "))
    assert added.startswith("- `` acme/cat input/size: value 'a`b @all")
    assert added.endswith(" ``")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with two revisions, ``one`` and ``two``, of a project in a folder of it."""
    schemas = tmp_path / "project" / "schemas"
    git(tmp_path, "init", "-q")
    for tag, schema in (("one", CAT), ("two", without(CAT, "steps"))):
        store(schemas, "acme/cat", schema)
        git(tmp_path, "add", ".")
        git(tmp_path, "commit", "-qm", tag)
        git(tmp_path, "tag", tag)
    return schemas


def test_two_revisions_of_git(repository: Path) -> None:
    ran = codegen("diff", "one", "two", "--schemas", repository)
    assert (ran.status, "input/steps: input removed" in ran.out) == (1, True)
    assert codegen("diff", "two", "one", "--schemas", repository).status == 0


def test_a_revision_against_the_disk(repository: Path) -> None:
    assert codegen("diff", "--schemas", repository).out == "No differences.\n"
    store(repository, "acme/cat", without(CAT, "size"))
    ran = codegen("diff", "one", "--schemas", repository)
    assert "input/size: input removed" in ran.out
    ran = codegen("diff", "--schemas", repository)
    assert (ran.status, "input/steps: input added" in ran.out) == (1, True)


@pytest.mark.parametrize("name", ["nowhere", "--output=x", "one:x"])
def test_what_is_no_revision_is_misuse(repository: Path, name: str) -> None:
    ran = codegen("diff", "--schemas", repository, "--", name)
    assert ran.status == 64
    assert "is neither a folder nor a git revision" in ran.err


def test_the_disk_against_the_live_catalogue(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNCOMFY_TOKEN", "any")
    live = {"model_id": "acme/cat", "input_schema": without(CAT, "size")}
    before = sorted(repository.rglob("*"))
    with mock_service(catalogue=[live]) as service:
        ran = codegen("diff", "--live", "--schemas", repository, "--base-url", service.url)
    assert (ran.status, "input/size: input removed" in ran.out) == (1, True)
    assert sorted(repository.rglob("*")) == before


NARROWER = with_input(CAT, "size", type="string", enum=["small"])


@pytest.mark.parametrize(
    ("code", "found"),
    [
        (
            "from my_models.acme import Cat\n\nCat(prompt='x',\n    size='large')\n",
            ["4: acme/cat size: 'large' is no longer accepted: value 'large' gone"],
        ),
        ("from my_models.acme import Cat\nCat(prompt='x', size='small')\n", []),
        (
            "from my_models.acme import Cat as C\nC(prompt='x', size=given())\n",
            ["2: acme/cat size: value 'large' gone; the value is not a literal here"],
        ),
        (
            "import my_models.acme\nSIZE = 'large'\nmy_models.acme.Cat(prompt='x', size=SIZE)\n",
            ["3: acme/cat size: 'large' is no longer accepted: value 'large' gone"],
        ),
        (
            "from my_models import acme\nacme.Cat(prompt='x', size='large')\n",
            ["2: acme/cat size: 'large' is no longer accepted: value 'large' gone"],
        ),
        (
            "from my_models.acme.cat import Cat\nr = Cat(prompt='x')\nr.replace(size='large')\n",
            ["3: acme/cat size: 'large' is no longer accepted: value 'large' gone"],
        ),
        (
            "client.run('acme/cat', {'prompt': 'x', 'size': 'large'})\n",
            ["1: acme/cat size: 'large' is no longer accepted: value 'large' gone"],
        ),
        (
            "MODEL = 'acme/cat'\nvalidate(MODEL, {'size': 'large'})\n",
            ["2: acme/cat size: 'large' is no longer accepted: value 'large' gone"],
        ),
        (
            "from my_models.acme import Cat\nCat.from_payload({'size': 'large'})\n",
            ["2: acme/cat size: 'large' is no longer accepted: value 'large' gone"],
        ),
        ("from elsewhere import Cat\nCat(prompt='x', size='large')\n", []),
        ("client.run('acme/cat-2', {'size': 'large'})\n", []),
    ],
)
def test_a_value_that_is_gone_is_found_where_it_stands(
    project: Project, code: str, found: list[str]
) -> None:
    project.new(NARROWER)
    assert project.uses(code) == found


#: Code after the import of ``Cat``, on line 1, and the lines of the uses of a size that is gone.
ROUNDABOUT = {
    "an unpacked dict": ("Cat(prompt='x', **{'size': 'large'})", [2]),
    "an unpacked name": ("more = {\n'size': 'large'}\nCat(prompt='x', **more)", [3]),
    "an unpacked call of dict": ("Cat(prompt='x', **dict(size='large'))", [2]),
    "a merged dict": ("Cat(prompt='x', **({'steps': 1} | {'size': 'large'}))", [2]),
    "a payload in a name": ("def f():\n    p = {'size': 'large'}\n    run('acme/cat', p)", [3]),
    "a payload of a class": ("validate(Cat, {'size': 'large'})", [2]),
    "a partial": ("functools.partial(Cat, size='large')", [2]),
    "a class in a name": ("C = Cat\nC(prompt='x', size='large')", [3]),
    "a class named on the way": ("(C := Cat)(prompt='x', size='large')", [2]),
    "another value of that name": ("s = 'large'\ndef f(s='small'):\n    Cat(size=s)", [4]),
    "names that go round": ("a = {**a, 'x': 1}\nb = c\nc = b\nCat(**a, **b)\nb(size='large')", []),
}


@pytest.mark.parametrize("name", ROUNDABOUT)
def test_a_value_is_found_by_way_of_other_names(project: Project, name: str) -> None:
    code, lines = ROUNDABOUT[name]
    project.new(NARROWER)
    found = project.uses(f"from my_models.acme import Cat\n{code}\n")
    assert [int(one.partition(":")[0]) for one in found] == lines
    known = name != "another value of that name"
    assert all(("is no longer accepted" in one) == known for one in found)


@pytest.mark.parametrize("module", ["my_models.acme", "my_models.acme.cat"])
def test_a_star_import_gives_the_classes(project: Project, module: str) -> None:
    project.new(NARROWER)
    assert len(project.uses(f"from {module} import *\nCat(prompt='x', size='large')\n")) == 1
    assert project.uses("from elsewhere import *\nCat(prompt='x', size='large')\n") == []


CHANGES: dict[str, tuple[dict[str, Any], str, list[str]]] = {
    "removed": (
        without(CAT, "steps"),
        "Cat(prompt='x', steps=3)",
        ["2: acme/cat steps: is no longer an input"],
    ),
    "removed and not used": (without(CAT, "steps"), "Cat(prompt='x')", []),
    "required": (
        {**CAT, "required": ["prompt", "size"]},
        "Cat(prompt='x')",
        ["2: acme/cat size: is now required and is not passed here"],
    ),
    "required, and perhaps given": (
        {**CAT, "required": ["prompt", "size"]},
        "Cat(prompt='x', **more)",
        ["2: acme/cat size: is now required, and may not be passed here"],
    ),
    "required of a changed copy": (
        {**CAT, "required": ["prompt", "size"]},
        "r = Cat(prompt='x', size='small')\nr.replace(prompt='y')",
        [],
    ),
    "required and given": (
        {**CAT, "required": ["prompt", "size"]},
        "Cat(prompt='x', size='small')",
        [],
    ),
    "a bound": (
        with_input(CAT, "steps", type="integer", maximum=20),
        "Cat(prompt='x', steps=30), Cat(prompt='x', steps=20)",
        ["2: acme/cat steps: 30 is no longer accepted: maximum tightened from 50 to 20"],
    ),
    "another type": (
        with_input(CAT, "steps", type="string"),
        "Cat(prompt='x', steps=30)",
        ["2: acme/cat steps: 30 is no longer accepted: type changed from integer to string"],
    ),
    "a keyword's own name": (
        without(CAT, "class"),
        "Cat(prompt='x', class_='y')",
        ["2: acme/cat class_: is no longer an input"],
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_only_what_is_used_is_reported(project: Project, name: str) -> None:
    schema, line, found = CHANGES[name]
    project.new(schema)
    assert project.uses(f"from my_models.acme import Cat\n{line}\n") == found


def test_a_model_that_is_gone_is_reported_at_its_import(project: Project) -> None:
    project.new(CAT, "acme/dog")
    assert project.uses("import os\nfrom my_models.acme import Cat\n") == [
        "2: acme/cat: the model was removed"
    ]


def test_another_class_name_is_reported_at_its_import(project: Project) -> None:
    project.new(CAT, overrides={"class_name": "Kitten"})
    assert project.uses("from my_models.acme import Cat\n") == [
        "1: acme/cat: class Cat is now Kitten"
    ]


def test_uses_are_part_of_the_json_and_decide_the_status(project: Project) -> None:
    project.new(without(CAT, "steps"))
    code = project.folder / "src"
    code.mkdir()
    (code / "a.py").write_text("from my_models.acme import Cat\nCat(prompt='x')\n")
    (code / "bad.py").write_text("def")
    ran = project.diff("--uses", code, "--json")
    assert (ran.status, ran.json["breaking"], ran.json["uses"]) == (0, True, [])
    assert "not parsed: " in ran.err
    (code / "b.py").write_text("run('acme/cat', {'steps': 1})\n")
    ran = project.diff("--uses", code, "--json")
    assert ran.status == 1
    assert ran.json["uses"] == [
        {
            "file": str(code / "b.py"),
            "line": 1,
            "model_id": "acme/cat",
            "input": "steps",
            "text": "is no longer an input",
            "sure": True,
        }
    ]


def test_code_that_is_nowhere_is_misuse(project: Project) -> None:
    project.new(CAT)
    assert project.diff("--uses", project.folder / "nowhere").status == 64
