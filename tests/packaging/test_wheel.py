"""The wheel as users install it: built from the sources, in clean virtual environments."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "tests" / "data" / "pages" / "004_eb4463ef641a81c2.txt"
WAN = "wan-ai/wan-2-6/image-to-image"

# The environments are made once, so the tests of this file share a worker.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("packaging")]


def run(*command: str | Path, cwd: Path, expect: int = 0) -> str:
    clean = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=clean,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == expect, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT, cwd=folder)
    # Built through the source archive, so that the archive is proved complete as well.
    assert list(folder.glob("*.tar.gz"))
    (built,) = folder.glob("*.whl")
    return built


def environment(folder: Path, wheel: Path, extras: str = "") -> Path:
    run(sys.executable, "-m", "venv", folder / "venv", cwd=folder)
    python = folder / "venv" / "bin" / "python"
    run(python, "-m", "pip", "install", "--quiet", f"{wheel}{extras}", cwd=folder)
    return python


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Path:
    """A Python with the wheel and what it requires, without extras."""
    return environment(tmp_path_factory.mktemp("bare"), wheel)


@pytest.fixture(scope="module")
def codegen(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Path:
    """A Python with ``runcomfy[codegen]``."""
    return environment(tmp_path_factory.mktemp("codegen"), wheel, "[codegen]")


def test_top_level_names_are_exactly_the_three_packages(wheel: Path) -> None:
    names = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {name for name in names if not name.endswith(".dist-info")} == {
        "runcomfy",
        "runcomfy_codegen",
        "runcomfy_models",
    }


def test_templates_and_type_markers_are_inside(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    templates = {
        path.relative_to(ROOT).as_posix() for path in (ROOT / "templates").rglob("*.jinja*")
    }
    assert {f"runcomfy_codegen/{name}" for name in templates} <= names
    assert {f"{p}/py.typed" for p in ("runcomfy", "runcomfy_codegen", "runcomfy_models")} <= names
    assert not [name for name in names if "__pycache__" in name]


def test_without_extras_only_httpx_is_installed_with_what_it_looks_for(
    bare: Path, tmp_path: Path
) -> None:
    shown = run(bare, "-m", "pip", "list", "--format=json", cwd=tmp_path)
    installed = {entry["name"] for entry in json.loads(shown.splitlines()[0])}
    of_httpx = {
        "anyio",
        "certifi",
        "h11",
        "httpcore",
        "httpx",
        "idna",
        "sniffio",
        "typing_extensions",
    }
    # httpcore looks for sniffio in every call, which takes time where it is missing.
    assert (
        {"httpx", "runcomfy", "sniffio"}
        <= installed
        <= {"pip", "runcomfy", "setuptools", *of_httpx}
    )


def test_validation_works_without_extras(bare: Path, tmp_path: Path) -> None:
    program = (
        "import runcomfy\n"
        "from runcomfy_models.wan_ai import Wan2_6ImageToImage as Wan\n"
        "assert runcomfy.validate(Wan.model_id, Wan.example().payload()).valid\n"
        "assert Wan.input_schema()['required'] == ['prompt', 'image_urls']\n"
        "print(runcomfy.validate(Wan, {'prompt': 1}).errors)\n"
    )
    assert "/prompt" in run(bare, "-W", "error", "-c", program, cwd=tmp_path)


def test_a_missing_extra_is_named_by_the_commands(bare: Path, tmp_path: Path) -> None:
    done = run(bare.with_name("runcomfy-py"), "validate", WAN, "x.json", cwd=tmp_path, expect=64)
    assert "runcomfy[cli]" in done
    assert "Traceback" not in done
    done = run(bare.with_name("runcomfy-codegen"), "generate", cwd=tmp_path, expect=64)
    assert "runcomfy[codegen]" in done
    assert "Traceback" not in done


def test_the_generator_works_in_an_empty_folder(codegen: Path, tmp_path: Path) -> None:
    command = codegen.with_name("runcomfy-codegen")
    run(command, "add", PAGE, cwd=tmp_path)
    run(command, "generate", "--out", "src", "--package", "my_models", cwd=tmp_path)
    run(command, "docs", "--out", "docs", cwd=tmp_path)
    assert (tmp_path / "docs/models.js").exists()
    for form in ("openapi", "jsonschema", "typescript"):
        assert WAN in run(command, "export", form, cwd=tmp_path)
    assert "No differences." in run(command, "diff", "schemas", "schemas", cwd=tmp_path)
    program = (
        "import sys; sys.path.insert(0, 'src')\n"
        "import runcomfy\n"
        "from my_models.wan_ai import Wan2_6ImageToImage as Wan\n"
        "runcomfy.register('my_models')\n"
        f"assert runcomfy.validate({WAN!r}, Wan.example().payload()).valid\n"
        "print(Wan.__module__)\n"
    )
    assert "my_models.wan_ai" in run(codegen, "-W", "error", "-c", program, cwd=tmp_path)


def test_the_installed_generator_writes_the_bundled_package(codegen: Path, tmp_path: Path) -> None:
    """Schemas and templates from the wheel give the bytes that the checkout gives."""
    command = codegen.with_name("runcomfy-codegen")
    done = run(
        command,
        "generate",
        "--check",
        "--schemas",
        ROOT / "schemas",
        "--out",
        ROOT / "generated",
        cwd=tmp_path,
    )
    assert "No drift" in done
