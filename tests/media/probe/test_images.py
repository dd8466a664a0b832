"""The facts of pictures, over a table of real small files, good ones and damaged ones."""

from __future__ import annotations

import warnings
from io import BytesIO
from pathlib import Path
from typing import Any

import imagesize  # type: ignore[import-untyped]  # it ships no annotations
import pytest
from PIL import Image

from runcomfy.media.probe import MediaInfo, probe
from support.made_pictures import PICTURES

FACTS = ("kind", "format", "width", "height", "orientation", "duration", "frame_rate")


def hold(info: MediaInfo, content: bytes, expected: dict[str, object]) -> None:
    """Hold facts against those of the table, where a part of the reason stands."""
    found = info.as_dict()
    assert found.pop("size") == len(content)
    told = str(found.pop("reason", ""))
    reason = str(expected.get("reason", ""))
    # A fact that the table does not know of is tested elsewhere.
    found = {name: found[name] for name in FACTS if name in found}
    assert found == {name: value for name, value in expected.items() if name != "reason"}
    assert reason in told
    assert bool(told) == ("reason" in expected)


def test_the_table_is_long_enough() -> None:
    assert len(PICTURES) >= 120


@pytest.mark.parametrize("name", PICTURES)
def test_each_image_has_the_facts_of_the_table(name: str, tmp_path: Path) -> None:
    made, expected = PICTURES[name]
    content = made()
    path = tmp_path / "file"
    path.write_bytes(content)
    hold(probe(path), content, expected)
    hold(probe(content), content, expected)
    file = BytesIO(content)
    file.seek(3)
    hold(probe(file), content, expected)
    assert file.tell() == 3


@pytest.mark.parametrize("name", [name for name in PICTURES if "width" in PICTURES[name][1]])
def test_pillow_sees_the_same_image_where_it_sees_one(name: str) -> None:
    made, expected = PICTURES[name]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about those that are damaged
            with Image.open(BytesIO(made())) as image:
                seen = image.size
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        seen = None
    # Pillow tells the size before a turn, but for TIFF.
    turned = expected.get("orientation", 1) > 4 and expected["format"] != "tiff"
    told = (
        (expected["height"], expected["width"])
        if turned
        else (expected["width"], expected["height"])
    )
    assert seen in (None, told)


#: What imagesize 2.0.1 takes for something else.
MISREAD = {
    "gif 65535 wide": "numbers without a sign",
    "webp scaled by its first bits": "a scale beside the width",
    "bmp of OS/2": "numbers of two bytes",
}


@pytest.mark.parametrize("name", [name for name in PICTURES if "width" in PICTURES[name][1]])
def test_imagesize_sees_the_same_image_where_it_sees_one(name: str) -> None:
    made, expected = PICTURES[name]
    seen = imagesize.get(BytesIO(made()), exif_rotation=False)
    if seen != (-1, -1):
        assert (seen in turns(expected)) == (name not in MISREAD)


def turns(expected: dict[str, Any]) -> list[tuple[int, int]]:
    """The size as shown, and for one that is turned, as stored."""
    size = expected["width"], expected["height"]
    return [size, size[::-1]] if expected.get("orientation", 1) > 4 else [size]
