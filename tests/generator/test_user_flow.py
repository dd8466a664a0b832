"""The whole way in a user's own folder: a page, a package, and programs that use it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from runcomfy.errors import IncompatiblePackage
from runcomfy.model import FORMAT, require_format
from runcomfy_codegen.package.index import TYPED_MODELS
from support.generate import run, text_schema
from support.ingest import WAN
from support.small_models import load, make, store

MODEL_ID = "wan-ai/wan-2-6/image-to-image"
ROOT = Path(__file__).parents[2]
RUNTIME = ROOT / "runtime"


def _python(folder: Path, script: str, *flags: str) -> subprocess.CompletedProcess[str]:
    """Run a program of the user's, in the user's folder, where warnings are errors."""
    command = [sys.executable, "-W", "error", "-I", *flags, "-c"]
    start = "import sys; sys.path.insert(0, 'src')\n"
    return subprocess.run(
        [*command, start + script], cwd=folder, capture_output=True, text=True, check=False
    )


def _said(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty folder, after ``add`` and ``generate``."""
    folder = tmp_path_factory.mktemp("project")
    command = [sys.executable, "-m", "runcomfy_codegen"]
    for arguments in (["add", str(WAN)], ["generate", "--out", "src", "--package", "my_models"]):
        done = subprocess.run([*command, *arguments], cwd=folder, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
    return folder


def test_the_folder_holds_schemas_and_the_package(project: Path) -> None:
    assert sorted(path.name for path in project.iterdir()) == ["schemas", "src"]
    assert [path.name for path in (project / "src").iterdir()] == ["my_models"]


def test_the_package_imports_and_validates(project: Path) -> None:
    script = """
from my_models.wan_ai import Wan2_6ImageToImage
from runcomfy import ValidationError
print(Wan2_6ImageToImage(prompt="a cat", image_urls=["https://example.com/cat.png"]).payload())
try:
    Wan2_6ImageToImage(prompt="a cat", image_urls=[], seed=-1)
except ValidationError as error:
    print([violation.pointer for violation in error.violations])
"""
    assert _said(_python(project, script)).split("\n") == [
        "{'prompt': 'a cat', 'image_urls': ['https://example.com/cat.png']}",
        "['/image_urls', '/seed']",
    ]


USE = """
import runcomfy
report = runcomfy.validate({model_id!r}, {{"prompt": 1, "image_urls": []}})
print([str(violation) for violation in report.errors], runcomfy.model_ids(), sep="\\n")
from runcomfy.model.registry import find_model
print(find_model({model_id!r}).__module__)
"""
HOME = "my_models.wan_ai.wan_2_6_image_to_image"


def test_a_registered_package_is_asked_first(project: Path) -> None:
    script = "import runcomfy; runcomfy.register('my_models')" + USE.format(model_id=MODEL_ID)
    errors, ids, module = _said(_python(project, script)).split("\n")
    assert "/image_urls: must have at least 1 item" in errors
    assert MODEL_ID in ids
    assert module == HOME


@pytest.mark.parametrize(
    ("package", "words"),
    [
        ("no_models", "there is no package 'no_models' to import"),
        ("no.models", "there is no package 'no.models' to import"),
        ("json", "'json' was not made by 'runcomfy-codegen generate --package'"),
    ],
)
def test_what_is_no_generated_package_cannot_be_registered(
    project: Path, package: str, words: str
) -> None:
    done = _python(project, f"import runcomfy; runcomfy.register({package!r})")
    assert words in done.stderr


def test_a_package_that_a_distribution_announces_is_found(project: Path, tmp_path: Path) -> None:
    """An id that the bundled package does not have, from a distribution that was installed."""
    mine = "my-company/my-model"
    schemas = project / "schemas" / MODEL_ID
    target = tmp_path / "schemas" / mine
    target.mkdir(parents=True)
    (target / "input.json").write_bytes((schemas / "input.json").read_bytes())
    command = [sys.executable, "-m", "runcomfy_codegen", "generate", "--out", "src"]
    subprocess.run(
        [*command, "--package", "announced"], cwd=tmp_path, check=True, capture_output=True
    )
    info = tmp_path / "src" / "announced-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: announced\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[runcomfy.models]\nmine = announced\n")
    _, ids, module = _said(_python(tmp_path, USE.format(model_id=mine))).split("\n")
    assert mine in ids
    assert MODEL_ID in ids
    assert module == "announced.my_company.my_model"


GOOD = """
from my_models.wan_ai import Wan2_6ImageToImage

request = Wan2_6ImageToImage(prompt="a cat", image_urls=["https://example.com/cat.png"], seed=7)
reveal_type(request.seed)
"""
BAD = GOOD + 'Wan2_6ImageToImage(prompt=1, image_urls=[], image_size="huge")\n'


@pytest.mark.slow
def test_the_package_type_checks_with_mypy(project: Path) -> None:
    path = f"{project / 'src'}:{RUNTIME}"
    for name, source, status in (("good", GOOD, 0), ("bad", BAD, 1)):
        (project / f"{name}.py").write_text(source)
        command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", f"{name}.py"]
        command += ["--cache-dir", str(project / ".mypy_cache")]
        done = subprocess.run(
            command,
            cwd=project,
            env={"MYPYPATH": path},
            capture_output=True,
            text=True,
            check=False,
        )
        (project / f"{name}.py").unlink()
        assert done.returncode == status, done.stdout
        assert re.search(r'Revealed type is "(builtins\.)?int \| [\w.]*Unset"', done.stdout)
    assert done.stdout.count("error:") == 2


def test_the_package_type_checks_with_pyright(project: Path) -> None:
    settings = {
        "include": ["program.py"],
        "extraPaths": ["src", str(RUNTIME)],
        "typeCheckingMode": "strict",
    }
    (project / "program.py").write_text(BAD)
    (project / "pyrightconfig.json").write_text(json.dumps(settings))
    command = [sys.executable, "-m", "pyright", "--outputjson"]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    (project / "program.py").unlink()
    (project / "pyrightconfig.json").unlink()
    found = [
        (d["severity"], d["message"].split("\n")[0])
        for d in json.loads(done.stdout)["generalDiagnostics"]
    ]
    assert ("information", 'Type of "request.seed" is "int | Unset"') in found
    assert [severity for severity, _ in found].count("error") == 2


@pytest.mark.parametrize(
    ("written", "advice"),
    [
        ((FORMAT[0] - 1, 0), "generate' again"),
        ((FORMAT[0] + 1, 0), "pip install -U runcomfy"),
        ((FORMAT[0], FORMAT[1] + 1), "pip install -U runcomfy"),
    ],
)
def test_a_package_in_another_format_is_refused_at_import(
    project: Path, tmp_path: Path, written: tuple[int, int], advice: str
) -> None:
    init = (project / "src/my_models/__init__.py").read_text()
    package = tmp_path / "src" / "old_models"
    package.mkdir(parents=True)
    today, other = (f"__name__, {major}, {minor})" for major, minor in (FORMAT, written))
    assert today in init
    (package / "__init__.py").write_text(init.replace(today, other))
    done = _python(tmp_path, "import old_models.wan_ai")
    last = done.stderr.strip().split("\n")[-1]
    assert f"The generated package old_models is in format {written[0]}.{written[1]}" in last
    assert advice in last


def test_a_package_of_an_older_minor_format_imports(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("runcomfy.model.FORMAT", (FORMAT[0], FORMAT[1] + 1))
    require_format("my_models", *FORMAT)


def test_the_report_names_the_classes_that_were_written_and_of_many_the_first(
    tmp_path: Path,
) -> None:
    for number in range(25):
        store(tmp_path / "schemas", f"acme/model-{number:02}", text_schema("prompt"))
    told = run(tmp_path).out
    assert "acme/model-03: written as acme.Model03\n" in told
    assert "… and 5 more\n" in told
    assert "written as" not in run(tmp_path).out
    assert "written as" not in run(tmp_path, "--check").out


def test_a_package_with_the_name_of_ours_is_noted(tmp_path: Path) -> None:
    store(tmp_path / "schemas", "acme/one", text_schema("prompt"))
    told = run(tmp_path, "--package", "runcomfy_models")
    assert "give yours a name of its own: --package my_models" in told.err
    assert run(tmp_path).err == ""


def test_tab_completion_sees_the_classes_of_an_owner(tmp_path: Path) -> None:
    make(tmp_path, {"acme/one": text_schema("prompt")})
    assert dir(load(tmp_path, "made_models.acme")) == ["One", "OneOutput"]


def test_a_package_that_lost_a_module_says_how_it_comes_back(tmp_path: Path) -> None:
    make(tmp_path, {"acme/one": text_schema("prompt"), "acme/two": text_schema("prompt")})
    (tmp_path / "out/made_models/acme/one.py").unlink()
    acme = load(tmp_path, "made_models.acme")
    assert acme.Two.model_id == "acme/two"
    with pytest.raises(IncompatiblePackage, match=r"made_models lacks its module .*acme\.one: run"):
        acme.One  # noqa: B018  # looking is what fails


def test_of_a_large_owner_type_checkers_see_the_modules_alone(tmp_path: Path) -> None:
    """A checker reads every module that a subpackage names, to know one class."""
    models = {f"acme/model-{number}": text_schema("prompt") for number in range(TYPED_MODELS)}
    make(tmp_path, models)
    subpackage = tmp_path / "out/made_models/acme/__init__.py"
    assert "from .model_7 import Model7" in subpackage.read_text()
    make(tmp_path, {"acme/one-more": text_schema("prompt")})
    assert "import Model7" not in subpackage.read_text()
    acme = load(tmp_path, "made_models.acme")
    assert acme.Model7.model_id == "acme/model-7"
    assert set(acme.__all__) == set(dir(acme))
    with pytest.raises(AttributeError, match="has no attribute 'Mod'"):
        acme.Mod  # noqa: B018  # likewise


@pytest.mark.slow
@pytest.mark.parametrize("checker", ["mypy", "pyright"])
def test_a_type_checker_reads_one_module_of_a_large_owner(tmp_path: Path, checker: str) -> None:
    """The others hold what no checker takes, and nobody complains."""
    models = {f"acme/model-{number}": text_schema("prompt") for number in range(TYPED_MODELS + 1)}
    make(tmp_path, models)
    for module in (tmp_path / "out/made_models/acme").glob("model_*.py"):
        if module.name != "model_7.py":
            module.write_text("this is no Python\n")
    program = tmp_path / "program.py"
    program.write_text(
        "from made_models.acme.model_7 import Model7\nreveal_type(Model7(prompt='a').prompt)\n"
    )
    path = f"{tmp_path / 'out'}:{RUNTIME}"
    flags = ["--strict", "--config-file=", "--cache-dir", str(tmp_path / "cache")]
    done = subprocess.run(
        [sys.executable, "-m", checker, *(flags if checker == "mypy" else []), str(program)],
        cwd=tmp_path,
        env={**os.environ, "MYPYPATH": path, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Unset" in done.stdout, done.stdout
    assert done.returncode == 0, done.stdout
