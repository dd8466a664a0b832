"""Remote files: what is read of a large picture, and many pictures at once."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from PIL import Image

from runcomfy.media.remote import RemoteLimits, probe_urls

from .measure import Figure, Table, ratio, times
from .range_server import Counts, serve

__all__ = ["PEERS", "run", "write_pictures"]

PEERS = ("httpx", "httpcore", "h11", "pillow")
PICTURES, SERIAL, ROUNDS = 1_000, 100, 7
SIZE = 10 * 10**6
SMALL = "small.jpg"


def write_pictures(folder: Path) -> dict[str, tuple[int, int]]:
    """Pictures of 10 MB and more, and what their width and height are."""
    chance = random.Random(7)  # noqa: S311 — the same pictures in every run, nothing secret
    noise = Image.frombytes("RGB", (1900, 1900), chance.randbytes(3 * 1900**2))
    noise.save(folder / "plain.png", compress_level=0)
    noise.save(folder / "plain.webp", lossless=True, quality=0, method=0)
    noise.resize((1700, 1700)).save(folder / "plain.jpg", quality=100, subsampling=0)
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees
    exif[0x927C] = b"\0" * 64_000  # a maker's note, as large as there is room for
    wide = noise.resize((1750, 1690))
    wide.save(folder / "large_exif.jpg", quality=100, subsampling=0, exif=exif.tobytes())
    noise.resize((640, 480)).save(folder / SMALL, quality=90)
    return {
        "plain.png": (1900, 1900),
        "plain.webp": (1900, 1900),
        "plain.jpg": (1700, 1700),
        "large_exif.jpg": (1690, 1750),
    }


def large(folder: Path, server: Counts, shown: dict[str, tuple[int, int]]) -> list[Figure]:
    """Requests and kilobytes for each of the large pictures."""
    limits = RemoteLimits(allow=[server.url.removeprefix("http://")])
    figures = []
    for name, measures in shown.items():
        size = (folder / name).stat().st_size
        assert size >= SIZE, f"{name} has {size:,} bytes only"
        server.take()
        (info,) = probe_urls([f"{server.url}/{name}"], limits).values()
        assert (info.size, info.width, info.height) == (size, *measures), info
        counts = server.take()
        what = f"{name}, {size / 10**6:.0f} MB"
        figures += [
            Figure(f"{what}: read", counts["bytes"] / 1024, "KB", 64),
            Figure(f"{what}: requests", counts["requests"], "", 2),
        ]
    return figures


def many(server: Counts) -> Figure:
    """A thousand pictures at once, against one after the other over one connection."""
    urls = [f"{server.url}/{SMALL}/{number}" for number in range(PICTURES)]
    allow = [server.url.removeprefix("http://")]
    at_once = RemoteLimits(allow=allow, timeout=120)
    in_turn = RemoteLimits(allow=allow, timeout=120, concurrency=1)
    found = probe_urls(urls, at_once)
    assert {(info.width, info.height) for info in found.values()} == {(640, 480)}
    taken = times(
        {
            "at once": partial(probe_urls, urls, at_once),
            "in turn": partial(probe_urls, urls[:SERIAL], in_turn),
        },
        ROUNDS,
    )
    serial = [seconds * PICTURES / SERIAL for seconds in taken["in turn"]]
    what = f"{PICTURES:,} pictures, 20 ms each: at once / in turn (from {SERIAL} of them)"
    return Figure(what, ratio(taken["at once"], serial), "x", 1 / 20)


def run() -> Iterator[Table]:
    """Measure."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shown = write_pictures(folder)
        with serve(folder) as server:
            yield Table("Remote files", [*large(folder, server, shown), many(server)])
