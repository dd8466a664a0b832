"""The file formats that are known: one table, and what is derived from it.

A file is recognised by its first bytes, never by its name. Media types of uploads, the names of saved files and
the ``format`` of ``MediaInfo`` all come from here.
"""

from __future__ import annotations

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
    "extension_for",
    "is_media",
    "kind_of",
    "known_extension",
    "media_kind",
    "media_type_of",
    "recognise",
    "saved_name",
]

#: How much of the start of a file has to be at hand to recognise it.
HEAD = 64
#: How much of it is looked at to tell a text.
_TEXT = 4096

#: The kinds of files that models take and give; every other file is a ``"file"``.
MEDIA = frozenset({"image", "video", "audio"})
UNKNOWN = "application/octet-stream"


class Format:
    """A file format.

    ``media_types`` and ``extensions`` are those in use, the usual one first. ``magic`` holds the ways in which a
    file can begin, each as bytes and their offsets; ``brands`` are those of an ISO media file. ``kinds``
    are what a container can turn out to hold. ``words`` are the format in a sentence.
    """

    __slots__ = ("brands", "extensions", "kind", "kinds", "magic", "media_types", "name", "words")

    def __init__(
        self,
        name: str,
        kind: str,
        media_types: str,
        extensions: str,
        *magic: tuple[tuple[int, bytes], ...],
        brands: bytes = b"",
        also: str = "",
        words: str = "",
    ) -> None:
        self.name = name
        self.kind = kind
        self.kinds = frozenset({kind, also or kind})
        self.media_types = tuple(media_types.split())
        self.extensions = tuple(extensions.split())
        self.magic = magic
        self.brands = tuple(brand.ljust(4) for brand in brands.split())
        self.words = words or _words(name.upper(), kind)

    def __repr__(self) -> str:
        return f"<Format {self.name}>"


def _words(name: str, kind: str) -> str:
    article = "an" if name[0] in "AEFHIMOSX" and name not in ("HEIC", "MIDI") else "a"
    return f"{article} {name} {kind}"


def _start(magic: bytes, at: int = 0) -> tuple[tuple[int, bytes], ...]:
    return ((at, magic),)


def _riff(form: bytes, *starts: bytes) -> tuple[tuple[tuple[int, bytes], ...], ...]:
    return tuple(((0, start), (8, form)) for start in (b"RIFF", *starts))


_XML = "application/xml text/xml"

#: Formats without magic bytes are told by the extension or the media type alone, or by what their text says.
_TABLE = (
    Format("png", "image", "image/png", ".png", _start(b"\x89PNG\r\n\x1a\n")),
    Format(
        "jpeg", "image", "image/jpeg image/jpg", ".jpg .jpeg .jpe .jfif", _start(b"\xff\xd8\xff")
    ),
    Format("webp", "image", "image/webp", ".webp", *_riff(b"WEBP")),
    Format("gif", "image", "image/gif", ".gif", _start(b"GIF87a"), _start(b"GIF89a")),
    Format("avif", "image", "image/avif", ".avif .avifs", brands=b"avif avis"),
    Format(
        "heic",
        "image",
        "image/heic image/heif",
        ".heic .heif",
        brands=b"heic heix heim heis hevc hevx",
    ),
    Format(
        "tiff",
        "image",
        "image/tiff",
        ".tiff .tif .dng",
        *map(_start, (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")),  # "+": BigTIFF, beyond 4 GB
    ),
    # "BM" alone is a weak mark: ``recognise`` looks further.
    Format("bmp", "image", "image/bmp image/x-ms-bmp", ".bmp .dib"),
    Format(
        "jp2",
        "image",
        "image/jp2 image/jpx image/jpeg2000",
        ".jp2 .jpx .jpf .j2k .j2c .jpc",
        _start(b"\0\0\0\x0cjP  \r\n\x87\n"),
        _start(b"\xff\x4f\xff\x51"),
        words="a JPEG 2000 image",
    ),
    Format(
        "jxl",
        "image",
        "image/jxl",
        ".jxl",
        _start(b"\0\0\0\x0cJXL \r\n\x87\n"),
        _start(b"\xff\x0a"),
        words="a JPEG XL image",
    ),
    Format("psd", "image", "image/vnd.adobe.photoshop", ".psd .psb", _start(b"8BPS")),
    Format("exr", "image", "image/x-exr", ".exr", _start(b"v/1\x01")),
    Format(
        "hdr", "image", "image/vnd.radiance", ".hdr", _start(b"#?RADIANCE"), _start(b"#?RGBE\n")
    ),
    Format(
        "ico",
        "image",
        "image/vnd.microsoft.icon image/x-icon",
        ".ico",
        _start(b"\0\0\x01\0\x01\0"),
        words="an icon",
    ),
    Format("mov", "video", "video/quicktime", ".mov .qt", brands=b"qt", also="audio"),
    Format(
        "m4a",
        "audio",
        "audio/mp4 audio/x-m4a audio/m4a",
        ".m4a .m4b .mp4",
        brands=b"M4A M4B M4P",
        words="an M4A sound",
    ),
    Format(
        "mp4",
        "video",
        "video/mp4",
        ".mp4 .m4v .m4a .3gp .3g2 .f4v",
        also="audio",
    ),
    Format(
        "webm", "video", "video/webm audio/webm", ".webm .weba", also="audio", words="a WebM video"
    ),
    Format("mkv", "video", "video/x-matroska", ".mkv .mka .mk3d", also="audio"),
    Format("avi", "video", "video/x-msvideo video/avi", ".avi", *_riff(b"AVI ")),
    Format(
        "mpeg",
        "video",
        "video/mpeg",
        ".mpg .mpeg .vob",
        _start(b"\0\0\x01\xba"),
        _start(b"\0\0\x01\xb3"),
    ),
    Format("flv", "video", "video/x-flv", ".flv", _start(b"FLV\x01")),
    Format(
        "asf",
        "video",
        "video/x-ms-wmv video/x-ms-asf audio/x-ms-wma",
        ".wmv .asf .wma",
        _start(b"\x30\x26\xb2\x75\x8e\x66\xcf\x11"),
        also="audio",
        words="a Windows Media file",
    ),
    Format(
        "wav",
        "audio",
        "audio/wav audio/x-wav audio/vnd.wave audio/wave",
        ".wav .wave",
        *_riff(b"WAVE", b"RF64"),
    ),
    Format("mp3", "audio", "audio/mpeg audio/mp3", ".mp3", _start(b"ID3")),
    Format(
        "ogg",
        "audio",
        "audio/ogg audio/opus video/ogg application/ogg",
        ".ogg .oga .opus .ogv .ogx .spx",
        _start(b"OggS"),
        also="video",
    ),
    Format("flac", "audio", "audio/flac audio/x-flac", ".flac", _start(b"fLaC")),
    Format("aac", "audio", "audio/aac audio/aacp", ".aac", _start(b"ADIF")),
    Format(
        "aiff",
        "audio",
        "audio/aiff audio/x-aiff",
        ".aiff .aif .aifc",
        ((0, b"FORM"), (8, b"AIFF")),
        ((0, b"FORM"), (8, b"AIFC")),
    ),
    Format("amr", "audio", "audio/amr", ".amr", _start(b"#!AMR")),
    Format("caf", "audio", "audio/x-caf", ".caf", _start(b"caff\0\x01")),
    Format("midi", "file", "audio/midi audio/mid", ".mid .midi", _start(b"MThd")),
    # A drawing in text form, which models that take pixels do not read.
    Format("svg", "file", "image/svg+xml", ".svg", words="an SVG drawing"),
    Format("html", "file", "text/html application/xhtml+xml", "", words="a web page (HTML)"),
    Format(
        "git-lfs",
        "file",
        "",
        "",
        words="a Git LFS pointer instead of the file itself, which 'git lfs pull' fetches",
    ),
    Format("pdf", "file", "application/pdf", ".pdf", _start(b"%PDF-"), words="a PDF document"),
    Format(
        "zip",
        "file",
        "application/zip application/x-zip-compressed",
        ".zip .usdz .npz .3mf .kmz .cbz",
        _start(b"PK\x03\x04"),
        _start(b"PK\x05\x06"),
        words="a ZIP archive",
    ),
    Format(
        "gzip",
        "file",
        "application/gzip application/x-gzip",
        ".gz .tgz",
        _start(b"\x1f\x8b\x08"),
        words="a gzip archive",
    ),
    Format(
        "7z",
        "file",
        "application/x-7z-compressed",
        ".7z",
        _start(b"7z\xbc\xaf\x27\x1c"),
        words="a 7z archive",
    ),
    Format(
        "rar", "file", "application/vnd.rar", ".rar", _start(b"Rar!\x1a\x07"), words="a RAR archive"
    ),
    Format("bzip2", "file", "application/x-bzip2", ".bz2", _start(b"BZh"), words="a bzip2 archive"),
    Format("xz", "file", "application/x-xz", ".xz", _start(b"\xfd7zXZ\0"), words="an xz archive"),
    Format(
        "zstd",
        "file",
        "application/zstd",
        ".zst",
        _start(b"\x28\xb5\x2f\xfd"),
        words="a zstd archive",
    ),
    Format(
        "tar", "file", "application/x-tar", ".tar", _start(b"ustar", 257), words="a tar archive"
    ),
    Format("glb", "file", "model/gltf-binary", ".glb .vrm", _start(b"glTF"), words="a 3D model"),
    Format("gltf", "file", "model/gltf+json", ".gltf", words="a 3D model"),
    Format("stl", "file", "model/stl", ".stl", words="a 3D model"),
    Format("ply", "file", "", ".ply", _start(b"ply\n"), _start(b"ply\r\n"), words="a 3D model"),
    Format("fbx", "file", "", ".fbx", _start(b"Kaydara FBX"), words="a 3D model"),
    Format("npy", "file", "", ".npy", _start(b"\x93NUMPY"), words="a NumPy array"),
    Format(
        "parquet",
        "file",
        "application/vnd.apache.parquet",
        ".parquet",
        _start(b"PAR1"),
        words="a Parquet table",
    ),
    Format(
        "sqlite",
        "file",
        "application/vnd.sqlite3",
        ".sqlite",
        _start(b"SQLite format 3\0"),
        words="an SQLite database",
    ),
    Format("exe", "file", "", "", _start(b"\x7fELF"), _start(b"MZ\x90\0"), words="a program"),
    Format("woff", "file", "font/woff", ".woff", _start(b"wOFF"), words="a font"),
    Format("woff2", "file", "font/woff2", ".woff2", _start(b"wOF2"), words="a font"),
    Format("xml", "file", _XML, ".xml", words="an XML text"),
    Format("json", "file", "application/json", ".json", words="a JSON text"),
    Format("csv", "file", "text/csv", ".csv", words="a text"),
    Format("srt", "file", "application/x-subrip", ".srt", words="a text"),
    Format("vtt", "file", "text/vtt", ".vtt", words="a text"),
    Format("markdown", "file", "text/markdown", ".md", words="a text"),
    Format("text", "file", "text/plain", ".txt", words="a text"),
)

FORMATS = {one.name: one for one in _TABLE}

_MAGIC = [(magic, one.name) for one in _TABLE for magic in one.magic]
_BRANDS = {brand: one.name for one in _TABLE for brand in one.brands}
#: The first format that has it: an extension can belong to several.
_BY_EXTENSION = {name: one for one in reversed(_TABLE) for name in one.extensions}
_BY_MEDIA_TYPE = {name: one for one in reversed(_TABLE) for name in one.media_types}
#: More extensions of data, which a saved file keeps. Any other one becomes part of the name: a service should
#: not be able to leave a program, a script or a shortcut in somebody's folder.
_DATA = frozenset(
    ".bin .dat .splat .spz .vox .nii .pt .pth .ckpt .blend .h5 .hdf5 .mat .safetensors .onnx .gguf .pkl .pickle .feather .arrow .avro .orc .tfrecord "
    ".jsonl .ndjson .geojson .tsv .yaml .yml .toml .log .bib .tex .rtf .epub .ps .eps .ai "
    ".obj .mtl .dae .usd .usda .usdc .abc .3ds .x3d .wrl .ifc .step .stp .iges .igs .gcode .xyz .pcd .las .laz "
    ".ksplat .sog .vdb .bvh .vrma .pmx .vmd .cube .lut .icc .dds .ktx .ktx2 .tga .pcx .ppm .pgm .pbm .pnm .qoi "
    ".xcf .kra .ora .cr2 .nef .arw .raw .ts .m2ts .mts .mxf .rm .ape .wv .au .snd .ac3 .dts .sf2 .kar "
    ".ass .ssa .sub .sbv .lrc .ttml .dfxp .m3u8 .mpd .musicxml .mxl .ttf .otf .docx .xlsx .pptx .odt .ods .odp "
    ".doc .xls .ppt .wasm .db".split()
)
#: Brands of pictures that leave open how they are compressed; the compatible brands tell.
_OPEN_BRANDS = (b"mif1", b"msf1", b"miaf")
#: How a QuickTime file begins that is older than brands.
_ATOMS = (b"moov", b"mdat", b"wide", b"pnot")
_BMP_HEADERS = {size.to_bytes(4, "little") for size in (12, 16, 40, 52, 56, 64, 108, 124)}


def recognise(head: bytes) -> str | None:
    """The name of the format of a file that begins like this, ``None`` where it is not known."""
    for parts, name in _MAGIC:
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
    """``mp3`` or ``aac`` where a frame of such audio begins here, with a bit rate and a sample rate."""
    if len(head) < 4 or head[0] != 0xFF:
        return None
    if head[1] & 0xE6 == 0xE2:  # MPEG audio, layer III
        return "mp3" if head[2] >> 4 not in (0, 15) and head[2] & 0x0C != 0x0C else None
    if head[1] & 0xF6 == 0xF0:  # ADTS
        return "aac" if head[2] >> 2 & 0x0F < 13 else None
    return None


def _cut(head: bytes) -> str | None:
    """The format of a media file that ends within its magic bytes."""
    for parts, name in _MAGIC:
        (_, magic), *more = parts
        if 3 <= len(head) < len(magic) and magic.startswith(head) and not more:
            return name if FORMATS[name].kind in MEDIA else None
    return None


#: How texts begin that say what they are, in lower case.
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
    """Which kind of text begins like this, ``None`` where it is no text."""
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
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        even = head[: len(head) // 2 * 2]
        text = even.decode("utf-16", "replace")
        return text if all(one.isprintable() or one.isspace() for one in text[1:]) else None
    if head.translate(None, _CONTROLS) != head:
        return None
    try:
        return head.decode()
    except UnicodeDecodeError as error:
        if error.start >= len(head) - 3 and error.reason == "unexpected end of data":
            return head[: error.start].decode()  # cut in the middle of a letter
        # Older encodings have no mark of their own; markup has.
        latin = head.decode("latin-1")
        return latin if latin.lstrip().lower().startswith(("<!doctype", "<html", "<?xml")) else None


def media_type_of(info: MediaInfo, name: str) -> str:
    """The media type of a file: by its content. Its name is believed only where no content could tell."""
    found = _format_of(info, name)
    if found is None or not found.media_types:
        return UNKNOWN
    if info.kind in found.kinds and info.kind != found.kind:
        # A container turned out to hold the other kind.
        return f"{info.kind}/{found.media_types[0].partition('/')[2]}"
    return found.media_types[0]


def ending_of(info: MediaInfo, name: str) -> str:
    """The usual extension of such files; the name's own, where no content could tell; else ``""``."""
    found = _format_of(info, name)
    return found.extensions[0] if found and found.extensions else ""


def _format_of(info: MediaInfo, name: str) -> Format | None:
    by_name = _BY_EXTENSION.get(_extension(name))
    if by_name is not None and _is_told_by_name(by_name):
        plain = info.format is None or info.format in ("text", "json", "xml")
        return by_name if plain else FORMATS[info.format or ""]
    return FORMATS.get(info.format or "")


def _is_told_by_name(one: Format) -> bool:
    return one.kind == "file" and not one.magic


def known_extension(name: str) -> str:
    """The extension of a name in lower case, if it is one that a saved file may have; else empty."""
    extension = _extension(name)
    return extension if extension in _BY_EXTENSION or extension in _DATA else ""


def kind_of(name: str) -> str:
    """``image``, ``video``, ``audio`` or ``file``, by the extension."""
    found = _BY_EXTENSION.get(_extension(name))
    return found.kind if found else "file"


def is_media(head: bytes) -> bool:
    """Whether a file that begins like this is an image, a video or an audio."""
    found = recognise(head)
    return found is not None and FORMATS[found].kind in MEDIA


def media_kind(media_type: str) -> str:
    """``image``, ``video``, ``audio`` or ``file``, by what a media type begins with."""
    kind = media_type.partition("/")[0].strip().lower()
    return kind if kind in MEDIA else "file"


def _extension(name: str) -> str:
    stem, dot, extension = name.rpartition(".")
    return dot + extension.lower() if stem.strip(".") and "/" not in extension else ""


def extension_for(content_type: str, first: bytes) -> str:
    """The extension for a file whose name has none: by its first bytes, else its media type."""
    found = FORMATS.get(recognise(first) or "")
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type and (found is None or _is_told_by_name(found)):
        found = _BY_MEDIA_TYPE.get(media_type)
    return found.extensions[0] if found and found.extensions else ".bin"


def saved_name(name: str, content_type: str, first: bytes) -> str:
    """The name of a file that begins like this: what is surely another format gets its own extension.

    >>> saved_name("1-hat.png", "image/png", b"\\xff\\xd8\\xff\\xe0")
    '1-hat.jpg'
    """
    extension = known_extension(name)
    if not extension:
        return name + extension_for(content_type, first)
    found, named = FORMATS.get(recognise(first) or ""), _BY_EXTENSION.get(extension)
    if found is None or extension in found.extensions or _is_told_by_name(found):
        return name
    # Archives go by many names; media do not.
    if found.kind in MEDIA or (named is not None and named.kind in MEDIA):
        return name[: len(name) - len(extension)] + found.extensions[0]
    return name
