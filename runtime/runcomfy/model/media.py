"""Media inputs and the rules for their files.

Here are the inputs and rules as data, the form in which generated modules hold them.
"""

from __future__ import annotations

from .json_values import is_plain, pointer_token

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = [
    "INSIDE",
    "MediaInput",
    "MediaRule",
    "WEB",
    "is_bare_name",
    "is_data",
    "is_local",
    "is_plain_url",
    "is_web",
    "pointer_of",
    "urls",
    "walk",
]


class MediaRule:
    """A rule about the *file* behind a URL, from the ``validations`` of a schema.

    ``metric`` is what is measured (``"file_size_mb"``, ``"width_pixels"``, ``"width/height"``), ``operator``
    the comparison (``"<"``), ``limit`` the limit in the metric's unit, a string for formats, and ``wording``
    the page's own sentence, if it has one. A rule with an unknown metric or operator is kept, and reported
    as unchecked.
    """

    __slots__ = ("limit", "metric", "name", "operator", "wording")

    def __init__(self, metric: str, operator: str, limit: float | str, wording: str = "") -> None:
        self.metric = metric
        self.operator = operator
        self.limit = limit
        self.wording = wording
        #: The rule as the schema writes it, such as ``"width_pixels>"``.
        self.name = metric + operator

    def __repr__(self) -> str:
        return f"MediaRule({self.metric!r}, {self.operator!r}, {self.limit!r}, {self.wording!r})"


class MediaInput:
    """An input that takes URLs of files.

    ``path`` holds the member names from the payload's root to the input; lists are traversed item by item.
    ``kind`` is ``"image"``, ``"video"``, ``"audio"`` or ``"file"``.
    """

    __slots__ = ("kind", "path", "rules")

    def __init__(self, path: tuple[str, ...], kind: str, rules: tuple[MediaRule, ...] = ()) -> None:
        self.path = path
        self.kind = kind
        self.rules = rules

    def __repr__(self) -> str:
        return f"MediaInput({self.path!r}, {self.kind!r}, {self.rules!r})"


#: ``inspect.CO_COROUTINE``; the module is slow to import.
_COROUTINE = 0x80


def is_local(value: Any) -> bool:
    """Whether the value is a local file: a path, ``bytes`` or a binary file object."""
    if is_plain(value) or isinstance(value, type):
        return False
    kind = value.__class__
    if kind is bytes or hasattr(kind, "__fspath__"):
        return True
    # Files opened as text have an encoding, be it None.
    return hasattr(value, "read") and not hasattr(value, "encoding") and not _is_async(value.read)


def _is_async(method: Any) -> bool:
    code = getattr(getattr(method, "__func__", method), "__code__", None)
    return code is not None and bool(code.co_flags & _COROUTINE)


#: Prefixes of URLs whose files can be inspected over the network.
WEB = ("https://", "http://")
#: Endings of host names that are never found on the public internet.
INSIDE = (
    ".localhost", ".local", ".internal", ".intranet", ".lan", ".home", ".corp", ".home.arpa",
    ".localdomain", ".ip6-localhost", ".ip6-loopback",
)  # fmt: skip
#: The last labels of such names.
_LAST_INSIDE = frozenset([ending.rpartition(".")[2] for ending in INSIDE])
#: No host name, and no part of one between dots, is longer.
_LONGEST_LABEL = 63


def is_web(value: object) -> bool:
    """Whether the value is a URL whose file can be inspected over the network."""
    return isinstance(value, str) and value[:8].lower().startswith(WEB)


def is_data(value: object) -> bool:
    """Whether the value is a data URI."""
    return isinstance(value, str) and value[:5].lower() == "data:"


def is_plain_url(url: str) -> bool:
    """A quick check that a URL is unremarkable; ``validation.urls`` explains the others."""
    if url[:8] != "https://" or not url.isascii() or not url.isprintable() or " " in url:
        return False
    host = url[8:].partition("/")[0].lower()
    if not host.replace(".", "").replace("-", "").isalnum() or len(host) > _LONGEST_LABEL:
        return False
    # A last label that starts with a digit is part of an IP address; a bare "xn--" encodes nothing.
    first, _, last = host.rpartition(".")
    odd = not first or host[0] in ".-" or ".." in host or "xn--" in host
    return not odd and last[:1].isalpha() and last not in _LAST_INSIDE


def is_bare_name(text: str) -> bool:
    """Whether the text is a name without a folder or a scheme, such as ``"cat.png"``."""
    return bool(text.strip()) and not any(sign in text for sign in "/\\:")


#: The maximum nesting of lists that are traversed, because a list may contain itself.
_LISTS = 8


def walk(payload: object, path: tuple[str, ...]) -> list[tuple[tuple[str | int, ...], Any]]:
    """The steps and the value of everything at ``path``, item by item through lists."""
    found: list[tuple[tuple[str | int, ...], Any]] = []
    _walk(payload, path, (), 0, found)
    return found


def _walk(
    value: Any,
    names: tuple[str, ...],
    steps: tuple[str | int, ...],
    lists: int,
    found: list[tuple[tuple[str | int, ...], Any]],
) -> None:
    while names and isinstance(value, dict):
        if names[0] not in value:
            return
        value, steps, names = value[names[0]], (*steps, names[0]), names[1:]
    if isinstance(value, (list, tuple)):
        if lists < _LISTS:
            for place, item in enumerate(value):
                _walk(item, names, (*steps, place), lists + 1, found)
    elif not names:
        found.append((steps, value))


def pointer_of(steps: tuple[str | int, ...]) -> str:
    """The JSON pointer that the steps are."""
    return "".join([f"/{pointer_token(step)}" for step in steps])


def urls(payload: object, path: tuple[str, ...]) -> list[Any]:
    """Each URL and local file at ``path``, item by item through lists."""
    return [value for _, value in walk(payload, path) if isinstance(value, str) or is_local(value)]
