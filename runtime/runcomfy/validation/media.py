"""The media inputs of a payload: their URLs, and the rules about the files behind them."""

from __future__ import annotations

from runcomfy.model.media import is_data, is_local, is_plain_url, is_web, pointer_of, urls, walk
from runcomfy.model.violation import Violation

from .report import Unchecked

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from runcomfy.media.probe import MediaInfo, Source
    from runcomfy.media.remote import RemoteLimits
    from runcomfy.model.media import MediaInput, MediaRule
    from runcomfy.model.request import Request

    from .report import FileReport, Report

__all__ = ["ADVICE", "GivenFiles", "NOT_ASKED", "REMOTE", "check_media", "files_of", "remote_urls"]

#: The name of the warning about a file that is larger than the pages advise.
ADVICE = "advised-size"
REMOTE = "its file is remote and was not given"
_NO_ADDRESS = "its URL is not a web URL, and its file was not given"
#: The reasons of rules whose files were not to be inspected.
NOT_ASKED = (REMOTE, _NO_ADDRESS)
_MALFORMED = "cannot be read: it is not of the form data:TYPE;base64,CONTENT"


#: The advice that every model's page gives: kind -> MB, and its words. It is no rule.
_ADVICE = {
    "image": (50, "images ≤ 50 MB (~4K)"),
    "video": (100, "videos ≤ 100 MB (~2–5 min @ 720p)"),
}


class GivenFiles:
    """The files that a caller passed for URLs; each is inspected once.

    With ``list_remote`` off, rules about files that were not passed are only counted, in ``remote``. ``known``
    holds facts of files that are known already. With ``probe_urls`` off, files are not inspected, and only the
    text of URLs is checked. ``local_service``: whether the service runs on this machine.
    """

    def __init__(
        self,
        given: Mapping[str, Source] | None,
        list_remote: bool = True,
        known: Mapping[str, MediaInfo] | None = None,
        *,
        look: bool = True,
        local_service: bool = False,
    ) -> None:
        if given and not hasattr(given, "keys"):
            raise TypeError(f"files must map URLs to files: {{url: path}}, got {given!r:.80}")
        self._given = given or {}
        self._known: dict[str, MediaInfo] = {**(known or {})}
        self.list_remote = list_remote
        self.look = look
        self.local_service = local_service
        self.remote = 0
        #: Whether there may be files behind URLs.
        self.any = bool(given or known)

    def know(self, found: Mapping[str, MediaInfo]) -> None:
        """Add facts of more files."""
        self._known.update(found)
        self.any = True

    def info(self, url: Any) -> MediaInfo | None:
        """The facts of a local file, or of the file behind a URL; ``None`` if it is not available."""
        if not isinstance(url, str):  # a file that is uploaded knows what it holds
            return getattr(url, "media_info", None) or _probe(url)
        info = self._known.get(url)
        if info is None:
            if url in self._given:
                info = self._known[url] = _probe(self._given[url])
            elif is_data(url):
                info = _probe_data(url)
        return info

    def fault(self, url: Any) -> str:
        """Why a file cannot be used: a local file does not exist, or the file is empty; ``""`` otherwise."""
        if not isinstance(url, str):
            from runcomfy.model.local_files import fault

            return fault(url)
        if not self.any and not is_data(url):
            return ""
        info = self.info(url)
        if info is None:
            return ""
        return _MALFORMED if info.reason == _MALFORMED else "is empty" if info.size == 0 else ""


def check_media(
    cls: type[Request[Any]], payload: object, files: GivenFiles, report: Report
) -> None:
    """Add the findings about the payload's URLs and their files to the report."""
    for media in cls._media:
        plain_ones = files.any or media.rules  # else there is nothing to say about plain URLs
        for steps, url in walk(payload, media.path):
            is_text = isinstance(url, str)
            is_plain = is_text and is_plain_url(url)
            if (is_plain and not plain_ones) or not (is_text or is_local(url)):
                continue
            pointer = pointer_of(steps)
            if is_text and not is_plain:
                _check_url(cls, media, pointer, url, files, report)
            if files.look and (files.any or not is_text or is_data(url)):
                _check_file(media, pointer, url, files, report)
            elif files.look:
                _leave_unchecked(media, pointer, url, files, report)


def _check_url(
    cls: type[Request[Any]],
    media: MediaInput,
    pointer: str,
    url: str,
    files: GivenFiles,
    report: Report,
) -> None:
    from .urls import demo_faults, url_warning

    odd = url_warning(pointer, url, local_service=files.local_service)
    # Some community workflows take names of files that are there already.
    if odd and odd.rule not in demo_faults(cls, media):
        report.warnings.append(odd)


def _check_file(
    media: MediaInput, pointer: str, url: Any, files: GivenFiles, report: Report
) -> None:
    wrong = files.fault(url)
    if wrong:
        report.errors.append(Violation(pointer, "file", _name(url), None, wrong))
        return
    info = files.info(url)
    if info is not None:
        _check_facts(media, pointer, _name(url), info, report)
    else:
        _leave_unchecked(media, pointer, url, files, report)


def _leave_unchecked(
    media: MediaInput, pointer: str, url: Any, files: GivenFiles, report: Report
) -> None:
    """Count or list the rules about a file that is not available."""
    if not files.list_remote:
        files.remote += len(media.rules)
        return
    reason = REMOTE if is_web(url) else _NO_ADDRESS
    report.unchecked += [Unchecked(pointer, rule.name, reason, url) for rule in media.rules]


def _check_facts(
    media: MediaInput, pointer: str, url: str, info: MediaInfo, report: Report
) -> None:
    """Check the rules of an input against the facts of one file."""
    from runcomfy.media.rules.metrics import problem

    from .file_kinds import check_kind
    from .report import FileReport

    found = FileReport(pointer, url, info)
    report.files.append(found)
    check_kind(media, found, report)
    for rule in media.rules:
        reason = problem(rule.metric, rule.operator, rule.limit)
        if not reason:
            reason = _check_rule(rule, found, report)
        if reason:
            unchecked = Unchecked(pointer, rule.name, reason, url)
            report.unchecked.append(unchecked)
            found.unchecked.append(unchecked)
    _check_advice(media, found, report)


def _check_rule(rule: MediaRule, found: FileReport, report: Report) -> str:
    """Check a rule; why it cannot be, where it cannot."""
    from runcomfy.media.rules.bounds import BREAKS, HOLDS, explain, judge
    from runcomfy.media.rules.metrics import metric

    measured = metric(rule.metric)
    values = measured.values(found.info)
    if values is None:
        words = " and ".join(dict.fromkeys(measured.facts)).replace("_", " ")
        return found.info.reason or f"its {words} is unknown"
    verdict = judge(values, rule.operator, rule.limit)
    if verdict == HOLDS:
        found.held.append(rule.name)
        return ""
    breaks = verdict == BREAKS
    (found.broken if breaks else found.unclear).append(rule.name)
    message = explain(rule, verdict, measured.units) + _about(found.url)
    violation = Violation(found.pointer, rule.name, values[0], rule.limit, message)
    (report.errors if breaks else report.warnings).append(violation)
    return ""


def _check_advice(media: MediaInput, found: FileReport, report: Report) -> None:
    info = found.info
    limit, advice = _ADVICE.get(info.kind or media.kind, (0, ""))
    if not limit or info.size is None or info.size <= limit * 10**6:
        return
    message = f"may be too large: the models' pages advise {advice}{_about(found.url)}"
    found.unclear.append(ADVICE)
    report.warnings.append(Violation(found.pointer, ADVICE, info.size / 10**6, limit, message))


def _about(url: str) -> str:
    """The file at the end of a sentence about it."""
    from runcomfy.model.messages import show

    nameless = is_data(url) or url.endswith(" bytes")  # the form that ``name_of`` gives to bytes
    return "" if nameless else f", in the file {show(url)}"


# Few payloads hold local files, so what is known of these is imported when one does.


def _name(url: Any) -> str:
    if isinstance(url, str):
        return url
    from runcomfy.model.local_files import name_of

    return name_of(url)


def _probe(source: Source) -> MediaInfo:
    from runcomfy.media.probe import probe

    return probe(source)


def _probe_data(url: str) -> MediaInfo:
    from runcomfy.media.probe import MediaInfo, content_of, probe

    content = content_of(url)
    return MediaInfo(reason=_MALFORMED) if content is None else probe(content)


def remote_urls(inputs: Iterable[MediaInput], payload: object) -> list[str]:
    """The URLs of a payload that can be inspected over the network, in order, each once."""
    found = (value for media in inputs for value in urls(payload, media.path))
    return list(dict.fromkeys(value for value in found if is_web(value)))


def files_of(
    inputs: Iterable[MediaInput],
    payload: object,
    given: Mapping[str, Source],
    limits: RemoteLimits | None = None,
) -> GivenFiles:
    """The files of a payload: those passed in, and the remote files of the other URLs."""
    files = GivenFiles(given)
    wanted = [url for url in remote_urls(inputs, payload) if url not in given]
    if wanted:
        from runcomfy.media.remote import probe_urls

        files.know(probe_urls(wanted, limits))
    return files
