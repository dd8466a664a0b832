"""Recognising file formats, and everything derived from the table of formats.

A file is recognised by its first bytes, never by its name. Media types of uploads, the names of saved files and
the ``format`` of ``MediaInfo`` all come from here.
"""

from __future__ import annotations

from .format_table import DATA, FORMATS, MEDIA, Format

TYPE_CHECKING = False
if TYPE_CHECKING:
    from runcomfy.media.probe.info import MediaInfo

__all__ = [
    "FORMATS",
    "HEAD",
    "MEDIA",
    "UNKNOWN",
    "Format",
    "ending_of",
    "is_error_text",
    "extension_for",
    "is_media",
    "kind_of",
    "known_extension",
    "media_kind",
    "media_type_of",
    "recognise",
    "saved_name",
]

#: How much of the start of a file has to be available to recognise it.
HEAD = 64
#: Bytes that are examined to recognise a text.
_TEXT = 4096
#: The least size of a media file in bytes, which includes all magic bytes.
_SHORTEST = 12

UNKNOWN = "application/octet-stream"


_MAGIC = [(magic, one.name) for one in FORMATS.values() for magic in one.magic]
#: By the first byte, those in front that have one of their own; the others for every first byte.
_BY_FIRST = {
    first: [(parts, name) for parts, name in _MAGIC if parts[0][0] or parts[0][1][0] == first]
    for first in range(256)
}
_BRANDS = {brand: one.name for one in FORMATS.values() for brand in one.brands}
#: The first format that has it: an extension can belong to several.
_BY_EXTENSION = {name: one for one in reversed(FORMATS.values()) for name in one.extensions}
_BY_MEDIA_TYPE = {name: one for one in reversed(FORMATS.values()) for name in one.media_types}
#: Image brands that do not state the compression; the compatible brands do.
_OPEN_BRANDS = (b"mif1", b"msf1", b"miaf")
#: How a QuickTime file begins that is older than brands.
_ATOMS = (b"moov", b"mdat", b"wide", b"pnot")
_BMP_HEADERS = {size.to_bytes(4, "little") for size in (12, 16, 40, 52, 56, 64, 108, 124)}


def recognise(head: bytes) -> str | None:
    """The format name of a file that begins with these bytes, or ``None``."""
    for parts, name in _BY_FIRST[head[0]] if head else ():
        for offset, magic in parts:
            if not head.startswith(magic, offset):
                break
        else:
            return name
    if head[4:8] == b"ftyp":
        return _branded(head)
    if head[4:8] in _ATOMS:
        return "mov"
    if head.startswith(b"\x1aE\xdf\xa3"):
        return "webm" if b"webm" in head[:HEAD] else "mkv"
    # Two letters are a weak mark, so the size of the second header is held against its known ones.
    if head.startswith(b"BM") and head[14:18] in _BMP_HEADERS:
        return "bmp"
    return _audio_frame(head) or _text(head[:_TEXT]) or _cut(head)


def _branded(head: bytes) -> str:
    end = min(int.from_bytes(head[:4], "big"), len(head))
    brands = [head[8:12], *(head[place : place + 4] for place in range(16, end, 4))]
    if brands[0] in _OPEN_BRANDS:
        found = [_BRANDS[brand] for brand in brands if brand in _BRANDS]
        return found[0] if found else "heic"
    return _BRANDS.get(brands[0], "mp4")


def _audio_frame(head: bytes) -> str | None:
    """``mp3`` or ``aac`` if a valid audio frame of that format begins here."""
    if len(head) < 4 or head[0] != 0xFF:
        return None
    if head[1] & 0xE6 == 0xE2:  # MPEG audio, layer III
        return "mp3" if head[2] >> 4 not in (0, 15) and head[2] & 0x0C != 0x0C else None
    if head[1] & 0xF6 == 0xF0:  # ADTS
        return "aac" if head[2] >> 2 & 0x0F < 13 else None
    return None


def _cut(head: bytes) -> str | None:
    """The format of a media file that ends within its magic bytes, or ``"stub"`` if several begin so."""
    for parts, name in _MAGIC:
        (_, magic), *more = parts
        if 3 <= len(head) < len(magic) and magic.startswith(head) and not more:
            return name if FORMATS[name].kind in MEDIA else "stub"
    return "stub" if head and len(head) < _SHORTEST else None


#: The starts of recognisable texts, in lower case.
_TEXTS = (
    ("version https://git-lfs", "git-lfs"),
    ("<!doctype html", "html"),
    ("<html", "html"),
    ("<head", "html"),
    ("<body", "html"),
    ("<script", "html"),
    ("<svg", "svg"),
    ("<?xml", "xml"),
    ("{", "json"),
    ("[", "json"),
)
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\r\f\x1b")) + b"\x7f"


def _text(head: bytes) -> str | None:
    """The text format that begins with these bytes, or ``None``."""
    text = _decoded(head)
    if text is None:
        return None
    start = text.lstrip("\ufeff \t\r\n\f").lower()
    while start.startswith("<!--"):  # comments may stand before anything
        start = start.partition("-->")[2].lstrip()
    if not start:
        return "text" if text else None
    name = next((name for words, name in _TEXTS if start.startswith(words)), "text")
    if name in ("xml", "html", "text") and start.startswith(("<?xml", "<!doctype svg")):
        name = "svg" if "<svg" in start else "html" if "<html" in start else "xml"
    return name


def _decoded(head: bytes) -> str | None:
    encoding = _wide_encoding(head)
    if encoding:
        text = head[: len(head) // 4 * 4 or len(head)].decode(encoding, "replace").lstrip("\ufeff")
        return text if all(one.isprintable() or one.isspace() for one in text) else None
    if head.translate(None, _CONTROLS) != head:
        return None
    try:
        return head.decode()
    except UnicodeDecodeError as error:
        if error.start >= len(head) - 3 and error.reason == "unexpected end of data":
            return head[: error.start].decode()  # cut in the middle of a letter
        # Older encodings have no mark of their own; their texts still are mostly ASCII.
        latin = head.decode("latin-1")
        markup = latin.lstrip().lower().startswith(("<!doctype", "<html", "<?xml"))
        return latin if markup or sum(byte < 128 for byte in head) * 2 > len(head) else None


#: The marks of encodings with two or four bytes a character, the longer ones first.
_MARKS = (
    (b"\xff\xfe\0\0", "utf-32-le"),
    (b"\0\0\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)


def _wide_encoding(head: bytes) -> str | None:
    """The encoding with two or four bytes a character: by its mark, or because the other bytes are zero."""
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding
    if len(head) >= 4:
        if all(head[::2]) and not any(head[1::2]):
            return "utf-16-le"
        if all(head[1::2]) and not any(head[::2]):
            return "utf-16-be"
        if all(head[::4]) and not any(head[1::4] + head[2::4] + head[3::4]):
            return "utf-32-le"
        if all(head[3::4]) and not any(head[::4] + head[1::4] + head[2::4]):
            return "utf-32-be"
    return None


def media_type_of(info: MediaInfo, name: str) -> str:
    """The media type of a file, by its content; its name counts only if the content is inconclusive."""
    found = _format_of(info, name)
    if found is None or not found.media_types:
        return UNKNOWN
    if info.kind in found.kinds and info.kind != found.kind:
        # A container turned out to hold the other kind.
        return f"{info.kind}/{found.media_types[0].partition('/')[2]}"
    return found.media_types[0]


def ending_of(info: MediaInfo, name: str) -> str:
    """The usual extension of the file's format, else that of its name, else ``""``."""
    found = _format_of(info, name)
    return found.extensions[0] if found and found.extensions else ""


def _format_of(info: MediaInfo, name: str) -> Format | None:
    by_name = _BY_EXTENSION.get(_extension(name))
    if by_name is not None and _is_told_by_name(by_name):
        plain = info.format is None or info.format in ("text", "json", "xml", "stub")
        return by_name if plain else FORMATS[info.format or ""]
    return FORMATS.get(info.format or "")


def _is_told_by_name(one: Format) -> bool:
    return one.kind == "file" and not one.magic


def known_extension(name: str) -> str:
    """The lower-case extension of a name, if it is a known one; else ``""``."""
    extension = _extension(name)
    return extension if extension in _BY_EXTENSION or extension in DATA else ""


def kind_of(name: str) -> str:
    """``image``, ``video``, ``audio`` or ``file``, by the extension."""
    found = _BY_EXTENSION.get(_extension(name))
    return found.kind if found else "file"


def is_media(head: bytes) -> bool:
    """Whether a file that begins with these bytes is an image, video or audio file."""
    found = recognise(head)
    return found is not None and FORMATS[found].kind in MEDIA


def is_error_text(name: str, head: bytes) -> bool:
    """Whether a file that begins so is a web page or an error document, and no file of that name."""
    found = recognise(head)
    if found == "xml":  # an SVG may come after its comments
        return b"<error" in head.lower()
    is_data = known_extension(name) and kind_of(name) not in MEDIA
    return found == "html" or (found == "json" and not is_data)


def media_kind(media_type: str) -> str:
    """``image``, ``video``, ``audio`` or ``file``, by the main part of a media type."""
    kind = media_type.partition("/")[0].strip().lower()
    return kind if kind in MEDIA else "file"


def _extension(name: str) -> str:
    stem, dot, extension = name.rpartition(".")
    return dot + extension.lower() if stem.strip(".") and "/" not in extension else ""


def extension_for(content_type: str, first: bytes) -> str:
    """The extension for a name without one, by the file's first bytes, else its media type."""
    found = FORMATS.get(recognise(first) or "")
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type and (found is None or _is_told_by_name(found)):
        found = _BY_MEDIA_TYPE.get(media_type)
    return found.extensions[0] if found and found.extensions else ".bin"


def saved_name(name: str, content_type: str, first: bytes) -> str:
    """The file name with the extension corrected if the content is certainly another format.

    >>> saved_name("1-hat.png", "image/png", b"\\xff\\xd8\\xff\\xe0")
    '1-hat.jpg'
    """
    extension = known_extension(name)
    if not extension:
        return name + extension_for(content_type, first)
    found, named = FORMATS.get(recognise(first) or ""), _BY_EXTENSION.get(extension)
    if found is None or not found.extensions or extension in found.extensions:
        return name
    if _is_told_by_name(found):  # a text goes by many names
        return name
    # Archives go by many names; media do not.
    if found.kind in MEDIA or (named is not None and named.kind in MEDIA):
        return name[: len(name) - len(extension)] + found.extensions[0]
    return name
