"""The hostile corpus, generated as one package: text stays text, names stay names, nothing else happens."""

from __future__ import annotations

import ast

import pytest

from runcomfy_codegen.render import syntax_gate as syntax
from support.corpus import CANARY, FINE_IDS
from support.hostile import Hostile, make_hostile, probe

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Hostile:
    return make_hostile(tmp_path_factory.mktemp("hostile"))


def test_every_model_of_the_corpus_is_generated(hostile: Hostile) -> None:
    expected = {*hostile.texts, *hostile.names, *FINE_IDS}
    assert hostile.generation.manifest.models.keys() == expected


def test_every_module_stays_within_the_allowed_syntax(hostile: Hostile) -> None:
    for path, source in hostile.modules.items():
        syntax.verify(source, path)


def test_nothing_outside_the_package_is_written(hostile: Hostile) -> None:
    written = {path for path in hostile.after if hostile.before.get(path) != hostile.after[path]}
    assert {path for path in written if not path.startswith("out/hostile/")} == set()
    assert hostile.before.keys() <= hostile.after.keys()


def test_paths_are_made_of_names_alone(hostile: Hostile) -> None:
    files = [path for path in hostile.after if path.startswith("out/hostile/")]
    strange = [
        path
        for path in files
        if not path.replace("/", "").replace(".", "").replace("_", "").isalnum()
        or not path.isascii()
    ]
    assert strange == []


def test_templates_are_not_interpreted_again(hostile: Hostile) -> None:
    module = hostile.modules["text/jinja_output.py"]
    assert "{{ 7 * 7 }}" in module
    assert "49" not in module
    assert "{% include" in hostile.modules["text/jinja_statement.py"]
    assert "{# gone #}visible" in hostile.modules["text/jinja_comment.py"]


def test_no_line_of_a_module_ends_in_anything_but_a_line_feed(hostile: Hostile) -> None:
    for path, source in hostile.modules.items():
        assert source.splitlines() == source.removesuffix("\n").split("\n"), path


def test_no_module_holds_a_character_that_changes_how_it_reads(hostile: Hostile) -> None:
    for path, source in hostile.modules.items():
        assert source.replace("\n", "").isprintable(), path


def test_texts_from_the_schema_are_constants_and_nothing_else(hostile: Hostile) -> None:
    for path, source in hostile.modules.items():
        calls = {
            ast.unparse(n.func) for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Call)
        }
        assert not calls & {"open", "eval", "exec", "system", "print"}, path


ROUND_TRIP = """
import json, pickle, runcomfy
from runcomfy.model.registry import find_model

runcomfy.register("hostile")
answer = {}
for model_id, name in json.load(sys.stdin).items():
    cls = find_model(model_id)
    faults = answer[model_id] = []
    python = {wire: python for python, wire in cls._wire_names.items()}.get(name)
    if python is None or not python.isidentifier():
        faults.append(f"no input for {name!r}")
        continue
    payload = {name: "right", "inner": {name: 1}, "rows": [{name: 3}], "after": ["x"], "anything": None}
    request = cls(**{python: "right", "inner": {name: 1}, "rows": [{name: 3}], "after": ["x"], "anything": None})
    if request.payload() != payload:
        faults.append(f"sent as {request.payload()}")
    if getattr(request, python) != "right":
        faults.append("is not read back")
    if cls.from_payload(payload) != request or pickle.loads(pickle.dumps(request)) != request:
        faults.append("does not round-trip")
    if request.replace(**{python: "also right"}).payload()[name] != "also right":
        faults.append("cannot be replaced")
    if cls.example().payload() != {name: "right"} or model_id != cls.model_id:
        faults.append("example or id is wrong")
    token = name.replace("~", "~0").replace("/", "~1")
    bad = {name: "wrong", "inner": {}, "rows": [{name: 9}, {name: "x"}], "after": 1, "anything": 1}
    pointers = sorted({violation.pointer for violation in cls._check(bad)})
    if pointers != sorted(["/" + token, "/inner", f"/rows/0/{token}", f"/rows/1/{token}", "/after", "/anything"]):
        faults.append(f"violations at {pointers}")
    output = cls.output_type.from_payload({name: "u"})
    fields = {wire: python for python, (wire, _) in cls.output_type._fields.items()}
    if getattr(output, fields[name]) != "u" or output.raw != {name: "u"}:
        faults.append("output is not read")
    repr(request), hash(request), str(output), request.__signature__
print(json.dumps({model_id: faults for model_id, faults in answer.items() if faults}))
"""


def test_every_name_travels_under_its_wire_name(hostile: Hostile) -> None:
    assert probe(hostile, ROUND_TRIP, hostile.names) == {}


def test_every_unusual_id_has_a_class_that_works(hostile: Hostile) -> None:
    assert probe(hostile, ROUND_TRIP, dict.fromkeys(FINE_IDS, "plain")) == {}


TEXT_TRIP = """
import json, runcomfy
from runcomfy.model.registry import find_model

runcomfy.register("hostile")
answer = {}
for model_id, text in json.load(sys.stdin).items():
    cls = find_model(model_id)
    faults = answer[model_id] = []
    if cls.example().payload() != {"described": text, text: [text, {text: text}], f"n{text}": "ab"}:
        faults.append("example differs")
    payload = {
        "described": text, "chosen": text, "mixed": {text: text}, "only": text, f"n{text}": "ab",
        "objects": [{f"m{text}": 0.5}], "inside": text, "either": text, "media": [text],
    }
    if cls.from_payload(payload).payload() != payload:
        faults.append("payload differs")
    bad = {**payload, "chosen": "?", "only": "?", "mixed": "?", "inside": 1, "either": 2, "objects": [{f"m{text}": 2}]}
    token = text.replace("~", "~0").replace("/", "~1")
    pointers = sorted({violation.pointer for violation in cls._check(bad)})
    expected = ["/chosen", "/either", "/inside", "/mixed", f"/objects/0/m{token}", "/only"]
    if pointers != sorted(expected):
        faults.append(f"violations at {pointers}")
    rules = [rule for media in cls._media for rule in media.rules]
    if rules[0].wording != text.replace("modelApiDoc_navInputSchema", "Input"):  # as pages show the key
        faults.append("the wording of a rule differs")
print(json.dumps({model_id: faults for model_id, faults in answer.items() if faults}))
"""


def test_every_text_means_itself(hostile: Hostile) -> None:
    assert probe(hostile, TEXT_TRIP, hostile.texts) == {}


OWNERS = """
import importlib, json, pkgutil, hostile

for package in pkgutil.walk_packages(hostile.__path__, "hostile."):
    module = importlib.import_module(package.name)
    for name in getattr(module, "__all__", ()):
        getattr(module, name)
print(json.dumps(sorted(set(sys.modules) & {"antigravity", "this", "subprocess", "ctypes", "socket"})))
"""


def test_importing_everything_has_no_side_effects(hostile: Hostile) -> None:
    before = {path for path in hostile.root.rglob("*") if "__pycache__" not in path.parts}
    assert probe(hostile, OWNERS, {}) == []
    after = {path for path in hostile.root.rglob("*") if "__pycache__" not in path.parts}
    assert after == before
    assert not list(hostile.root.rglob(CANARY))
