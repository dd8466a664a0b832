"""The main job, end to end, without an account and without a network.

Five saved documentation pages become stored schemas, the schemas a typed package, the package checks
payloads, the rules about files included, the pages' examples are run at a mock of the service in this process, and
a batch is killed and goes on. Everything is made afresh in ``.demo/``; ``make demo`` runs this.
"""

from __future__ import annotations

import filecmp
import importlib
import json
import shutil
import struct
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
DEMO = ROOT / ".demo"
PAGES = ROOT / "tests" / "data" / "pages"
WAN = "wan-ai/wan-2-6/image-to-image"
EDIT = "openai/gpt-image-2/edit"
URL = "https://example.com/picture.png"


def run(*arguments: str, expect: int = 0) -> None:
    """Show a command, run it in the demo's folder, and hold it to its exit status."""
    print(f"\n$ {' '.join(arguments)}", flush=True)
    program = Path(sys.executable).with_name(arguments[0])
    done = subprocess.run([str(program), *arguments[1:]], cwd=DEMO, check=False)
    print(f"(exit status {done.returncode})", flush=True)
    if done.returncode != expect:
        sys.exit(f"demo: expected exit status {expect}")


def png(width: int, height: int) -> bytes:
    """A real one-colour PNG picture."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        checksum = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress((b"\0" + b"\x80" * width) * height)
    return b"".join(
        [b"\x89PNG\r\n\x1a\n", chunk(b"IHDR", header), chunk(b"IDAT", rows), chunk(b"IEND", b"")]
    )


def heading(text: str) -> None:
    """Announce a step."""
    print(f"\n== {text}", flush=True)


def from_pages_to_package() -> None:
    """Take the five pages in, and generate the package twice."""
    heading("1. Five saved pages become stored schemas, verbatim")
    run("runcomfy-codegen", "add", str(PAGES), "--schemas", "schemas")
    shutil.copy(
        ROOT / "schemas/openai/gpt-image-2/edit/overrides.json",
        DEMO / "schemas/openai/gpt-image-2/edit",
    )

    heading("2. The schemas become a typed package; a second run finds nothing to do")
    generate = ("runcomfy-codegen", "generate", "--out", "generated")
    run(*generate)
    run(*generate)
    same = not compare(DEMO / "generated/runcomfy_models", ROOT / "generated/runcomfy_models")
    print(f"Byte for byte the package that this repository holds: {'yes' if same else 'NO'}")
    if not same:
        sys.exit("demo: the generated package is not the committed one")


def compare(one: Path, other: Path) -> list[str]:
    """The names of files that differ between two folders."""
    found = filecmp.dircmp(one, other, ignore=["__pycache__"])
    differing = found.left_only + found.right_only + found.diff_files
    return differing + [
        name for part in found.common_dirs for name in compare(one / part, other / part)
    ]


def from_package_to_payload() -> None:
    """Use a generated class as a program would."""
    heading("3. A program uses the package")
    sys.path.insert(0, str(DEMO / "generated"))
    from runcomfy import ValidationError

    wan = importlib.import_module("runcomfy_models.wan_ai")
    print("The page's own example, as a request:")
    print(f"  {wan.Wan2_6ImageToImage.example()!r}")
    print("A request with three mistakes is refused once, with all three:")
    try:
        wan.Wan2_6ImageToImage(
            prompt="two monsters on the radio", image_urls=[], seed=-1, size="big"
        )
    except ValidationError as error:
        print("  " + str(error).replace("\n", "\n  "))


def examples() -> dict[str, dict[str, Any]]:
    """The stored example payload of each model."""
    schemas = DEMO / "schemas"
    return {
        file.parent.relative_to(schemas).as_posix(): json.loads(file.read_text(encoding="utf-8"))
        for file in sorted(schemas.rglob("example.json"))
    }


def from_payload_to_report() -> None:
    """Check the pages' examples, broken payloads, and a payload file from the command line."""
    heading("4. Payloads are checked offline, the files behind their URLs included")
    import runcomfy
    from runcomfy_codegen.ingest.sources import gather_sources

    print("Each page's own example:")
    for page in gather_sources([str(PAGES)], None).pages:
        report = runcomfy.validate(page.model_id, json.loads(page.example or "null"))
        if not report.valid:
            sys.exit(f"demo: the example of {page.document.name} is not valid: {report}")
        print(f"  {report.summary():<32} {page.model_id}, in {page.document.name}")

    print("Six broken payloads, two of them by what their pictures are:")
    for what, model_id, payload, picture in broken_payloads():
        files = {URL: picture} if picture else None
        report = runcomfy.validate(model_id, payload, files=files)
        if report.valid:
            sys.exit(f"demo: {what} was not found")
        print(f"  {what}:\n    {report.errors[0]}")

    first, second = examples()[WAN]["image_urls"]
    (DEMO / "payload.json").write_text(json.dumps(examples()[WAN], indent=2), encoding="utf-8")
    (DEMO / "good.png").write_bytes(png(1024, 768))
    (DEMO / "tiny.png").write_bytes(png(320, 400))
    validate = ("runcomfy-py", "validate", WAN, "payload.json", "--file", f"{first}=good.png")
    run(*validate, "--file", f"{second}=good.png")
    run(*validate, "--file", f"{second}=tiny.png", expect=65)


def broken_payloads() -> list[tuple[str, str, dict[str, Any], bytes | None]]:
    """What is wrong, the model, the payload, and the picture behind its URL."""
    edit = {"prompt": "add a hat", "images": [URL]}
    radio = {"prompt": "two monsters on the radio", "image_urls": [URL]}
    return [
        ("a missing prompt", "openai/gpt-image-1-5/text-to-image", {"quality": "low"}, None),
        ("a value that is not offered", EDIT, {**edit, "quality": "best"}, None),
        ("too many pictures", EDIT, {**edit, "images": [URL] * 11}, None),
        ("a seed out of range", WAN, {**radio, "seed": 2**31}, None),
        ("a picture that is too narrow", WAN, radio, png(383, 800)),
        ("a picture that is too large", WAN, radio, png(800, 800) + bytes(11_000_000)),
    ]


def from_payload_to_pictures() -> None:
    """Run the pages' examples at the mock service, and save what it makes."""
    heading("5. The examples are run, at a mock of the service in this process")
    from runcomfy import Status
    from runcomfy.testing import mock_service

    def follow(status: Status) -> None:
        place = "" if status.queue_position is None else f", position {status.queue_position}"
        print(f"    {status.state}{place}", flush=True)

    with (
        mock_service(polls_in_queue=2) as service,
        service.client() as client,
    ):
        for model_id, payload in examples().items():
            print(f"  {model_id}", flush=True)
            result = client.run(model_id, payload, timeout=60, on_status=follow)
            for path in result.save(DEMO / "out"):
                size = path.stat().st_size
                print(f"    saved {path.relative_to(ROOT)}, {size:,} bytes; cost {result.cost} USD")
        print(f"  The service took {service.accepted} requests.")


def a_batch_that_is_killed() -> None:
    """Run eight rows from the command line, kill the command, and start it again."""
    heading("6. A batch of eight rows is killed, and goes on where it was")
    import os

    from runcomfy.testing import mock_service

    animals = ("cat", "dog", "owl", "fox", "hen", "pig", "yak", "bee")
    table = "key,animal\n" + "".join(f"{animal}-hat,{animal}\n" for animal in animals)
    (DEMO / "hats.csv").write_text(table, encoding="utf-8")
    program = str(Path(sys.executable).with_name("runcomfy-py"))
    command = ["batch", "openai/gpt-image-1-5/text-to-image", "hats.csv", "--out", "hats"]
    command += ["--template", "prompt=a {animal} with a hat", "--jobs", "2", "--max-cost", "1"]
    with mock_service(queue_seconds=0.1, run_seconds=0.2, concurrency=2) as service:
        settings = {
            **os.environ,
            "RUNCOMFY_BASE_URL": service.url,
            "RUNCOMFY_TOKEN": "any-token",
            "XDG_STATE_HOME": str(DEMO / "state"),
        }
        print(f"\n$ runcomfy-py {' '.join(command)}", flush=True)
        running = subprocess.Popen([program, *command], cwd=DEMO, env=settings)
        while service.count("download") < 3 and running.poll() is None:
            pass
        running.kill()
        running.wait()
        print(f"Killed; the service has taken {service.accepted} requests. The same command again:")
        done = subprocess.run([program, *command], cwd=DEMO, env=settings, check=False)
        # A submit that the kill caught in flight is unknown, is listed, and is never sent again by itself.
        if done.returncode not in (0, 76) or service.accepted > len(animals):
            sys.exit(f"demo: the batch ended with {done.returncode}, {service.accepted} requests")
        print(
            f"  The service took {service.accepted} requests for {len(animals)} rows.", flush=True
        )
    run("runcomfy-py", "gallery", "hats", "--title", "Hats")


def main() -> None:
    """Run the whole demo in a clean folder."""
    shutil.rmtree(DEMO, ignore_errors=True)
    DEMO.mkdir()
    from_pages_to_package()
    from_package_to_payload()
    from_payload_to_report()
    from_payload_to_pictures()
    a_batch_that_is_killed()
    print("\nThe demo's files are in .demo/. Next: README.md, 'Use it'.")


if __name__ == "__main__":
    main()
