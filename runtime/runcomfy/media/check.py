"""The media inputs of a payload: their URLs, and the rules about the files behind them."""

from __future__ import annotations

from runcomfy._plain import token
from runcomfy.report import Unchecked
from runcomfy.violation import Violation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from typing import Any

    from runcomfy.report import Report

    from .inputs import MediaInput, MediaRule
    from .probe import MediaInfo, Source

__all__ = ["Files", "check_media", "urls"]

REMOTE = "its file is remote and was not given"
_MALFORMED = "its data URI cannot be read"
_SCHEMES = ("https:", "data:")
#: Lists inside lists that are walked. A list may contain itself, so there has to be an end.
_LISTS = 8


def _ratio(info: MediaInfo) -> float | None:
    return info.width / info.height if info.width and info.height else None


#: Metric -> how it is taken from the facts of a file; sizes are in bytes.
METRICS: dict[str, Callable[[MediaInfo], float | None]] = {
    "file_size_mb": lambda info: info.size,
    "width_pixels": lambda info: info.width,
    "height_pixels": lambda info: info.height,
    "width/height": _ratio,
}


class Files:
    """The files that a caller gave for URLs; each is looked at once.

    Where ``list_remote`` is off, rules about files that were not given are only counted, in
    ``remote``.
    ``known`` holds what was found of files elsewhere.
    """

    def __init__(
        self,
        given: Mapping[str, Source] | None,
        list_remote: bool = True,
        known: Mapping[str, MediaInfo] | None = None,
    ) -> None:
        self._given = given or {}
        self._known: dict[str, MediaInfo] = {**(known or {})}
        self.list_remote = list_remote
        self.remote = 0

    def info(self, url: Any) -> MediaInfo | None:
        """The facts of a local file, or of the file behind a URL; ``None`` where there is none to look at."""
        if not isinstance(url, str):
            return _probe(url)
        info = self._known.get(url)
        if info is None:
            if url in self._given:
                info = self._known[url] = _probe(self._given[url])
            elif url[:5].lower() == "data:":
                info = _probe_data(url)
        return info


def check_media(
    inputs: Iterable[MediaInput], payload: object, files: Files, report: Report
) -> None:
    """Add to the report what is to be said of the payload's URLs and of the files behind them."""
    for media in inputs:
        for pointer, url in urls(payload, media.path):
            if not isinstance(url, str):
                fault = _fault(pointer, url)
                if fault:
                    report.errors.append(fault)
                    continue
            elif not url[:6].lower().startswith(_SCHEMES):
                report.warnings.append(_odd_scheme(pointer, url))
            if media.rules:
                _check_file(media.rules, pointer, url, files, report)


def urls(payload: object, path: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    """Pointer and value of each URL and local file at ``path``, item by item where lists lie on the way."""
    waiting: list[tuple[Any, int, str, int]] = [(payload, 0, "", 0)]
    while waiting:
        value, step, pointer, lists = waiting.pop()
        if isinstance(value, (list, tuple)):
            if lists < _LISTS:
                items = [(item, step, f"{pointer}/{i}", lists + 1) for i, item in enumerate(value)]
                waiting += reversed(items)
        elif step < len(path):
            if isinstance(value, dict) and path[step] in value:
                inner = f"{pointer}/{token(path[step])}"
                waiting.append((value[path[step]], step + 1, inner, lists))
        elif isinstance(value, str) or _is_local(value):
            yield pointer, value


def _check_file(
    rules: tuple[MediaRule, ...], pointer: str, url: Any, files: Files, report: Report
) -> None:
    info = files.info(url)
    if info is None and not files.list_remote:
        files.remote += len(rules)
        return
    for rule in rules:
        reason = REMOTE if info is None else _unmeasurable(rule, info)
        if reason:
            report.unchecked.append(Unchecked(pointer, rule.name, reason, _name(url)))
        elif info is not None:
            _check_rule(rule, pointer, info, report)


def _unmeasurable(rule: MediaRule, info: MediaInfo) -> str:
    """Why the rule cannot be checked, ``""`` where it can."""
    if rule.metric not in METRICS:
        return f"nothing is known of the metric {rule.metric}"
    from .bounds import OPERATORS

    if rule.operator not in OPERATORS:
        return f"nothing is known of the operator {rule.operator}"
    return info.reason if METRICS[rule.metric](info) is None else ""


def _check_rule(rule: MediaRule, pointer: str, info: MediaInfo, report: Report) -> None:
    from .bounds import BREAKS, HOLDS, explain, in_unit, judge

    measured = METRICS[rule.metric](info) or 0
    verdict = judge(rule.metric, rule.operator, measured, rule.limit)
    if verdict == HOLDS:
        return
    findings = report.errors if verdict == BREAKS else report.warnings
    value = in_unit(rule.metric, measured)
    findings.append(Violation(pointer, rule.name, value, rule.limit, explain(rule, verdict)))


# Few payloads hold local files, so what is known of these is imported when one does.


def _is_local(value: object) -> bool:
    from .local import is_local

    return is_local(value)


def _name(url: Any) -> str:
    if isinstance(url, str):
        return url
    from .local import name_of

    return name_of(url)


def _fault(pointer: str, file: object) -> Violation | None:
    from .local import fault

    wrong = fault(file)
    return Violation(pointer, "file", _name(file), None, wrong) if wrong else None


def _odd_scheme(pointer: str, url: str) -> Violation:
    words = "should be an https URL or a data URI: the service may not reach anything else"
    return Violation(pointer, "url-scheme", url, "https", words)


def _probe(source: Source) -> MediaInfo:
    from .probe import probe

    return probe(source)


def _probe_data(url: str) -> MediaInfo:
    from .probe import MediaInfo, content_of, probe

    content = content_of(url)
    return MediaInfo(reason=_MALFORMED) if content is None else probe(content)
