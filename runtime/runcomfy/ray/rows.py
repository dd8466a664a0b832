"""``validate_rows`` over a Ray cluster: the rows of files and objects, checked on its nodes."""

from __future__ import annotations

import sys
from collections.abc import Generator, Mapping
from typing import TYPE_CHECKING, Any

from runcomfy.buckets.opening import is_bucket_url
from runcomfy.validation.lines import LineReports, shared_reports
from runcomfy.validation.rows import lines_of

if TYPE_CHECKING:
    from runcomfy.model.request import Request
    from runcomfy.validation.report import Report

    from .executor import RayExecutor

__all__ = ["validate_rows"]


def validate_rows(
    executor: RayExecutor,
    cls: type[Request[Any]],
    source: str,
    *,
    format: str | None = None,  # noqa: A002  # the word that users know
    files: Mapping[str, bytes] | None = None,
    strict: bool = False,
) -> LineReports:
    """The reports of ``runcomfy.validation.rows.validate_rows``, from the nodes of a cluster.

    Objects of buckets are read by the nodes, in ranges. Files of this machine are read here, unless the cluster is
    this machine, and their lines travel.
    """
    lines: Any = lines_of(source, cls, format)
    given = lines
    if not executor.here and not is_bucket_url(source):
        given = (line for line in lines)  # it has no place that a node could read
    reports = shared_reports(cls, given, executor, executor.workers, files=files, strict=strict)
    return LineReports(_closing(reports, lines), reports.summary)


def _closing(reports: LineReports, lines: Any) -> Generator[tuple[int, Report]]:
    """The reports; the file is closed with them."""
    try:
        yield from reports
    finally:
        reports.close()
        if hasattr(lines, "close") and lines is not getattr(sys.stdin, "buffer", None):
            lines.close()
