"""Local files: dimensions from a header beside the fastest header readers, and the rules of a model."""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import imagesize  # type: ignore[import-untyped]  # it ships no annotations
from PIL import Image

from runcomfy import validate
from runcomfy.media.probe import probe

from .measure import Figure, Table, ratio, times

__all__ = ["PEERS", "run"]

PEERS = ("imagesize", "pillow")
ROUNDS, NUMBER = 41, 200
MODEL = "wan-ai/wan-2-6/image-to-image"
SIZE = (1500, 1000)
#: File -> Pillow's name of its format. imagesize does not read what is turned in an AVIF, so none is.
KINDS = {
    "photo.png": "PNG",
    "photo.jpg": "JPEG",
    "photo.webp": "WEBP",
    "photo.gif": "GIF",
    "photo.avif": "AVIF",
    "photo.tiff": "TIFF",
    "photo.bmp": "BMP",
}


def write_pictures(folder: Path) -> None:
    """The same noise in every format; the JPEG has EXIF data, as photos have."""
    noise = Image.effect_noise(SIZE, 80).convert("RGB")
    exif = Image.Exif()
    exif[0x0112] = 1
    exif[0x927C] = b"\0" * 20_000
    for name, kind in KINDS.items():
        noise.save(folder / name, kind, **({"exif": exif} if kind == "JPEG" else {}))


def _by_pillow(path: str) -> tuple[int, int]:
    with Image.open(path) as image:
        return image.size


def _dimensions(folder: Path) -> list[Figure]:
    figures = []
    for name, kind in KINDS.items():
        path = str(folder / name)
        subjects: dict[str, Callable[[], object]] = {
            "ours": partial(probe, path),
            "imagesize": partial(imagesize.get, path),
            "pillow": partial(_by_pillow, path),
        }
        info = probe(path)
        assert (info.width, info.height) == imagesize.get(path) == _by_pillow(path) == SIZE
        taken = times(subjects, ROUNDS, NUMBER if kind != "WEBP" else NUMBER // 10)
        fastest = min(("imagesize", "pillow"), key=lambda peer: statistics.median(taken[peer]))
        what = f"{kind}: ours / {fastest}, the fastest"
        figures.append(Figure(what, ratio(taken["ours"], taken[fastest]), "x", 1.5))
    return figures


def _rules(folder: Path) -> Figure:
    files = {f"https://example.com/{name}": str(folder / name) for name in [*KINDS][:3]}
    payload = {"prompt": "two monsters", "image_urls": [*files]}
    report = validate(MODEL, payload, files=files)
    assert [len(file.held) for file in report.files] == [5, 5, 5], report
    taken = times({"ours": partial(validate, MODEL, payload, files=files)}, ROUNDS, 20)
    milliseconds = statistics.median(taken["ours"]) / 20 * 1000
    return Figure(f"every file rule of {MODEL} over three pictures", milliseconds, "ms", 1)


def run() -> Iterator[Table]:
    """Dimensions by format, and the rules of a model over three pictures."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_pictures(folder)
        yield Table("Local files", [*_dimensions(folder), _rules(folder)])
