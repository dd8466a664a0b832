"""Images with a text on them."""

from __future__ import annotations

import colorsys
import io
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING

from runcomfy.errors import MissingExtra

try:
    from PIL import Image, ImageDraw, ImageFont
except ImportError as error:
    raise MissingExtra("creating images for the mock service", "mock") from error

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont

    Font = FreeTypeFont | ImageFont.ImageFont

__all__ = ["colour", "draw", "encode"]

#: More of a text than this is not drawn.
_LONGEST = 1500
#: The encoder options of each format, chosen for speed.
_WRITTEN: dict[str, dict[str, int]] = {
    "png": {"compress_level": 1},
    "jpeg": {"quality": 85},
    "webp": {"quality": 80, "method": 0},
}

#: Characters without a decomposition -> what is drawn instead.
_PLAIN = {"ß": "ss", "ẞ": "SS", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O"} | {
    "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ı": "i", "þ": "th", "ð": "d", "–": "-", "—": "-", "‑": "-", "„": '"', "‚": "'"
}  # fmt: skip
#: A code point that no font has, and the size in which letters are compared with its box.
_NO_CHARACTER, _PROBED = "\uffff", 20

RGB = tuple[int, int, int]


def draw(
    size: tuple[int, int], title: str, text: str, notes: str, hue: float, *, transparent: bool
) -> Image.Image:
    """An image of that size in pixels: the text, below its title and above the notes."""
    background = (0, 0, 0, 0) if transparent else colour(hue, 0.2)
    image = Image.new("RGBA" if transparent else "RGB", size, background)
    pen = ImageDraw.Draw(image)
    width, height = size
    ink, faint = (
        ((30, 30, 30), colour(hue, 0.45)) if transparent else ((255, 255, 255), colour(hue, 0.75))
    )
    unit = max(min(size) // 24, 6)
    margin = unit
    pen.rectangle((0, 0, width - 1, height - 1), outline=colour(hue, 0.6), width=max(unit // 4, 1))
    small = _font(unit)
    below = _write(pen, title, (margin, margin), width - 2 * margin, 2 * unit, small, faint)
    foot = min(height // 4, 4 * unit)
    room = height - below - foot - 2 * margin
    large = _fitting(text, width - 2 * margin, room, unit)
    _write(pen, text, (margin, below + margin), width - 2 * margin, room, large, ink)
    _write(pen, notes, (margin, height - foot), width - 2 * margin, foot - margin, small, faint)
    return image


def encode(image: Image.Image, format: str) -> bytes:  # noqa: A002  # the word of the inputs
    """The image as a file of that format: ``png``, ``jpeg`` or ``webp``."""
    file = io.BytesIO()
    if format == "jpeg":
        image = image.convert("RGB")
    image.save(file, format, **_WRITTEN[format])
    return file.getvalue()


def colour(hue: float, lightness: float) -> RGB:
    """A colour; ``hue`` and ``lightness`` go from 0 to 1."""
    red, green, blue = colorsys.hls_to_rgb(hue, lightness, 0.45)
    return round(red * 255), round(green * 255), round(blue * 255)


@lru_cache(maxsize=64)
def _font(size: int) -> Font:
    # It comes with Pillow, so every machine draws the same image. It has few letters beyond ASCII.
    return ImageFont.load_default(size)


def _fitting(text: str, width: int, height: int, unit: int) -> Font:
    """The largest of a few fonts in which the text fits."""
    for size in (unit * 3, unit * 2, unit * 3 // 2):
        font = _font(size)
        if len(_lines(text, font, width)) * _step(font) <= height:
            return font
    return _font(unit)


def _write(
    pen: ImageDraw.ImageDraw,
    text: str,
    place: tuple[int, int],
    width: int,
    height: int,
    font: Font,
    ink: RGB,
) -> int:
    """Draw the text as far as it fits, and return where it ends."""
    step = _step(font)
    lines = _lines(text, font, width)
    fitting = max(height // step, 1)
    if len(lines) > fitting:
        lines = [*lines[: fitting - 1], lines[fitting - 1][:-2] + " …"]
    left, top = place
    for line in lines:
        pen.text((left, top), line, fill=ink, font=font)
        top += step
    return top


def _step(font: Font) -> int:
    _, top, _, bottom = font.getbbox("Ag")
    return round((bottom - top) * 1.4) + 1


def _lines(text: str, font: Font, width: int) -> list[str]:
    """The text in lines that are at most ``width`` wide."""
    lines = [""]
    for word in _words(text):
        longer = f"{lines[-1]} {word}".strip()
        if font.getlength(longer) <= width:
            lines[-1] = longer
            continue
        if lines[-1]:
            lines.append("")
        for letter in word:  # a word alone may be too wide, as in scripts without spaces
            if lines[-1] and font.getlength(lines[-1] + letter) > width:
                lines.append("")
            lines[-1] += letter
    return lines


def _words(text: str) -> list[str]:
    shown = "".join(map(_drawable, text[:_LONGEST]))
    return shown.split()


@lru_cache(maxsize=4096)
def _drawable(letter: str) -> str:
    """The letter; a plain one in its place if the font lacks it, as "u" for "ü"; a box for letters of other scripts."""
    if not letter.isprintable():
        return " "
    if letter.isascii() or not _is_missing(letter):
        return letter
    plain = _PLAIN.get(letter) or unicodedata.normalize("NFKD", letter)[:1]
    return letter if _is_missing(plain) else plain


def _is_missing(letter: str) -> bool:
    """Whether the font draws its box for the letter."""
    return _drawing(letter) == _drawing(_NO_CHARACTER)


def _drawing(letter: str) -> bytes:
    image = Image.new("L", (2 * _PROBED, 2 * _PROBED))
    ImageDraw.Draw(image).text((0, 0), letter, fill=255, font=_font(_PROBED))
    return image.tobytes()
