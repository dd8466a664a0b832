"""``validate_json``: validates one payload given as JSON text."""

from __future__ import annotations

from .json_text import NotJSON, read_json
from .msgspec_decoder import clean_decoder
from .report import Report
from .validate import examine, model_class, validate

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from runcomfy.media.probe import Source
    from runcomfy.media.remote import RemoteLimits
    from runcomfy.model.request import Request

    from .validate import Model

__all__ = ["validate_json"]


def validate_json(
    model: Model,
    text: str | bytes,
    *,
    files: Mapping[str, Source] | None = None,
    strict: bool = False,
    check_files: str = "local",
    remote_limits: RemoteLimits | None = None,
) -> Report:
    """Validate a payload given as JSON text, with the report of ``validate``.

    A text that is no JSON has one error, whose rule is ``"syntax"``. With msgspec (extra ``fast``), a clean
    payload is recognised while it is decoded; the reports are the same without it. The other arguments are those
    of ``validate``.

    >>> report = validate_json("openai/gpt-image-2/edit", b'{"prompt": "add a hat", "images": []}')
    >>> print(report.errors[0])
    /images: must have at least 1 item, got a list with 0 items
    """
    cls = model_class(model)
    if not files and check_files == "local" and (report := _clean(cls, text)):
        return report
    try:
        payload = read_json(text)
    except NotJSON as error:
        return Report(cls.model_id, [error.violation(text)])
    return validate(
        cls,
        payload,
        files=files,
        strict=strict,
        check_files=check_files,
        remote_limits=remote_limits,
    )


def _clean(cls: type[Request[Any]], text: str | bytes) -> Report | None:
    """The report on a payload that is certainly clean; ``None`` if that is not certain."""
    decoder = clean_decoder(cls)
    if decoder is None:
        return None
    try:
        payload = decoder.decode(text)
    except (ValueError, RecursionError):
        return None
    rules = decoder.remote_rules([decoder.media_values(payload)], set())
    if rules is None:
        return None
    if not rules:
        return Report(cls.model_id)
    from msgspec import to_builtins

    return examine(cls, to_builtins(payload))  # it lists the file rules that were not checked
