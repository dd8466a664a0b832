"""``validate``: the verdicts of a dataset's payloads, as columns."""

from __future__ import annotations

import json
from functools import partial
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from runcomfy.errors import ConfigurationError
from runcomfy.validation.executor import ScanTask, model_of, scan_lines, scan_task
from runcomfy.validation.remote_files import looked_at
from runcomfy.validation.scanner import Scanner
from runcomfy.validation.validate import model_class

from .columns import add_columns, in_utf8, payload_lines

if TYPE_CHECKING:
    from collections.abc import Collection

    from ray.data import Dataset

    from runcomfy.media.remote import RemoteLimits
    from runcomfy.model.violation import Violation
    from runcomfy.validation.report import Report, Unchecked
    from runcomfy.validation.scanner import Line
    from runcomfy.validation.validate import Model

__all__ = ["validate", "validate_table"]

_TEXTS = ("pointer", "rule", "message", "value", "limit")


def validate(
    dataset: Dataset,
    model: Model,
    *,
    column: str | None = None,
    ignore: Collection[str] = (),
    strict: bool = False,
    check_files: str = "local",
    remote_limits: RemoteLimits | None = None,
    **options: Any,
) -> Dataset:
    """The dataset with the verdict of ``runcomfy.validate_lines`` on each row, in four more columns:

    - ``report_valid``, ``bool``: whether the row has no errors; null for a blank row.
    - ``report_errors``, ``list<struct<pointer, rule, message, value, limit>>``, all ``string``; value and limit as JSON.
    - ``report_warnings``, the same with ``stops_run: bool``: whether a run would stop at it.
    - ``report_unchecked``, ``list<struct<pointer, rule, reason, url>>``, all ``string``. Rules about files that were
      not given are not listed, as in ``validate_lines``.

    The payload of a row is the JSON text (or struct) in ``column``; without it, the columns together, where a null is
    an input that is not given, and texts are read by the types of the inputs, as in Parquet files. Columns, or
    members, to ``ignore`` are no part of it. ``check_files="remote"`` looks at the files behind URLs as well;
    ``remote_limits`` holds for each batch. The ``options`` are those of ``map_batches``, such as ``batch_size``.

    Raises ``ConfigurationError`` for a model that other processes cannot import.

    >>> checked = runcomfy.ray.validate(rows, "openai/gpt-image-2/edit", column="payload")
    >>> checked.filter(expr="not report_valid").take(1)[0]["report_errors"][0]["pointer"]
    '/images'
    """
    if check_files not in ("local", "remote"):
        raise ValueError(f'check_files must be "local" or "remote", got {check_files!r:.80}')
    cls = model_class(model)
    task = scan_task(Scanner(cls, None, strict))
    if task is None:
        raise ConfigurationError(
            f"{cls.__module__}.{cls.__qualname__} cannot be imported by other processes; use a class of an installed package"
        )
    step = partial(
        validate_table,
        task=task,
        column=column,
        ignore=tuple(ignore),
        limits=remote_limits,
        remote=check_files == "remote",
    )
    return dataset.map_batches(step, batch_format="pyarrow", zero_copy_batch=True, **options)


def validate_table(
    table: Any,
    task: ScanTask,
    column: str | None,
    ignore: tuple[str, ...],
    limits: RemoteLimits | None = None,
    remote: bool = False,
) -> Any:
    """The Arrow table with the columns of ``validate``: what a worker does with a batch."""
    lines = payload_lines(table, model_of(task), column, ignore)
    if remote:
        # One for each batch: what it learns of files is not kept.
        scanner = Scanner(model_of(task), task.files, task.strict, task.exact)
        scans = scanner.scan(looked_at(scanner, lines, limits))
        reports = _in_order(scans)
    else:
        reports = dict(scan_lines(task, lines).reports)
    return add_columns(table, _columns(lines, reports))


def _in_order(scans: Any) -> dict[int, Report]:
    """The reports of scans that follow each other, by the places of their lines."""
    reports, before = {}, 0
    for scan in scans:
        reports.update({before + index: report for index, report in scan.reports})
        before += scan.lines
    return reports


def _columns(lines: list[Line], reports: dict[int, Report]) -> dict[str, Any]:
    """The columns for the lines, of which those without a report are clean or blank."""
    import pyarrow  # type: ignore[import-untyped]  # it brings no types

    text = pyarrow.string()
    finding = [(name, text) for name in _TEXTS]
    warning = [*finding, ("stops_run", pyarrow.bool_())]
    unchecked = [(name, text) for name in ("pointer", "rule", "reason", "url")]
    valid: list[bool | None] = [True if line.strip() else None for line in lines]
    for place, report in reports.items():
        valid[place] = report.valid
    ordered = sorted(reports.items())
    return {
        "report_valid": pyarrow.array(valid, pyarrow.bool_()),
        "report_errors": _lists(
            len(lines), finding, {n: [*map(_finding, one.errors)] for n, one in ordered}
        ),
        "report_warnings": _lists(len(lines), warning, {n: _warnings(one) for n, one in ordered}),
        "report_unchecked": _lists(
            len(lines), unchecked, {n: [*map(_unchecked, one.unchecked)] for n, one in ordered}
        ),
    }


def _lists(rows: int, members: list[tuple[str, Any]], found: dict[int, list[Any]]) -> Any:
    """A column of lists of structs, of which most are empty: those that are not, by their rows, in order."""
    import pyarrow

    counts = [0] * rows
    for place, items in found.items():
        counts[place] = len(items)
    values = [item for items in found.values() for item in items]
    return pyarrow.ListArray.from_arrays(
        pyarrow.array(accumulate(counts, initial=0), pyarrow.int32()),
        pyarrow.array(values, pyarrow.struct(members)),
    )


def _warnings(report: Report) -> list[dict[str, Any]]:
    slips = report.slips
    return [{**_finding(one), "stops_run": one in slips} for one in report.warnings]


def _finding(violation: Violation) -> dict[str, Any]:
    finding = violation.as_dict()
    return {
        "pointer": in_utf8(violation.pointer),
        "rule": in_utf8(violation.rule),
        "message": in_utf8(violation.message),
        "value": json.dumps(finding["value"], default=str),
        "limit": json.dumps(finding["limit"], default=str),
    }


def _unchecked(one: Unchecked) -> dict[str, Any]:
    return {
        name: None if value is None else in_utf8(str(value))
        for name, value in one.as_dict().items()
    }
