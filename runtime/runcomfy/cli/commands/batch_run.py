"""Running a batch from the command line: its options as values, its progress, its end."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Collection, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from runcomfy.cli.exit_codes import (
    BUDGET,
    DONE,
    FAILED,
    INTERRUPTED,
    NOT_ALLOWED,
    TERMINATED,
    TRY_LATER,
    UNAVAILABLE,
    UNKNOWN,
)
from runcomfy.cli.model_packages import model_of
from runcomfy.cli.output import CommandOutput
from runcomfy.cli.terminal import complain, fit, is_terminal

if TYPE_CHECKING:
    from runcomfy.batch.batch import Batch
    from runcomfy.batch.outcome import BatchOutcome, BatchSummary
    from runcomfy.batch.preflight import Preflight
    from runcomfy.cli.service import Service
    from runcomfy.journal.entry import Spend

__all__ = ["run_batch"]

_FRAME = 0.5
#: Seconds after which the command says what it waits for.
_LONG = 5.0
_CLEAR = "\r\x1b[K"
#: Why a batch stopped -> its exit status.
_STOPPED = {
    "balance": NOT_ALLOWED,
    "token": NOT_ALLOWED,
    "budget": BUDGET,
    "service": UNAVAILABLE,
    "requests": TRY_LATER,
    "error": FAILED,
    "interrupt": INTERRUPTED,
    "terminate": TERMINATED,
}


def run_batch(
    out: CommandOutput,
    service: Service,
    model: str,
    source: str,
    folder: str,
    options: dict[str, Any],
) -> int:
    """Check, run and sum up; the exit status."""
    import anyio

    from runcomfy.batch.batch import single_error
    from runcomfy.batch.folder import batch_folder, is_used
    from runcomfy.batch.options import BatchOptions
    from runcomfy.batch.preflight import look_at, require_good
    from runcomfy.batch.rows import RowSource
    from runcomfy.errors import MissingToken

    cls = model_of(model)
    chosen = BatchOptions(
        map=_pairs("--map", options["mapped"]),
        template=_pairs("--template", options["templates"]),
        set=_values(cls, "--set", options["fixed"]),
        grid={
            name: [_values(cls, "--grid", [f"{name}={one}"])[name] for one in text.split(",")]
            for name, text in _pairs("--grid", options["grids"]).items()
        },
        save=not options["no_save"],
        allow=options["allow"],
        ignore=options["ignore"],
        **{name: options[name] for name in _PLAIN},
    )

    async def main() -> BatchSummary | None:
        from runcomfy.batch.batch import Batch

        async with AsyncExitStack() as stack:
            try:
                client = await stack.enter_async_context(make_client())
            except MissingToken:
                # The rows can be corrected without a token, and those of a new batch be counted.
                found = look_at(rows, cls, chosen, {})
                require_good(found, chosen, rows.name)
                if not options["dry_run"] or is_used(batch_folder(folder)):
                    raise
                _print_found(out, found, chosen.price, dry=True)
                return None
            engine = client.engine(options["engine"], options["address"])
            user = stack.enter_context(service.journal())
            batch = stack.enter_context(Batch(client, cls, rows, folder, chosen, user, engine))
            found = await batch.prepare(dry=options["dry_run"])
            _print_found(out, found, batch.price, dry=options["dry_run"])
            if options["dry_run"]:
                return None
            summary = await _run(out, batch, found)
            _print_end(out, batch, summary)
            return summary

    with _input(source) as path, service.async_clients(None) as make_client:
        from_stdin = source == "-"
        rows = RowSource(
            cls,
            path,
            chosen,
            format=options["format"] or ("jsonl" if from_stdin else None),
            base=Path() if from_stdin else None,
        )
        with single_error():
            ended = anyio.run(main)
    if ended is None:
        return DONE
    if options["notify"]:
        _notify(options["notify"], ended)  # the folder is free again
    return _status(ended)


_PLAIN = (
    "jobs", "submits", "rate", "max_cost", "max_requests", "price", "price_margin", "timeout", "name", "bucket", "skip_invalid",
    "retry_failed", "stop_on_error", "accept_restored",
)  # fmt: skip


def _pairs(option: str, given: tuple[str, ...]) -> dict[str, str]:
    pairs = {}
    for one in given:
        name, equals, value = one.partition("=")
        if not equals or not name:
            raise click.UsageError(f"{option} {one}: write it as NAME=VALUE.")
        pairs[name] = value
    return pairs


def _values(cls: Any, option: str, given: Any) -> dict[str, Any]:
    """Values read by the types of the model's inputs, as ``run`` reads them."""
    from runcomfy.cli.values import read_arguments
    from runcomfy.model.declared_inputs import inputs_of

    try:
        return read_arguments(given, inputs_of(cls))
    except click.UsageError as error:
        raise click.UsageError(f"{option} {error.message}") from None


@contextmanager
def _input(source: str) -> Iterator[Path]:
    """The input file. Rows are read twice, so standard input is copied to a temporary file."""
    from runcomfy.validation.row import RowsUnreadable

    if source != "-":
        yield Path(source)
        return
    with tempfile.TemporaryDirectory(prefix="runcomfy-") as folder:
        kept = Path(folder, "standard-input")
        with kept.open("wb") as stream:
            shutil.copyfileobj(sys.stdin.buffer, stream)
        try:
            yield kept
        except RowsUnreadable as error:
            words = str(error).replace(str(kept), "standard input")
            raise RowsUnreadable(words) from None


async def _run(out: CommandOutput, batch: Batch, found: Preflight) -> BatchSummary:
    import anyio

    if batch.paused:
        from shlex import quote

        out.note(
            f"The batch is paused. Go on with: runcomfy-py batch resume {quote(str(batch.folder))}"
        )
    progress = _Progress(out, batch, found.rows)
    async with _signals(out, batch), anyio.create_task_group() as group:
        group.start_soon(progress.animate)
        await batch.run(progress.take)
        group.cancel_scope.cancel()
    progress.clear()
    return batch.summary


@asynccontextmanager
async def _signals(out: CommandOutput, batch: Batch) -> AsyncIterator[None]:
    """On the first Ctrl-C or SIGTERM, start no further rows; on the second, exit at once. The journal has the rows in flight."""
    import anyio

    async def listen() -> None:
        with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as received:
            async for number in received:
                if batch.stopping:
                    out.note(
                        f"{batch.running} requests in flight continue at the service; rerun the command to resume."
                    )
                    # Ending the tasks would cancel requests at the service; the journal is made for ends like this.
                    signal.signal(number, signal.SIG_DFL)
                    signal.raise_signal(number)
                batch.stop("interrupt" if number == signal.SIGINT else "terminate")
                out.note(
                    f"Stopping: {batch.running} requests in flight are still being awaited. Press Ctrl-C again to stop at "
                    "once; rerun the command to resume."
                )

    async with anyio.create_task_group() as group:
        group.start_soon(listen)
        yield
        group.cancel_scope.cancel()


class _Progress:
    """Done, running, failed, unknown, cost, rate and time left: a line drawn anew, or one a change."""

    def __init__(self, out: CommandOutput, batch: Batch, rows: int) -> None:
        self._out, self._batch, self._rows = out, batch, rows
        self._started = time.monotonic()
        self._animated = not out.quiet and is_terminal(sys.stderr)

    def take(self, outcome: BatchOutcome) -> None:
        """Report a row that has ended."""
        if self._out.as_json:
            self._out.json(outcome.as_dict(self._batch.folder))
        elif not self._animated and outcome.state != "waiting":
            error = f": {outcome.error}" if outcome.error else ""
            self._out.note(f"row {outcome.row} ({outcome.key}): {outcome.state}{error}")

    async def animate(self) -> None:
        """Draw the line now and then."""
        import anyio
        from anyio.to_thread import run_sync

        while self._animated:
            try:
                width = os.get_terminal_size(sys.stderr.fileno()).columns
            except (OSError, ValueError):
                width = 80
            # The journal first writes down what is pending, and the rows do not wait for that.
            spent = await run_sync(self._batch.journal.spend)
            shown = fit(
                self._line(spent.values()), (width or 80) - 1, sys.stderr.encoding or "ascii"
            )
            sys.stderr.write(_CLEAR + shown)
            sys.stderr.flush()
            await anyio.sleep(_FRAME)

    def _line(self, spent: Collection[Spend]) -> str:
        summary = self._batch.summary
        done = summary.states.total()
        seconds = max(time.monotonic() - self._started, 0.001)
        words = [f"{done}/{self._rows} rows", f"{self._batch.running} running"]
        if self._batch.paused:
            words.append("paused")
        words += [
            f"{count} {state}"
            for state, count in sorted(summary.states.items())
            if state != "succeeded"
        ]
        words.append(
            f"${sum(one.settled for one in spent):.2f} + ${sum(one.reserved for one in spent):.2f} reserved"
        )
        rate = done / seconds
        if rate and done < self._rows:
            words.append(f"{rate:.1f} rows/s, {(self._rows - done) / rate:,.0f} s left")
        return ", ".join(words)

    def clear(self) -> None:
        """Erase the progress line."""
        if self._animated:
            sys.stderr.write(_CLEAR)
            sys.stderr.flush()


def _print_found(out: CommandOutput, found: Preflight, price: float | None, *, dry: bool) -> None:
    estimate = None if price is None else found.new * price
    if dry and out.as_json:
        out.json(
            {
                "rows": found.rows,
                "new": found.new,
                "invalid": len(found.invalid),
                "known": dict(sorted(found.known.items())),
                "price": price,
                "estimate": estimate,
                "samples": found.samples,
            }
        )
        return
    known = ", ".join(f"{count} {state}" for state, count in sorted(found.known.items()))
    noun = "row" if found.rows == 1 else "rows"
    line = f"{found.rows} {noun}: {found.new} to run, {len(found.invalid)} invalid" + (
        f", from before: {known}" if known else ""
    )
    cost = "the price is unknown" if estimate is None else f"estimated cost ${estimate:.2f}"
    (out.line if dry else out.note)(f"{line}; {cost}")
    if found.rekeyed:
        out.note(
            f"warning: {found.rekeyed} of them are already in the folder under keys that no row has now; they would be "
            "paid again. Were keys changed, or the key column removed?"
        )
    for sample in found.samples if dry else ():
        out.line(json.dumps(sample, ensure_ascii=False, default=str))


def _print_end(out: CommandOutput, batch: Batch, summary: BatchSummary) -> None:
    states = ", ".join(f"{count} {state}" for state, count in sorted(summary.states.items()))
    out.note(f"{states}; ${summary.settled:.4f} spent, ${summary.reserved:.4f} reserved")
    if summary.stopped:
        rerun = "with a higher --max-cost " if summary.stopped == "budget" else ""
        out.note(f"Stopped: {summary.reason}. Rerun the command {rerun}to resume.")
    if summary.states["unknown"]:
        from shlex import quote

        out.note(
            f"{summary.states['unknown']} rows have an unknown outcome and are never resubmitted automatically. Check the requests in your "
            f"RunComfy account, then settle each: runcomfy-py journal resolve KEY --journal {quote(str(batch.folder))}"
        )
    if out.as_json:
        out.json({"summary": summary.as_dict()})
    else:
        out.line(str(batch.results))


def _notify(command: str, summary: BatchSummary) -> None:
    """Run the user's own command, in a shell as it was written."""
    running = subprocess.Popen(command, shell=True, stdin=subprocess.PIPE, text=True)  # noqa: S602  # that is what the option says
    try:
        running.communicate(json.dumps(summary.as_dict()), timeout=_LONG)
    except subprocess.TimeoutExpired:
        complain("--notify is still running; the batch has ended, and Ctrl-C stops waiting for it")
        running.communicate()
    if running.returncode:
        complain(f"--notify ended with status {running.returncode}")


def _status(summary: BatchSummary) -> int:
    """The exit status: an interruption takes precedence over unknown rows, and those over other reasons to stop."""
    if summary.stopped not in ("interrupt", "terminate") and summary.states["unknown"]:
        return UNKNOWN
    if summary.stopped:
        return _STOPPED[summary.stopped]
    return FAILED if summary.failed or not summary.complete else DONE
