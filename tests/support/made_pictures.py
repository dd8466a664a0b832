"""A table of small pictures, good ones and damaged ones, each with the facts that it has."""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import partial
from typing import Any

from support.picture_bytes import (
    animated,
    bmp,
    bmp_info,
    box,
    exif,
    followed,
    heic,
    jpeg,
    jpeg_segment,
    jpeg_sized,
    patched,
    png,
    png_chunk,
    saved,
    tiff,
    webp,
    with_ispe,
)

__all__ = ["PICTURES"]

Facts = dict[str, Any]


def facts(name: str, width: int | None = 40, height: int | None = 30, **more: Any) -> Facts:
    """The facts of a picture; what is ``None`` is not known."""
    known = {"kind": "image", "format": name, "width": width, "height": height, **more}
    return {fact: value for fact, value in known.items() if value is not None}


def bad(name: str, reason: str) -> Facts:
    return facts(name, None, None, reason=reason)


def other(name: str, reason: str) -> Facts:
    """A file that is recognised, and is no picture."""
    return {"kind": "file", "format": name, "reason": reason}


CUT = "its header is truncated"
DAMAGED = "its header is damaged"
NONE = "its format is unknown"

#: Name of a file -> how it is made, and its facts. A reason is part of the whole one.
PICTURES: dict[str, tuple[Callable[[], bytes], Facts]] = {}


def add(name: str, made: Callable[[], bytes], expected: Facts) -> None:
    assert name not in PICTURES, name
    PICTURES[name] = (made, expected)


def _add_plain() -> None:
    for kind in ("PNG", "JPEG", "WEBP", "GIF", "AVIF", "TIFF", "BMP"):
        name = kind.lower()
        add(f"{name} plain", partial(saved, kind), facts(name))
        add(f"{name} of one pixel", partial(saved, kind, 1, 1), facts(name, 1, 1))
        add(f"{name} wide", partial(saved, kind, 3000, 2), facts(name, 3000, 2))
        add(
            f"{name} with rubbish behind it",
            partial(followed, kind),
            facts(name),
        )
    add("heic plain", heic, facts("heic"))
    add("heic of brand mif1", lambda: heic(brand=b"mif1"), facts("heic"))
    add("heic of brand heix", lambda: heic(brand=b"heix"), facts("heic"))


def _add_turned() -> None:
    for kind in ("PNG", "JPEG", "WEBP", "TIFF", "AVIF"):
        for orientation in range(1, 9):
            turned = facts(kind.lower(), 30, 40) if orientation > 4 else facts(kind.lower())
            if not (kind == "AVIF" and orientation == 1):  # it is upright without saying so
                turned["orientation"] = orientation
            add(
                f"{kind.lower()} turned {orientation}",
                partial(saved, kind, exif=exif(orientation)),
                turned,
            )
    for orientation, size in ((3, (40, 30)), (6, (30, 40)), (8, (30, 40))):
        add(
            f"heic turned {orientation}",
            partial(heic, exif=exif(orientation)),
            facts("heic", *size, orientation=orientation),
        )
    for orientation in (0, 9, 65_535):
        add(
            f"jpeg turned by a number nobody knows, {orientation}",
            partial(saved, "JPEG", exif=exif(orientation)),
            facts("jpeg"),
        )


def _add_png() -> None:
    add("png of 16 bits", lambda: saved("PNG", mode="I;16"), facts("png"))
    add("png of one bit", lambda: saved("PNG", mode="1"), facts("png"))
    add("png with a palette", lambda: saved("PNG", mode="P"), facts("png"))
    add("png with alpha", lambda: saved("PNG", mode="RGBA"), facts("png"))
    add("png interlaced", lambda: png(40, 30, laced=1), facts("png"))
    add("png animated", lambda: animated("PNG"), facts("png"))
    add("png 65535 wide", lambda: png(65_535, 1), facts("png", 65_535, 1))
    add(
        "png that would be a bomb",
        lambda: png(2**31 - 1, 2**31 - 1),
        facts("png", *[2**31 - 1] * 2),
    )
    add("png of no width", lambda: png(0, 30), bad("png", f"{DAMAGED}: it is 0 × 30 pixels"))
    add("png wider than a PNG can be", lambda: png(2**31, 1), bad("png", DAMAGED))
    add("png cut in its mark", lambda: png(40, 30)[:7], bad("png", CUT))
    add("png cut in its size", lambda: png(40, 30)[:20], bad("png", CUT))
    add("png cut behind its size", lambda: png(40, 30)[:40], facts("png"))
    add(
        "png with another first chunk",
        lambda: patched(png(40, 30), b"IHDR", b"JHDR"),
        bad("png", DAMAGED),
    )
    add(
        "png with a long text before its EXIF data",
        lambda: png(
            40,
            30,
            png_chunk(b"tEXt", b"a\0" + b"x" * 200_000),
            png_chunk(b"eXIf", exif(6).tobytes()[6:]),
        ),
        facts("png", 30, 40, orientation=6),
    )
    add(
        "png with broken EXIF data",
        lambda: png(40, 30, png_chunk(b"eXIf", b"MM\0*\xff\xff\xff\xff")),
        facts("png"),
    )
    add(
        "png with a chunk that claims gigabytes",
        lambda: png(40, 30)[:33] + struct.pack(">I4s", 2**32 - 1, b"tEXt") + b"x" * 100,
        facts("png"),
    )


def _add_jpeg() -> None:
    add("jpeg progressive", lambda: saved("JPEG", progressive=True), facts("jpeg"))
    add("jpeg grey", lambda: saved("JPEG", mode="L"), facts("jpeg"))
    add("jpeg of CMYK", lambda: saved("JPEG", mode="CMYK"), facts("jpeg"))
    add("jpeg 65535 wide", lambda: jpeg_sized(65_535, 65_535), facts("jpeg", 65_535, 65_535))
    add("jpeg of no height", lambda: jpeg_sized(40, 0), bad("jpeg", "it is 40 × 0 pixels"))
    add(
        "jpeg with 60 KB of EXIF data",
        lambda: saved("JPEG", exif=exif(8, "x" * 60_000)),
        facts("jpeg", 30, 40, orientation=8),
    )
    add(
        "jpeg with megabytes before its size",
        lambda: jpeg(*[jpeg_segment(0xE1, b"x" * 65_000)] * 60),
        facts("jpeg"),
    )
    add(
        "jpeg with a colour profile",
        lambda: saved("JPEG", icc_profile=b"x" * 100_000),
        facts("jpeg"),
    )
    add("jpeg with fill bytes", lambda: jpeg(b"\xff" * 9), facts("jpeg"))
    add(
        "jpeg with stray bytes",
        lambda: patched(saved("JPEG"), b"\xff\xdb", b"\0" * 700 + b"\xff\xdb"),
        facts("jpeg"),
    )
    add("jpeg with a lone marker", lambda: jpeg(b"\xff\x01"), facts("jpeg"))
    add(
        "jpeg with EXIF data that points outside",
        lambda: jpeg(jpeg_segment(0xE1, b"Exif\0\0MM\0*\xff\xff\xff\xff")),
        facts("jpeg"),
    )
    add(
        "jpeg with EXIF data of no kind",
        lambda: jpeg(jpeg_segment(0xE1, b"Exif\0\0" + b"\xff" * 50)),
        facts("jpeg"),
    )
    add(
        "jpeg with two lots of EXIF data, of which the first counts",
        lambda: jpeg(*[jpeg_segment(0xE1, exif(o).tobytes()) for o in (6, 3)]),
        facts("jpeg", 30, 40, orientation=6),
    )
    add("jpeg cut in its first segment", lambda: saved("JPEG")[:15], bad("jpeg", CUT))
    add("jpeg cut before its size", lambda: saved("JPEG")[:100], bad("jpeg", CUT))
    add("jpeg cut behind its size", lambda: saved("JPEG")[:-200], facts("jpeg"))
    add(
        "jpeg without a size",
        lambda: patched(saved("JPEG"), b"\xff\xc0", b"\xff\xe9"),
        bad("jpeg", DAMAGED),
    )
    add(
        "jpeg of rubbish",
        lambda: b"\xff\xd8\xff\xe0\0\4ab" + b"\0" * 3_000_000,
        bad("jpeg", "too long"),
    )
    add("jpeg that never begins", lambda: b"\xff" + b"\xd8\xff" * 50_000, bad("jpeg", "too long"))
    add("jpeg named by three bytes only", lambda: b"\xff\xd8\xff", bad("jpeg", CUT))


def _add_webp() -> None:
    add("webp lossless", lambda: saved("WEBP", lossless=True), facts("webp"))
    add("webp with alpha", lambda: saved("WEBP", mode="RGBA"), facts("webp"))
    add(
        "webp lossless with alpha", lambda: saved("WEBP", mode="RGBA", lossless=True), facts("webp")
    )
    add("webp animated", lambda: animated("WEBP"), facts("webp"))
    add(
        "webp animated and turned, which viewers do not turn",
        lambda: animated("WEBP", exif=exif(6)),
        facts("webp"),
    )
    add(
        "webp with a colour profile",
        lambda: saved("WEBP", icc_profile=b"x" * 50_000),
        facts("webp"),
    )
    add(
        "webp with a colour profile and turned",
        lambda: saved("WEBP", icc_profile=b"x" * 50_001, exif=exif(6)),
        facts("webp", 30, 40, orientation=6),
    )
    add(
        "webp scaled by its first bits",
        lambda: webp(
            b"VP8 ", b"\0\0\0\x9d\x01\x2a" + struct.pack("<HH", 0x4028, 0xC01E) + b"\0" * 8
        ),
        facts("webp"),
    )
    add(
        "webp as large as its form allows",
        lambda: webp(b"VP8X", b"\0\0\0\0" + b"\xff" * 6 + b"\0" * 8),
        facts("webp", 2**24, 2**24),
    )
    add(
        "webp lossless and 16384 wide",
        lambda: saved("WEBP", 16_383, 1, lossless=True),
        facts("webp", 16_383, 1),
    )
    add(
        "webp of a form nobody knows",
        lambda: patched(saved("WEBP"), b"VP8 ", b"VP9 "),
        bad("webp", DAMAGED),
    )
    add(
        "webp that does not begin with a picture",
        lambda: patched(saved("WEBP"), b"\x9d\x01\x2a", b"abc"),
        bad("webp", DAMAGED),
    )
    add("webp cut in its size", lambda: saved("WEBP")[:26], bad("webp", CUT))
    add("webp cut behind its size", lambda: saved("WEBP")[:32], facts("webp"))
    add(
        "webp whose EXIF data is cut off",
        lambda: saved("WEBP", exif=exif(6))[:-40],
        facts("webp"),
    )
    add("riff of another kind", lambda: patched(saved("WEBP"), b"WEBP", b"CDXA"), {"reason": NONE})


def _add_gif() -> None:
    add("gif animated", lambda: animated("GIF"), facts("gif"))
    add("gif of 1989", lambda: saved("GIF", comment=b"hello"), facts("gif"))
    add("gif 65535 wide", lambda: saved("GIF", 65_535, 1), facts("gif", 65_535, 1))
    add("gif of no size", lambda: b"GIF89a" + b"\0" * 20, bad("gif", "it is 0 × 0 pixels"))
    add("gif cut in its size", lambda: saved("GIF")[:9], bad("gif", CUT))
    add("gif cut behind its size", lambda: saved("GIF")[:11], facts("gif"))


def _add_bmp() -> None:
    add("bmp of one bit", lambda: saved("BMP", mode="1"), facts("bmp"))
    add("bmp with a palette", lambda: saved("BMP", mode="P"), facts("bmp"))
    add("bmp with alpha", lambda: saved("BMP", mode="RGBA"), facts("bmp"))
    add("bmp from top to bottom", lambda: bmp_info(40, -30), facts("bmp"))
    add(
        "bmp of OS/2",
        lambda: bmp(struct.pack("<IHHHH", 12, 40, 65_535, 1, 24)),
        facts("bmp", 40, 65_535),
    )
    add("bmp of OS/2, second form", lambda: bmp_info(40, 30, 64), facts("bmp"))
    add("bmp of the fifth form", lambda: bmp_info(40, 30, 124), facts("bmp"))
    add("bmp of negative width", lambda: bmp_info(-40, 30), bad("bmp", DAMAGED))
    add("bmp with a header nobody knows", lambda: bmp_info(40, 30, 41), {"reason": NONE})
    add("bmp cut in its size", lambda: bmp_info(40, 30)[:22], bad("bmp", CUT))


def _add_tiff() -> None:
    size = ((256, 4, 40), (257, 4, 30))
    for order, end in (("<", "little"), (">", "big")):
        for big in (False, True):
            name = f"tiff {end}-endian{' and big' if big else ''}"
            add(name, partial(tiff, order, *size, big=big), facts("tiff"))
            add(
                f"{name} with short numbers and turned",
                partial(tiff, order, (256, 3, 40), (257, 3, 30), (274, 3, 6), big=big),
                facts("tiff", 30, 40, orientation=6),
            )
    add(
        "tiff big with long numbers",
        lambda: tiff("<", (256, 16, 40), (257, 16, 30), big=True),
        facts("tiff"),
    )
    add("tiff with its directory at the end", lambda: tiff("<", *size, gap=500_000), facts("tiff"))
    add("tiff of many pages", lambda: animated("TIFF"), facts("tiff"))
    add("tiff compressed", lambda: saved("TIFF", compression="tiff_lzw"), facts("tiff"))
    add("tiff of CMYK", lambda: saved("TIFF", mode="CMYK"), facts("tiff"))
    add("tiff of floats", lambda: saved("TIFF", mode="F"), facts("tiff"))
    add("tiff without a size", lambda: tiff("<", (258, 3, 8)), bad("tiff", "it is 0 × 0 pixels"))
    add("tiff without a directory", lambda: b"II*\0\xff\xff\xff\xff", bad("tiff", DAMAGED))
    add("tiff cut in its directory", lambda: tiff("<", *size)[:30], bad("tiff", DAMAGED))
    add(
        "tiff that claims many entries",
        lambda: b"MM\0*\0\0\0\x08\xff\xff" + b"\0" * 99,
        bad("tiff", DAMAGED),
    )


def _add_heif() -> None:
    add("avif animated", lambda: animated("AVIF"), facts("avif"))
    add("avif with alpha", lambda: saved("AVIF", mode="RGBA"), facts("avif"))
    add("avif with a colour profile", lambda: saved("AVIF", icc_profile=b"x" * 9000), facts("avif"))
    add("avif 65536 wide", lambda: with_ispe(65_536, 65_536), facts("avif", 65_536, 65_536))
    add("avif of no size", lambda: with_ispe(0, 0), bad("avif", "it is 0 × 0 pixels"))
    add(
        "avif with a box in front",
        lambda: _avif_with(box(b"free", b"x" * 9000)),
        facts("avif"),
    )
    add(
        "avif whose header is at the end",
        lambda: _avif_with(box(b"mdat", b"x" * 100_000)),
        facts("avif"),
    )
    add(
        "avif without a meta box",
        lambda: patched(saved("AVIF"), b"meta", b"neta"),
        bad("avif", "there is no meta box"),
    )
    add(
        "avif without a first picture",
        lambda: patched(saved("AVIF"), b"pitm", b"qitm"),
        bad("avif", "no pitm box"),
    )
    add(
        "avif without properties",
        lambda: patched(saved("AVIF"), b"iprp", b"jprp"),
        bad("avif", "no iprp box"),
    )
    add(
        "avif without a size",
        lambda: patched(saved("AVIF"), b"ispe", b"jspe"),
        bad("avif", "it is 0 × 0 pixels"),
    )
    add("avif cut in its header", lambda: saved("AVIF")[:150], bad("avif", ""))
    add("avif cut behind its header", lambda: saved("AVIF")[:-20], facts("avif"))
    add(
        "avif with a box that ends before it begins",
        lambda: saved("AVIF")[:32] + b"\0\0\0\3meta" + b"\0" * 9,
        bad("avif", DAMAGED),
    )
    item = struct.pack(">HHH", 1, 0, 65_535)
    iloc = box(b"iloc", struct.pack(">IBBH", 0, 0, 0, 60_000) + item * 6000)
    add(
        "avif that lists gigabytes of nothing",
        lambda: box(b"ftyp", b"avif\0\0\0\0") + box(b"meta", b"\0\0\0\0" + iloc),
        bad("avif", "there is no pitm box"),
    )
    many = box(b"ipma", struct.pack(">II", 0, 2**32 - 1) + b"\0" * 70_000)
    meta = box(b"pitm", b"\0" * 6) + box(b"iprp", many + box(b"ipco", b""))
    add(
        "avif with properties without end",
        lambda: box(b"ftyp", b"avif\0\0\0\0") + box(b"meta", b"\0\0\0\0" + meta),
        bad("avif", "too long"),
    )


def _avif_with(more: bytes) -> bytes:
    content = saved("AVIF")
    first = int.from_bytes(content[:4], "big")
    return content[:first] + more + content[first:]


def _add_others() -> None:
    add("nothing", bytes, {"reason": "it is empty"})
    add("text", lambda: b"hello", other("text", "it is a text"))
    add("svg", lambda: b"<svg width='10' height='10'>", other("svg", "an SVG drawing"))
    add("netpbm", lambda: b"P5 10 10 255 \0\1", {"reason": NONE})
    add("letters BM only", lambda: b"BM" + b"\1" * 40, {"reason": NONE})
    add("a png that is named like a jpeg", lambda: saved("PNG"), facts("png"))


for _add in (
    _add_plain,
    _add_turned,
    _add_png,
    _add_jpeg,
    _add_webp,
    _add_gif,
    _add_bmp,
    _add_tiff,
    _add_heif,
    _add_others,
):
    _add()
