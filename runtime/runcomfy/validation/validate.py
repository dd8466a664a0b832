"""``validate``: validates a payload offline."""

from __future__ import annotations

from runcomfy.model.json_values import to_plain
from runcomfy.model.registry import find_model
from runcomfy.model.request import Request, find_violations
from runcomfy.model.violation import UNCHECKED

from .media import GivenFiles, check_media, files_of
from .report import Report, Unchecked

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from runcomfy.media.probe import Source
    from runcomfy.media.remote import RemoteLimits

    Model = str | type[Request[Any]]

__all__ = ["examine", "model_class", "validate"]


def validate(
    model: Model,
    payload: object,
    *,
    files: Mapping[str, Source] | None = None,
    strict: bool = False,
    check_files: str = "local",
    remote_limits: RemoteLimits | None = None,
) -> Report:
    """Validate a payload against its model's schema and, for available files, its media rules.

    ``model`` is a model id or a request class; ``payload`` is plain data or a request. ``files`` maps URLs,
    exactly as in the payload, to the path or content of their file; data URIs are inspected without it.
    Nothing is fetched: a rule whose file is not available is in the report's ``unchecked``. ``strict``
    turns warnings into errors.

    ``check_files="remote"`` also inspects the files behind URLs over the network, within ``remote_limits``:
    size and header, from a few kilobytes each, never at addresses inside your network.

    >>> url = "https://example.com/cat.png"
    >>> report = validate(
    ...     "wan-ai/wan-2-6/image-to-image",
    ...     {"prompt": "two monsters", "image_urls": [url]},
    ...     files={url: "cat.png"},
    ... )
    >>> report.raise_for_errors()
    """
    cls = model_class(model)
    # Files have to be found in the same plain data that is checked.
    payload = to_plain(payload._inputs if isinstance(payload, Request) else payload)
    if check_files == "remote":
        at_hand: GivenFiles | None = files_of(cls._media, payload, files or {}, remote_limits)
    elif check_files == "local":
        at_hand = GivenFiles(files) if files else None
    else:
        raise ValueError(f'check_files must be "local" or "remote", got {check_files!r:.80}')
    return examine(cls, payload, files=at_hand, strict=strict)


def model_class(model: Model) -> type[Request[Any]]:
    """The request class for a model id or for the class itself."""
    if isinstance(model, str):
        return find_model(model)
    if isinstance(model, type) and issubclass(model, Request):
        return model
    raise TypeError(f"model must be a model id or a request class, got {model!r:.80}")


def examine(
    cls: type[Request[Any]],
    payload: object,
    *,
    files: GivenFiles | None = None,
    strict: bool = False,
) -> Report:
    """The report on a payload that is a dict, or no object at all."""
    report = Report(cls.model_id)
    try:
        report.errors = find_violations(cls, payload)
    except ImportError as missing:
        from runcomfy.errors import MissingExtra  # on the failure path only: it costs start-up time

        if not isinstance(missing, MissingExtra):
            raise
        report.errors = missing.violations
        report.unchecked.append(Unchecked("", "schema", str(missing)))
    if report.errors:
        left = [one for one in report.errors if one.rule == UNCHECKED]
        report.errors = [one for one in report.errors if one.rule != UNCHECKED]
        report.unchecked += [Unchecked(one.pointer, "schema", one.message) for one in left]
    if isinstance(payload, dict):
        if not cls._known.issuperset(payload):
            from runcomfy.model.suggestions import CLOSING, unknown_inputs

            # A closed schema has named them already.
            if not any(error.rule in CLOSING and not error.pointer for error in report.errors):
                report.warnings += unknown_inputs(cls, payload)
        if cls._members and any(path[0] in payload for path, _ in cls._members):
            from runcomfy.model.suggestions import unknown_members

            report.warnings += unknown_members(cls, payload)
        if cls._media:
            check_media(cls, payload, files or GivenFiles(None), report)
    if strict:
        report.errors += report.warnings
        report.warnings = []
    return report
