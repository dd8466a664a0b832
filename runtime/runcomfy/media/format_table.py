"""The table of file formats: names, magic bytes, media types and extensions."""

from __future__ import annotations

from .other_formats import OTHER_FILES, RARE_MEDIA

__all__ = ["DATA", "FORMATS", "MEDIA", "Format"]

#: The kinds of files that models accept and return; any other file is a ``"file"``.
MEDIA = frozenset({"image", "video", "audio"})


class Format:
    """A file format.

    ``media_types`` and ``extensions`` list those in use, the usual one first. ``magic`` holds the possible starts
    of a file, each as offsets and bytes; ``brands`` are the brands of an ISO media file. ``kinds`` are the
    possible contents of a container. ``words`` names the format in a sentence. ``rare``: few models read it.
    """

    __slots__ = (
        "brands",
        "extensions",
        "kind",
        "kinds",
        "magic",
        "media_types",
        "name",
        "rare",
        "words",
    )

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
        rare: bool = False,
    ) -> None:
        self.name = name
        self.kind = kind
        self.kinds = frozenset({kind, also or kind})
        self.media_types = tuple(media_types.split())
        self.extensions = tuple(extensions.split())
        self.magic = magic
        self.brands = tuple(brand.ljust(4) for brand in brands.split())
        self.words = words or _words(name.upper(), kind)
        self.rare = rare

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

#: Formats without magic bytes are recognised by the extension, the media type or their text.
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
    Format("psd", "image", "image/vnd.adobe.photoshop", ".psd .psb", _start(b"8BPS"), rare=True),
    Format("exr", "image", "image/x-exr", ".exr", _start(b"v/1\x01"), rare=True),
    Format(
        "hdr",
        "image",
        "image/vnd.radiance",
        ".hdr",
        _start(b"#?RADIANCE"),
        _start(b"#?RGBE\n"),
        rare=True,
    ),
    Format(
        "ico",
        "image",
        "image/vnd.microsoft.icon image/x-icon",
        ".ico",
        ((0, b"\0\0\x01\0"), (5, b"\0"), (9, b"\0")),
        words="an icon",
        rare=True,
    ),
    Format("mov", "video", "video/quicktime", ".mov .qt", brands=b"qt", also="audio"),
    Format(
        "m4a",
        "audio",
        "audio/mp4 audio/x-m4a audio/m4a",
        ".m4a .m4b .mp4",
        brands=b"M4A M4B M4P",
        words="an M4A audio file",
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
    Format(
        "exe",
        "file",
        "",
        "",
        *map(
            _start,
            (
                b"\x7fELF",
                b"MZ\x90\0",
                b"\xcf\xfa\xed\xfe",
                b"\xce\xfa\xed\xfe",
                b"\xca\xfe\xba\xbe",
            ),
        ),
        words="a program",
    ),
    Format(
        "ole",
        "file",
        "",
        "",
        _start(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
        words="an Office document",
    ),
    Format("hdf5", "file", "", "", _start(b"\x89HDF\r\n\x1a\n"), words="an HDF5 file"),
    Format(
        "pickle",
        "file",
        "",
        "",
        _start(b"\x80\x04\x95"),
        _start(b"\x80\x05\x95"),
        words="a Python pickle",
    ),
    Format("gguf", "file", "", "", _start(b"GGUF"), words="the weights of a model"),
    # The size of a JSON header in eight bytes, and the header.
    Format(
        "safetensors",
        "file",
        "",
        "",
        ((4, b"\0\0\0\0"), (8, b'{"')),
        words="the weights of a model",
    ),
    Format("plist", "file", "", "", _start(b"bplist0"), words="a property list"),
    Format(
        "finder",
        "file",
        "",
        "",
        _start(b"\0\0\0\x01Bud1"),
        _start(b"\0\x05\x16\x07"),
        words="a file in which macOS keeps its notes about another file",
    ),
    Format("lnk", "file", "", "", _start(b"L\0\0\0\x01\x14\x02\0"), words="a Windows shortcut"),
    Format("cab", "file", "", "", _start(b"MSCF\0\0\0\0"), words="a CAB archive"),
    Format("xar", "file", "", "", _start(b"xar!"), words="a XAR archive"),
    Format("woff", "file", "font/woff", ".woff", _start(b"wOFF"), words="a font"),
    Format("woff2", "file", "font/woff2", ".woff2", _start(b"wOF2"), words="a font"),
    Format("ttf", "file", "", "", _start(b"\0\x01\0\0\0"), _start(b"OTTO"), words="a font"),
    *(
        Format(name, "file", "", "", *map(_start, magic), words=words)
        for name, words, magic in OTHER_FILES
    ),
    *(
        Format(name, kind, f"{kind}/x-{name}", "", *map(_start, magic), words=words, rare=True)
        for name, kind, words, magic in RARE_MEDIA
    ),
    # Packets of 188 bytes, in the second one after a time stamp each.
    Format(
        "mpeg-ts",
        "video",
        "video/mp2t",
        "",
        ((0, b"\x47"), (188, b"\x47"), (376, b"\x47")),
        ((4, b"\x47"), (196, b"\x47"), (388, b"\x47")),
        also="audio",
        words="an MPEG transport stream",
        rare=True,
    ),
    Format("stub", "file", "", "", words="too short for any image, video or audio file"),
    Format("xml", "file", _XML, ".xml", words="an XML document"),
    Format("json", "file", "application/json", ".json", words="a JSON document"),
    Format("csv", "file", "text/csv", ".csv", words="a text"),
    Format("srt", "file", "application/x-subrip", ".srt", words="a text"),
    Format("vtt", "file", "text/vtt", ".vtt", words="a text"),
    Format("markdown", "file", "text/markdown", ".md", words="a text"),
    Format("text", "file", "text/plain", ".txt", words="a text"),
)

FORMATS = {one.name: one for one in _TABLE}
#: More extensions of data, which a saved file keeps. Any other one becomes part of the name: a service should
#: not be able to leave a program, a script or a shortcut in someone's folder.
DATA = frozenset(
    ".bin .dat .splat .spz .vox .nii .pt .pth .ckpt .blend .h5 .hdf5 .mat .safetensors .onnx .gguf .pkl .pickle .feather .arrow .avro .orc .tfrecord "
    ".jsonl .ndjson .geojson .tsv .yaml .yml .toml .log .bib .tex .rtf .epub .ps .eps .ai "
    ".obj .mtl .dae .usd .usda .usdc .abc .3ds .x3d .wrl .ifc .step .stp .iges .igs .gcode .xyz .pcd .las .laz "
    ".ksplat .sog .vdb .bvh .vrma .pmx .vmd .cube .lut .icc .dds .ktx .ktx2 .tga .pcx .ppm .pgm .pbm .pnm .qoi "
    ".xcf .kra .ora .cr2 .nef .arw .raw .ts .m2ts .mts .mxf .rm .ape .wv .au .snd .ac3 .dts .sf2 .kar "
    ".ass .ssa .sub .sbv .lrc .ttml .dfxp .m3u8 .mpd .musicxml .mxl .ttf .otf .docx .xlsx .pptx .odt .ods .odp "
    ".doc .xls .ppt .wasm .db".split()
)
