"""``runcomfy-codegen pull`` at a mock of the service that serves a catalogue."""

from __future__ import annotations

import json
import logging
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from runcomfy.mock import Asked, MockService
from runcomfy.protocol.retries import Retries
from runcomfy.testing import mock_service
from runcomfy_codegen.catalogue import reader
from runcomfy_codegen.pipeline import generate
from support.codegen import Ran, codegen
from support.generate import tree
from support.ingest import WAN, add
from support.scripted_server import Reply, json_reply, serve

WAN_ID = "wan-ai/wan-2-6/image-to-image"
SCHEMA = '{"properties" : {"prompt": {"type":"string"}},\n\t"type": "object"  }'


def entry(model_id: str, schema: str = SCHEMA, **facts: object) -> str:
    """The JSON text of an entry, whose schema is no text that a JSON library would write."""
    given = {"model_id": model_id, "kind": "model", "base_price_usd": 0.04, "price_unit": "image"}
    return f'{json.dumps({**given, **facts})[:-1]}, "input_schema": {schema}}}'


class Shop:
    """A service with a catalogue that can change, and a project that pulls from it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.schemas = folder / "schemas"
        self.entries: list[Any] = []
        self.service: MockService | None = None

    def pull(self, *arguments: str) -> Ran:
        """Pull, with the report as JSON unless there is a choice of lines."""
        if self.service:
            return self._pull(self.service, arguments)
        with mock_service(catalogue=self.entries) as service:
            return self._pull(service, arguments)

    def _pull(self, service: MockService, arguments: tuple[str, ...]) -> Ran:
        places = ("--schemas", str(self.schemas), "--base-url", service.url)
        return codegen("pull", *places, *arguments)

    def verdicts(self, *arguments: str) -> dict[str, str]:
        ran = self.pull("--json", *arguments)
        return {one["model_id"]: one["verdict"] for one in ran.json["changes"]}

    def text(self, path: str) -> str:
        return (self.schemas / path).read_text(encoding="utf-8")

    def record(self, model_id: str) -> Any:
        return json.loads(self.text(f"{model_id}/source.json"))


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    monkeypatch.setattr(reader, "_PAGE", 10)
    monkeypatch.setenv("RUNCOMFY_TOKEN", "any")
    return Shop(tmp_path)


def test_schemas_are_stored_as_the_bytes_that_came(shop: Shop) -> None:
    facts: dict[str, Any] = {
        "display_name": "Cat \ud83d\ude3a",
        "categories": ["text-to-image"],
        "colour": "red",
    }
    shop.entries = [entry("acme/cat", **facts)]
    assert shop.verdicts("--all") == {"acme/cat": "added"}
    assert shop.text("acme/cat/input.json") == SCHEMA
    record = shop.record("acme/cat")
    assert (record["document"], record["dialect"]) == ("catalogue", "catalogue")
    assert record["catalogue"] == {
        "display_name": "Cat \U0001f63a",
        "kind": "model",
        "categories": ["text-to-image"],
        "base_price_usd": 0.04,
        "price_unit": "image",
    }


def test_every_page_is_read_and_a_second_pull_changes_nothing(shop: Shop) -> None:
    shop.entries = [entry(f"acme/m{i}") for i in range(23)]
    ran = shop.pull("--all")
    assert (ran.status, len(tree(shop.schemas))) == (0, 46)
    assert ran.out.endswith("models: 23 added\n")
    before = tree(shop.schemas)
    assert shop.pull("--all").out == "models: 23 unchanged\n"
    assert tree(shop.schemas) == before


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (["--model", "acme/*"], ["acme/cat", "acme/dog"]),
        (["--model", "acme/c*", "--model", "other/*"], ["acme/cat", "other/cat"]),
        (["--search", "CAT"], ["acme/cat", "other/cat"]),
        (["--kind", "workflow"], ["other/cat"]),
        (["--category", "pets", "--model", "acme/*"], ["acme/dog"]),
        (["--all"], ["acme/cat", "acme/dog", "other/cat"]),
    ],
)
def test_what_is_brought_in_can_be_chosen(
    shop: Shop, arguments: list[str], found: list[str]
) -> None:
    shop.entries = [
        entry("acme/cat"),
        entry("acme/dog", categories=["pets"]),
        entry("other/cat", kind="workflow"),
    ]
    assert sorted(shop.verdicts(*arguments)) == found


def test_without_a_choice_the_stored_models_are_brought_up_to_date(shop: Shop) -> None:
    shop.entries = [entry("acme/cat"), entry("acme/dog")]
    ran = shop.pull()
    assert (ran.status, "--model 'openai/*'" in ran.err) == (64, True)
    shop.pull("--model", "acme/cat")
    shop.entries = [entry("acme/cat", "{}" + " ", base_price_usd=0.05), entry("acme/dog")]
    shop.entries[0] = entry("acme/cat", '{"type": "object"}', base_price_usd=0.05)
    ran = shop.pull()
    assert ran.out.splitlines()[0] == "updated    acme/cat  schema, price 0.04 to 0.05"
    assert not (shop.schemas / "acme/dog").exists()


def test_the_setting_models_is_the_choice(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    (shop.folder / "pyproject.toml").write_text('[tool.runcomfy-codegen]\nmodels = ["acme/c*"]\n')
    monkeypatch.chdir(shop.folder)
    shop.entries = [entry("acme/cat"), entry("acme/dog")]
    assert list(shop.verdicts()) == ["acme/cat"]
    assert list(shop.verdicts("--all")) == ["acme/dog"]


def test_a_dry_run_writes_nothing(shop: Shop) -> None:
    shop.entries = [entry("acme/cat")]
    ran = shop.pull("--all", "--dry-run")
    assert ran.out == "added      acme/cat\nmodels: 1 added; nothing was written\n"
    assert not shop.schemas.exists()


BAD = {
    "no schema": '{"model_id": "acme/bad"}',
    "a text as schema": entry("acme/bad", '"{}"'),
    "describes a list": entry("acme/bad", '{"type": "array"}'),
    "a name twice": entry("acme/bad", '{"type": "object", "type": "object"}'),
    "not finite": entry("acme/bad", '{"type": "object", "default": 1e999}'),
    "a path as id": entry("../bad"),
    "no id": entry(""),
    "a list as id": entry([1]),  # type: ignore[arg-type]  # no catalogue should, and one may
    "no object": "7",
    "too deep": entry("acme/bad", '{"a":' * 100 + "{}" + "}" * 100),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_entry_is_listed_and_the_rest_continues(shop: Shop, name: str) -> None:
    shop.entries = [entry("acme/cat"), BAD[name], entry("acme/dog")]
    ran = shop.pull("--all", "--json")
    assert ran.status == 65
    assert [one["model_id"] for one in ran.json["changes"]] == ["acme/cat", "acme/dog"]
    [(_, reason)] = ran.json["unusable"].items()
    assert reason
    assert sorted(path.name for path in shop.folder.iterdir()) == ["schemas"]


def test_an_entry_that_breaks_the_answer_costs_itself_alone(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Retries, "repeats", lambda *_: False)
    shop.entries = [
        *(entry(f"acme/m{i}") for i in range(3)),
        '{"model_id": ',
        *(entry(f"acme/n{i}") for i in range(20)),
    ]
    ran = shop.pull("--all", "--json")
    assert ran.status == 65
    assert list(ran.json["unusable"]) == ["entry 4"]
    assert len(ran.json["changes"]) == 23


def test_a_schema_that_the_list_leaves_out_is_looked_up(shop: Shop) -> None:
    listed = json_reply(models=[{"model_id": "acme/cat"}], total=1)
    with serve() as server:
        body = entry("acme/cat").encode()
        server.script(models=[listed], model=[Reply(body=body)])
        ran = codegen("pull", "--all", "--schemas", shop.schemas, "--base-url", server.url)
    assert (ran.status, ran.out) == (0, "added      acme/cat\nmodels: 1 added\n")
    assert shop.text("acme/cat/input.json") == SCHEMA


def test_the_variable_of_the_address_holds_for_pull_and_diff(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    with mock_service(catalogue=[entry("acme/cat")]) as service:
        monkeypatch.setenv("RUNCOMFY_BASE_URL", service.url)
        assert codegen("pull", "--all", "--schemas", shop.schemas).status == 0
        assert codegen("diff", "--live", "--schemas", shop.schemas).status == 0
        assert service.count("catalogue") >= 2


def test_texts_of_a_page_and_its_output_schema_are_kept(shop: Shop) -> None:
    add(WAN, "--schemas", shop.schemas)
    page = tree(shop.schemas / WAN_ID)
    schema = json.loads(page["input.json"])
    prompt = {"type": "string", "maxLength": 77}
    live = {"type": "object", "required": ["prompt"], "properties": {"new": {"type": "integer"}}}
    live["properties"] |= {"prompt": prompt}  # type: ignore[operator]  # a dict, as above
    shop.entries = [entry(WAN_ID, json.dumps(live))]
    assert shop.verdicts() == {WAN_ID: "updated"}
    after = tree(shop.schemas / WAN_ID)
    assert {name: after[name] for name in ("input.json", "output.json", "example.json")} == {
        name: page[name] for name in ("input.json", "output.json", "example.json")
    }
    assert json.loads(after["catalogue.json"]) == live
    assert json.loads(after["source.json"])["sha256"] == json.loads(page["source.json"])["sha256"]
    made = generate(shop.schemas, shop.folder / "out", "models").plan
    module = made.write["wan_ai/wan_2_6_image_to_image.py"].decode()
    assert "must have at most 77 characters" in module
    assert "image_urls: " not in module
    assert schema["properties"]["prompt"]["description"][:40] in module


def test_adding_the_same_page_again_keeps_what_the_catalogue_said(shop: Shop) -> None:
    add(WAN, "--schemas", shop.schemas)
    shop.entries = [entry(WAN_ID)]
    shop.pull()
    before = tree(shop.schemas)
    assert "unchanged" in add(WAN, "--schemas", shop.schemas).out
    assert tree(shop.schemas) == before


def test_a_page_of_a_model_from_the_catalogue_brings_its_texts(shop: Shop) -> None:
    shop.entries = [entry(WAN_ID)]
    shop.pull("--all")
    assert "updated" in add(WAN, "--schemas", shop.schemas).out
    assert shop.text(f"{WAN_ID}/catalogue.json") == SCHEMA
    assert shop.record(WAN_ID)["catalogue"]["base_price_usd"] == 0.04
    assert shop.pull().out == "models: 1 unchanged\n"


def test_a_vanished_model_is_marked_and_a_returning_one_is_not(shop: Shop) -> None:
    add(WAN, "--schemas", shop.schemas)  # which the catalogue never had
    shop.entries = [entry("acme/cat"), entry("acme/dog")]
    shop.pull("--all")
    shop.entries = [entry("acme/dog")]
    ran = shop.pull("--all")
    assert ran.out.startswith("deprecated acme/cat  it is no longer in the catalogue\n")
    assert shop.text("acme/cat/deprecated.json") == (
        '{\n  "reason": "it is no longer in the catalogue"\n}\n'
    )
    assert shop.pull("--all").out == "models: 1 unchanged\n"
    shop.entries = [entry("acme/cat"), entry("acme/dog")]
    assert shop.pull("--all").out.startswith("updated    acme/cat  back in the catalogue\n")


def test_a_renamed_model_is_not_odd(shop: Shop) -> None:
    shop.entries = [entry("acme/cat")]
    shop.pull("--all")
    codegen("rename", "acme/cat", "acme/dog", "--schemas", shop.schemas)
    places = ("--schemas", shop.schemas, "--out", shop.folder / "src", "--package", "my_models")
    assert "odd in the schema" not in codegen("generate", *places).out


def test_a_renamed_model_stays_an_alias(shop: Shop) -> None:
    shop.entries = [entry("acme/cat")]
    shop.pull("--all")
    codegen("rename", "acme/cat", "acme/dog", "--schemas", shop.schemas)
    before = tree(shop.schemas / "acme/cat")
    assert shop.verdicts("--all") == {"acme/dog": "deprecated"}
    assert tree(shop.schemas / "acme/cat") == before


def test_a_folder_that_holds_another_id_is_left_alone(shop: Shop) -> None:
    """On a file system that folds case, two ids share one folder."""
    shop.entries = [entry("acme/Cat")]
    shop.pull("--all")
    (shop.schemas / "acme/Cat").rename(shop.schemas / "acme/cat")
    before = tree(shop.schemas)
    shop.entries = [entry("acme/cat", '{"type": "object"}')]
    ran = shop.pull("--all", "--json")
    assert (ran.status, list(ran.json["unusable"])) == (65, ["acme/cat"])
    assert tree(shop.schemas) == before


def test_a_filtered_pull_marks_nothing(shop: Shop) -> None:
    shop.entries = [entry("acme/cat"), entry("acme/dog"), entry("other/cat")]
    shop.pull("--all")
    shop.entries = [entry("acme/dog")]
    assert shop.verdicts("--search", "dog") == {}
    assert shop.verdicts("--model", "acme/*") == {"acme/cat": "deprecated"}


def test_an_empty_catalogue_marks_nothing(shop: Shop) -> None:
    shop.entries = [entry("acme/cat")]
    shop.pull("--all")
    shop.entries = []
    ran = shop.pull("--all", "--prune")
    assert "the catalogue is empty" in ran.out
    assert (shop.schemas / "acme/cat/input.json").exists()


def test_prune_removes_what_vanished_and_nothing_else(shop: Shop) -> None:
    add(WAN, "--schemas", shop.schemas)
    shop.entries = [entry("acme/cat"), entry("acme/dog")]
    shop.pull("--all")
    (shop.schemas / "acme/cat/overrides.json").write_text("{}")
    (shop.schemas / "acme/cat/notes.txt").write_text("mine")
    shop.entries = [entry("acme/dog")]
    assert shop.verdicts("--all", "--prune") == {"acme/cat": "removed"}
    assert [path.name for path in (shop.schemas / "acme/cat").iterdir()] == ["notes.txt"]
    assert (shop.schemas / WAN_ID / "input.json").exists()


def test_an_interrupted_pull_continues_where_it_stood(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.entries = [entry(f"acme/m{i:03}") for i in range(25)]
    shop.pull("--all")
    with mock_service(catalogue=shop.entries) as shop.service:
        shutil.rmtree(shop.schemas)
        answers = iter([False, False, True])
        shop.service.fault(
            "http_403", on="catalogue", times=None, where=lambda _: next(answers, False)
        )
        ran = shop.pull("--all")
        assert ran.status == 77
        assert len(tree(shop.schemas)) == 41
        shop.service.log.clear()
        ran = shop.pull("--all")
        assert [one.query for one in shop.service.log] == [
            "include_schema=true&limit=10&offset=10",
            "include_schema=true&limit=10&offset=20",
        ]
    assert ran.out.startswith(
        "resumed at entry 11 of the catalogue; pass --restart to start over\n"
    )
    assert ran.out.endswith("models: 5 added, 10 unchanged\n")
    assert len(tree(shop.schemas)) == 50


def test_another_question_does_not_resume(shop: Shop) -> None:
    shop.entries = [entry(f"acme/m{i:03}") for i in range(15)]
    with mock_service(catalogue=shop.entries) as shop.service:
        answers = iter([False, True])
        shop.service.fault(
            "http_403", on="catalogue", times=None, where=lambda _: next(answers, False)
        )
        shop.pull("--all")
        assert "resumed" not in shop.pull("--model", "acme/*").out


def test_a_busy_service_is_retried_as_it_says(shop: Shop) -> None:
    shop.entries = [entry("acme/cat")]
    with mock_service(catalogue=shop.entries) as shop.service:
        shop.service.fault("http_429", on="catalogue")
        ran = shop.pull("--all")
        assert (ran.status, "retrying in" in ran.err) == (0, True)
        assert shop.service.count("catalogue") == 2


def test_without_a_token_nothing_is_asked(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RUNCOMFY_TOKEN")
    monkeypatch.setenv("HOME", str(shop.folder))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(shop.folder))
    ran = shop.pull("--all")
    assert ran.status == 77
    assert "token" in ran.err


def test_a_service_that_cannot_be_reached_is_for_later(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "PAGE_TIMEOUT", 1.5)
    ran = codegen("pull", "--all", "--schemas", shop.schemas, "--base-url", "http://127.0.0.1:9/")
    assert ran.status == 75
    assert not shop.schemas.exists()
    first, how, *_ = ran.err.splitlines()
    assert first.startswith("catalogue: no connection to the service; retrying in ")
    assert "Ctrl-C stops it" in how
    assert logging.getLogger("runcomfy").handlers == []


def test_hostile_facts_cannot_steer_the_terminal(shop: Shop) -> None:
    shop.entries = [
        entry("acme/\x1b[2J"),
        entry("acme/cat", base_price_usd="\x1b[2J", display_name="\ud800\r\x1b]0;x\x07"),
    ]
    shop.pull("--all")
    shop.entries = [entry("acme/cat", base_price_usd="\x9b31m")]
    ran = shop.pull("--all")
    assert all(line.isprintable() for line in ran.out.splitlines())


def test_a_pull_that_is_killed_between_pages_continues(shop: Shop) -> None:
    """The process is killed while it asks for its second page; what the first one brought is whole."""
    shop.entries = [entry(f"acme/m{i:03}") for i in range(120)]
    killed: list[subprocess.Popen[bytes]] = []

    def kill(asked: Asked) -> bool:
        if "offset=100" in asked.query and not killed[0].returncode:
            killed[0].kill()
        return False

    with mock_service(catalogue=shop.entries) as shop.service:
        shop.service.fault("http_503", on="catalogue", times=None, where=kill)
        command = [sys.executable, "-m", "runcomfy_codegen", "pull", "--all"]
        command += ["--schemas", str(shop.schemas), "--base-url", shop.service.url]
        killed.append(subprocess.Popen(command, stdout=subprocess.PIPE))
        killed[0].communicate()
        assert killed[0].returncode < 0
        shop.service.clear_faults()
        assert len(tree(shop.schemas)) == 201  # the cursor among them
        assert shop.pull("--all").out.endswith("models: 20 added, 10 unchanged\n")
    assert len(tree(shop.schemas)) == 240


@pytest.mark.slow
def test_a_team_brings_its_models_in_and_runs_one(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Settings, pull, generate: then the client and the mock know the model by its id."""
    settings = (
        '[tool.runcomfy-codegen]\nout = "src"\npackage = "team_models"\nmodels = ["acme/*"]\n'
    )
    (shop.folder / "pyproject.toml").write_text(settings)
    monkeypatch.chdir(shop.folder)
    shop.entries = [entry("acme/text-to-image"), entry("other/dog")]
    assert shop.pull().status == 0
    assert codegen("generate").status == 0
    program = (
        "import runcomfy\n"
        "from runcomfy.testing import mock_service\n"
        "runcomfy.register('team_models')\n"
        "with mock_service() as service:\n"
        "    result = service.client().run('acme/text-to-image', {'prompt': 'a hat'})\n"
        "    print(type(result.output).__name__, 'other/dog' in runcomfy.model_ids())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=shop.folder / "src",
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "TextToImageOutput False\n"), done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="folders are locked on POSIX only")
def test_two_pulls_at_once_store_every_model_whole(shop: Shop) -> None:
    ids = [f"acme/m{i}" for i in range(150)]
    with mock_service(catalogue=[entry(model_id) for model_id in ids]) as service:
        command = [sys.executable, "-m", "runcomfy_codegen", "pull", "--all"]
        command += ["--schemas", str(shop.schemas), "--base-url", service.url]
        pulls = [subprocess.Popen(command, stdout=subprocess.DEVNULL) for _ in range(2)]
        assert [one.wait() for one in pulls] == [0, 0]
    assert sorted(tree(shop.schemas)) == sorted(
        f"{model_id}/{name}" for model_id in ids for name in ("input.json", "source.json")
    )
