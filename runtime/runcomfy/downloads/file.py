"""``File``: an output file before its download, and how files are found in an output."""

from __future__ import annotations

import re
from binascii import a2b_base64
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes, urljoin

from runcomfy.downloads.filenames import file_name
from runcomfy.media.formats import (
    FORMATS,
    MEDIA,
    extension_for,
    kind_of,
    known_extension,
    media_kind,
    recognise,
)
from runcomfy.model.json_values import pointer_token
from runcomfy.model.media import is_data
from runcomfy.model.messages import show
from runcomfy.redaction import hidden, shown_url

__all__ = ["File", "find_files", "strange_texts"]

#: Members of an output whose strings are files -> their kind; names in the singular.
_KINDS = {
    **dict.fromkeys(("image", "picture", "photo", "img", "gif", "frame", "thumbnail"), "image"),
    **dict.fromkeys(("mask", "preview"), "image"),
    "video": "video",
    "audio": "audio",
    **dict.fromkeys(("file", "mesh", "glb", "archive", "url", "uri"), "file"),
}
#: Members of a file object that hold its URL, or its content.
_SAME = frozenset({"url", "uri", "href", "src", "path", "file", "link"})
_CONTENT = frozenset({"base64", "b64", "b64_json", "data", "content"})
#: Last words of names whose kind is the word before: ``image_url``, ``audioFile``, ``image_base64``.
_FORMS = _SAME | _CONTENT | {"urls", "uris", "paths", "files", "links"}
_WORD = re.compile(r"[A-Z]?[a-z]+(?:64)?|[A-Z]+")
_WEB = ("https://", "http://")
#: The least length of a base64 string that is taken for a file.
_LEAST_BASE64 = 64
#: The base of relative URLs, if the output's service is unknown.
_BASE = "https://model-api.runcomfy.net/"
#: Characters of a base64 string that are decoded to recognise its format.
_HEAD_BASE64 = 4096
#: The URL-safe base64 alphabet -> the standard one.
_PLAIN_BASE64 = str.maketrans("-_", "+/")
#: Characters of a member's name that are examined.
_LONGEST_NAME = 100
_BREAKS = str.maketrans("", "", "\t\r\n")


@dataclass(frozen=True, slots=True)
class File:
    """An output file before its download."""

    #: Its URL.
    url: str
    #: ``image``, ``video``, ``audio`` or ``file``: by the output's field, else by the extension.
    kind: str
    #: The name that it gets in a folder, safe on every system; it starts with the request id.
    name: str
    request_id: str
    model_id: str | None = None

    def __repr__(self) -> str:
        return f"{type(self).__name__}({shown_url(self.url)!r}, kind={self.kind!r}, name={self.name!r})"

    def as_dict(self) -> dict[str, object]:
        """The file as plain data, for JSON."""
        return {"url": self.url, "kind": self.kind, "name": self.name}


def find_files(
    output: object, request_id: str, model_id: str | None, base: str = _BASE
) -> list[File]:
    """The files in an output of any shape, in order, without duplicates.

    Every string under ``image``, ``images``, ``video_url`` and so on is a file: a URL (relative to ``base``), a data URI, or the
    content in base64. Under other names, absolute URLs, data URIs and media in base64 are files.
    """
    found: dict[str, str] = {}
    for text, kind, _ in _texts(output):
        address = _whole_address(text) or (_address(text, base) if kind else _in_base64(text))
        if address:
            found.setdefault(address, kind)
    files = []
    for place, (url, kind) in enumerate(found.items(), 1):
        name = file_name("" if is_data(url) else hidden(url), request_id, place)
        if is_data(url):
            name += _extension(url)
        by_name = media_kind(url[5:]) if is_data(url) else kind_of(name)
        files.append(File(url, kind or by_name, name, request_id, model_id))
    return files


def strange_texts(output: object) -> list[str]:
    """Messages about parts of an output that should lead to files but do not."""
    found = []
    for part, kind, pointer in _parts(output):
        if isinstance(part, str):
            if kind and part.strip() and not (_whole_address(part) or _address(part, _BASE)):
                found.append(f"output{pointer} holds {show(part)}, which is not a file URL")
        elif _has_no_url(part):
            found.append(f"output{pointer} names the file {show(part['filename'])} without its URL")
    return found


def _has_no_url(part: dict[str, object]) -> bool:
    """Whether an object names a file of a ComfyUI server, ``{filename, subfolder, type}``, and nothing leads there."""
    if not (isinstance(part.get("filename"), str) and "subfolder" in part):
        return False
    return not any(isinstance(value, str) and _whole_address(value) for value in part.values())


def _texts(output: object) -> Iterator[tuple[str, str, str]]:
    """Each string in the output, with the file kind implied by its field and its JSON pointer."""
    for part, kind, pointer in _parts(output):
        if isinstance(part, str):
            yield part, kind, pointer


def _parts(output: object) -> Iterator[tuple[str | dict[str, object], str, str]]:
    """Each string and each object in the output, likewise."""
    waiting: list[tuple[object, str, str]] = [(output, "", "")]
    while waiting:
        part, kind, pointer = waiting.pop()
        if isinstance(part, str):
            yield part, kind, pointer
        elif isinstance(part, dict):
            yield part, kind, pointer
            waiting.extend(
                (
                    value,
                    _kind_under(name, value, kind),
                    f"{pointer}/{pointer_token(name)}",
                )
                for name, value in reversed(part.items())
            )
        elif isinstance(part, list):
            numbered = [(value, kind, f"{pointer}/{i}") for i, value in enumerate(part)]
            waiting.extend(reversed(numbered))


def _kind_under(name: str, value: object, kind: str) -> str:
    """The kind of files under a name such as ``image_urls``, ``image_1`` or ``outputVideo``.

    ``kind`` is that of its parent, which the lists and objects in it keep.
    """
    folded = name.casefold()
    words = [word.lower() for word in _WORD.findall(name[:_LONGEST_NAME])]
    if kind and (folded in _CONTENT or (words and words[-1] in _SAME)):  # as "download_url" is
        return kind
    while len(words) > 1 and words[-1] in _FORMS:
        words.pop()
    own = _KINDS.get(words[-1]) or _KINDS.get(words[-1].removesuffix("s")) if words else None
    return own or (kind if isinstance(value, (dict, list)) else "")


def _whole_address(text: str) -> str:
    """The string if it is a valid URL as it is, else ``""``."""
    web = text[:8].lower().startswith(_WEB) and not any(map(str.isspace, text))
    return text if web or (is_data(text) and "," in text) else ""


def _address(text: str, base: str) -> str:
    """The file URL that a string under ``image`` and similar names represents; ``""`` if it is none.

    Line ends are dropped and spaces written as ``%20``, as browsers do.
    """
    text = text.strip().translate(_BREAKS)
    if text[:8].lower().startswith(_WEB):
        return text.replace(" ", "%20")
    if is_data(text):
        return text
    if text.startswith("//") and len(text) > 2:
        return f"https:{text}".replace(" ", "%20")
    content = _in_base64(text.replace(" ", ""))
    if content:
        return content
    if ":" in text.partition("/")[0] or not ("/" in text or known_extension(text)):
        return ""
    try:
        return urljoin(base, text.replace(" ", "%20"))
    except ValueError:
        return ""


def _extension(url: str) -> str:
    """The extension for a data URI, by its first bytes, else its media type."""
    header, _, content = url.partition(",")
    try:
        if header.lower().endswith(";base64"):
            head = a2b_base64(content[:_HEAD_BASE64])
        else:
            head = unquote_to_bytes(content[:_HEAD_BASE64])
    except ValueError:  # which fetching it reports
        head = b""
    return extension_for(header[5:], head)


def _in_base64(text: str) -> str:
    """A data URI for base64 media content, else ``""``."""
    if len(text) < _LEAST_BASE64:
        return ""
    text = text.translate(_PLAIN_BASE64)
    try:
        head = a2b_base64(text[:_HEAD_BASE64], strict_mode=True)
    except ValueError:
        try:
            head = a2b_base64(text[:_HEAD_BASE64] + "=" * (-len(text) % 4), strict_mode=True)
        except ValueError:
            return ""
    found = FORMATS.get(recognise(head) or "")
    if found is None or found.kind not in MEDIA:
        return ""
    return f"data:{found.media_types[0]};base64,{text}"
