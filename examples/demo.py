"""The main job, end to end, without an account and without a network.

Five saved documentation pages become stored schemas, the schemas a typed package, and the package checks
payloads, the rules about files included. Everything is made afresh in ``.demo/``; ``make demo`` runs this.
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

ROOT = Path(__file__).resolve().parent.parent
DEMO = ROOT / ".demo"
WAN = "wan-ai/wan-2-6/image-to-image"


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
    pages = ROOT / "tests" / "data" / "pages"
    run("runcomfy-codegen", "add", str(pages), "--schemas", "schemas")
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


def from_payload_to_report() -> None:
    """Check payload files from the command line, with pictures behind the URLs."""
    heading("4. Payload files are checked offline, pictures included")
    example = json.loads((DEMO / "schemas" / WAN / "example.json").read_text(encoding="utf-8"))
    first, second = example["image_urls"]
    (DEMO / "payload.json").write_text(json.dumps(example, indent=2), encoding="utf-8")
    (DEMO / "good.png").write_bytes(png(1024, 768))
    (DEMO / "tiny.png").write_bytes(png(320, 384))
    validate = ("runcomfy-py", "validate", WAN, "payload.json")
    run(*validate)
    run(*validate, "--file", f"{first}=good.png", "--file", f"{second}=good.png")
    run(*validate, "--file", f"{first}=good.png", "--file", f"{second}=tiny.png", expect=65)


def main() -> None:
    """Run the whole demo in a clean folder."""
    shutil.rmtree(DEMO, ignore_errors=True)
    DEMO.mkdir()
    from_pages_to_package()
    from_package_to_payload()
    from_payload_to_report()
    print("\nThe demo's files are in .demo/. Next: README.md, 'Use it'.")


if __name__ == "__main__":
    main()
