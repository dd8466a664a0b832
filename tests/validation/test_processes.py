"""Many payloads shared out to other processes: the same reports in the same order, and nothing is left behind."""

from __future__ import annotations

import gzip
import os
import pickle
import resource
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from runcomfy import RunComfyError, validate_lines
from runcomfy.model.registry import find_model
from runcomfy.validation import executor, workers
from runcomfy.validation.scanner import Scanner
from support.payload_lines import URL, WAN, found, line
from support.pictures import picture
from support.sample_model import Sample

many = [line(seed=number if number % 20 else -1, prompt=f"{number}") for number in range(8_000)]


def threaded(threads: int, program: str) -> list[str]:
    """The command of a program with so many threads: with one it is copied, with more new interpreters start."""
    start = (
        "import os, signal, sys, threading\n"
        "from pathlib import Path\n"
        "from runcomfy import RunComfyError, validate_lines\n"
        "done = threading.Event()\n"
        f"for _ in range({threads} - 1):\n"
        "    threading.Thread(target=done.wait, daemon=True).start()\n"
    )
    return [sys.executable, "-c", start + program]


@pytest.mark.parametrize("processes", [2, 3])
@pytest.mark.parametrize("kind", ["bytes", "text", "both"])
def test_several_processes_give_the_same_reports_in_the_same_order(
    processes: int, kind: str, tmp_path: Path
) -> None:
    lines: list[Any] = [*many, b"{bad", "\n", line(image_urls=[URL, "x"]), line(other=[1.5, {}])]
    if kind == "text":
        lines = [raw if isinstance(raw, str) else raw.decode() for raw in lines]
    elif kind == "bytes":
        lines = [raw if isinstance(raw, bytes) else raw.encode() for raw in lines]
    files: dict[str, Any] = {URL: picture(300, 500), "x": tmp_path / "none"}
    one = validate_lines(WAN, lines, files=files)
    several = validate_lines(WAN, lines, files=files, processes=processes)
    assert list(several) == list(one)
    assert several.summary.as_dict() == one.summary.as_dict()


@pytest.mark.parametrize("opener", [open, gzip.open], ids=["plain", "gzip"])
def test_a_file_gives_the_same_reports_in_several_processes(opener: Any, tmp_path: Path) -> None:
    file = tmp_path / "payloads.jsonl"
    with opener(file, "wb") as lines:
        lines.writelines([*many, line(prompt="x" * 2_000_000), line(seed=-1), *many])
    with opener(file, "rb") as lines:
        one = found(lines)
    with opener(file, "rb") as lines:
        assert found(lines, processes=3) == one
    assert len(one) == 801


def test_an_open_file_among_the_given_ones_stays_in_this_process(tmp_path: Path) -> None:
    file = tmp_path / "a.png"
    file.write_bytes(picture(300, 500))
    with file.open("rb") as opened:
        reports = found(many, processes=2, files={URL: opened})
    assert len(reports) == len(many)  # the picture is too narrow in every line


@pytest.mark.skipif(sys.platform != "linux", reason="processes are copied on Linux only")
def test_processes_do_share_the_work(tmp_path: Path) -> None:
    """Each piece waits until a second process has one: a pool with an idle process would start no other."""
    file, seen = tmp_path / "payloads.jsonl", tmp_path / "seen"
    file.write_bytes(b"".join(many * 8))
    seen.mkdir()
    program = (
        "import time\n"
        "from runcomfy.validation import executor\n"
        "seen, original = Path(sys.argv[2]), executor._joined\n"
        "def joined(scans):\n"
        "    (seen / str(os.getpid())).touch()\n"
        "    ends = time.monotonic() + 30\n"
        "    while len([*seen.iterdir()]) < 2 and time.monotonic() < ends:\n"
        "        time.sleep(0.005)\n"
        "    return original(scans)\n"
        "executor._joined = joined\n"
        "with open(sys.argv[1], 'rb') as lines:\n"
        f"    print(len(dict(validate_lines({WAN!r}, lines, processes=3))))\n"
    )
    command = [*threaded(1, program), str(file), str(seen)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert done.stdout == "3200\n"
    assert len([*seen.iterdir()]) > 1


def test_few_lines_start_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "worker_processes", None)
    assert len(found(many[:2_000], processes=4)) == 100


def test_a_small_file_starts_no_process(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(workers, "worker_processes", None)
    file = tmp_path / "payloads.jsonl"
    file.write_bytes(b"".join(many[:2_000]))
    with file.open("rb") as lines:
        assert len(found(lines, processes=4)) == 100


def test_a_class_that_other_processes_cannot_import_is_checked_here() -> None:
    class Local(Sample):
        """Not to be found by its name."""

        __slots__ = ()

    lines = [b'{"strength": "x"}'] * 5_000
    assert len(found(lines, Local, processes=2)) == 5_000


@pytest.mark.skipif(sys.platform != "linux", reason="processes are copied on Linux only")
@pytest.mark.parametrize("threads", [1, 2])
def test_copies_of_a_process_and_new_ones_report_the_same(tmp_path: Path, threads: int) -> None:
    """A program with one thread is copied, one with two starts new interpreters."""
    file = tmp_path / "payloads.jsonl"
    with file.open("wb") as lines:
        lines.writelines([*many, line(prompt="x" * 2_000_000), *many])
    program = (
        "import atexit, weakref\n"
        "class Owned: pass\n"
        "thing = Owned()\n"
        "thing.itself = thing\n"
        "weakref.finalize(thing, print, 'given up', flush=True)\n"
        "atexit.register(print, 'ended', flush=True)\n"
        "secret = open(sys.argv[1], 'rb')\n"
        "copied = []\n"
        "real = os.fork\n"
        "os.fork = lambda: (copied.append(1), real())[1]\n"
        "print('not flushed yet')\n"
        "del thing\n"
        "with open(sys.argv[1], 'rb') as lines:\n"
        f"    reports = dict(validate_lines({WAN!r}, lines, processes=3))\n"
        "print(len(copied), len(reports), sum(reports))\n"
    )
    command = [*threaded(threads, program), str(file)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    with file.open("rb") as lines:
        one = found(lines)
    copied = 2 if threads == 1 else 0
    # What waits in the program's buffers, and for its end, is for the program alone.
    assert sorted(done.stdout.splitlines()) == sorted(
        [f"{copied} {len(one)} {sum(one)}", "not flushed yet", "given up", "ended"]
    )
    assert done.stderr == ""


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="asks Linux for the processes")
@pytest.mark.parametrize("threads", [1, 2])
def test_workers_end_with_the_program_however_it_ends(tmp_path: Path, threads: int) -> None:
    file = tmp_path / "payloads.jsonl"
    file.write_bytes(b"".join(many * 20))
    program = (
        "lines = open(sys.argv[1], 'rb')\n"
        f"reports = validate_lines({WAN!r}, lines, processes=3)\n"
        "next(reports)\n"
        "children = open(f'/proc/self/task/{os.getpid()}/children').read().split()\n"
        "print(*children, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    command = [*threaded(threads, program), str(file)]
    # The output ends when the last process that holds it has ended.
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert done.returncode == -signal.SIGKILL
    assert len(done.stdout.split()) == 2


@pytest.mark.parametrize("replaced", [True, False])
def test_a_file_that_is_replaced_while_it_is_read_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, replaced: bool
) -> None:
    for name in ("_BYTES", "_LEAST"):  # more chunks than may be ahead of the first report
        monkeypatch.setattr(executor, name, 2**16)
    file = tmp_path / "payloads.jsonl"
    file.write_bytes(b"".join(many * 40))
    with file.open("rb") as lines, validate_lines(WAN, lines, processes=2) as reports:
        next(reports)
        file.unlink()
        if replaced:
            file.write_bytes(b"{}\n")
        with pytest.raises(RunComfyError, match=r"payloads.jsonl was replaced or removed"):
            list(reports)


def test_a_file_that_has_no_name_any_more_is_shared_all_the_same(tmp_path: Path) -> None:
    file = tmp_path / "payloads.jsonl"
    file.write_bytes(b"".join(many * 3))
    with file.open("rb") as lines:
        file.unlink()
        assert found(lines, processes=2) == found(many * 3)


def test_large_given_files_stay_in_this_process() -> None:
    reports = found(many, processes=2, files={URL: picture(300, 500) + bytes(2**21)})
    assert len(reports) == len(many)


def test_another_engines_executor_takes_its_chunks_over_pickle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The seam for engines that span machines: calls, arguments and results can be pickled."""

    class Elsewhere:
        def submit(self, call: Any, /, *args: Any) -> Future[Any]:
            call, args = pickle.loads(pickle.dumps((call, args)))  # noqa: S301  # just made
            done: Future[Any] = Future()
            done.set_result(pickle.loads(pickle.dumps(call(*args))))  # noqa: S301  # just made
            return done

    monkeypatch.setattr(executor, "_BYTES", 2**17)
    file = tmp_path / "payloads.jsonl"
    file.write_bytes(b"".join(many))
    scanner = Scanner(find_model(WAN), {"https://other": b"x"}, strict=False)
    task = executor.scan_task(scanner)
    assert task
    with file.open("rb") as lines:
        scans = list(executor.share(scanner, task, iter(lines), Elsewhere(), 2))
    assert len(scans) > 3
    assert [report for scan in scans for _, report in scan.reports] == [*found(many).values()]


def test_an_exception_in_a_worker_is_raised_here() -> None:
    lines: list[Any] = [*many, 5, *many]
    with pytest.raises((TypeError, AttributeError)):
        found(lines, processes=2)


def test_leaving_off_early_ends_the_workers() -> None:
    before = sorted(Path("/dev/fd").iterdir())
    with validate_lines(WAN, many * 8, processes=3) as reports:
        for _ in range(200):
            next(reports)
        assert sorted(Path("/dev/fd").iterdir()) != before
    assert sorted(Path("/dev/fd").iterdir()) == before
    assert reports.summary.lines < 8 * len(many)
    # Children that were left over would be warnings, and so errors, of this test run.


def test_long_lines_are_handed_over_a_few_at_a_time() -> None:
    """Otherwise lines that hold pictures fill the memory."""
    asked = 0

    def lines() -> Iterator[bytes]:
        nonlocal asked
        yield from many[:2_000]
        for _ in range(2_000):
            asked += 1
            yield line(prompt="x" * 500_000, seed=-1)

    with validate_lines(WAN, lines(), processes=2) as reports:
        next(number for number, _ in reports if number > 2_000)
    # A few pieces lie ready for each process, and more are read while the first report is on its way.
    assert asked < 400


@pytest.mark.skipif(os.name != "posix", reason="numbers of open files are those of POSIX")
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("streams", ["<&-", ">&-", "<&- >&-", "< {file}", "2>&-"])
def test_workers_get_along_with_any_standard_streams(
    tmp_path: Path, streams: str, threads: int
) -> None:
    file = tmp_path / "payloads.jsonl"
    file.write_bytes(b"".join(many * 3))
    program = (
        "lines = sys.stdin.buffer if sys.argv[1] == '-' else open(sys.argv[1], 'rb')\n"
        f"with lines, validate_lines({WAN!r}, lines, processes=2) as reports:\n"
        "    Path(sys.argv[2]).write_text(str(len(list(reports))))\n"
    )
    read = "-" if streams.startswith("< ") else str(file)
    told = tmp_path / "told"
    command = shlex.join([*threaded(threads, program), read, str(told)])
    redirected = f"{command} {streams.format(file=shlex.quote(str(file)))}"
    subprocess.run(["sh", "-c", redirected], check=True)
    assert told.read_text() == str(3 * len(found(many)))


@pytest.mark.skipif(os.name != "posix", reason="numbers of open files are those of POSIX")
def test_workers_get_along_with_more_than_a_thousand_open_files() -> None:
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (2_000, limits[1]))
    with ExitStack() as files:
        files.callback(resource.setrlimit, resource.RLIMIT_NOFILE, limits)
        for _ in range(1_100):
            files.enter_context(Path(os.devnull).open("rb"))
        assert len(found(many, processes=2)) == len(found(many))


@pytest.mark.parametrize("threads", [1, 2])
def test_a_worker_that_is_killed_is_reported_in_a_sentence(tmp_path: Path, threads: int) -> None:
    file = tmp_path / "payloads.jsonl"
    file.write_bytes(b"".join(many * 20))
    program = (
        "from runcomfy.validation import executor\n"
        "executor._BYTES = executor._LEAST = 2**16\n"
        "try:\n"
        f"    with open(sys.argv[1], 'rb') as lines, validate_lines({WAN!r}, lines, processes=3) as found:\n"
        "        next(found)\n"
        "        children = open(f'/proc/self/task/{os.getpid()}/children').read().split()\n"
        "        os.kill(int(children[0]), signal.SIGKILL)\n"
        "        for _ in found: pass\n"
        "except RunComfyError as error:\n"
        "    print(error)\n"
    )
    if not Path(f"/proc/self/task/{os.getpid()}/children").exists():
        pytest.skip("this system does not list a process's children")
    command = [*threaded(threads, program), str(file)]
    ran = subprocess.run(command, check=True, capture_output=True, text=True)
    assert ran.stdout.startswith("a worker process ended before its work was done")
    assert ran.stderr == ""


def test_a_script_needs_no_main_guard_and_ctrl_c_ends_it_at_once(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "from runcomfy import validate_lines\n"
        f"line = {many[1]!r}\n"
        f"bad = {many[0]!r}\n"
        "def lines():\n"
        "    for _ in range(5_000):\n"
        "        yield line\n"
        "    while True:\n"
        "        yield bad\n"
        f"for number, report in validate_lines({WAN!r}, lines(), processes=2):\n"
        "    if number == 20_000:\n"
        "        print('working', flush=True)\n",
        encoding="utf-8",
    )
    running = subprocess.Popen(
        [sys.executable, str(script)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        process_group=0,
    )
    assert running.stdout
    assert running.stdout.readline() == "working\n"
    os.killpg(running.pid, signal.SIGINT)  # as a terminal does: everybody gets it
    began = time.monotonic()
    _, err = running.communicate(timeout=60)
    assert time.monotonic() - began < 30
    assert err.count("Traceback") == 1
    assert err.rstrip().endswith("KeyboardInterrupt")


@pytest.mark.skipif(sys.platform != "linux", reason="processes are copied on Linux only")
def test_a_worker_that_cannot_be_started_is_reported_in_a_sentence(tmp_path: Path) -> None:
    file = tmp_path / "payloads.jsonl"
    file.write_bytes(b"".join(many * 2))
    program = (
        "def none(): raise BlockingIOError(11, 'Resource temporarily unavailable')\n"
        "os.fork = none\n"
        "try:\n"
        f"    with open(sys.argv[1], 'rb') as lines: list(validate_lines({WAN!r}, lines, processes=2))\n"
        "except RunComfyError as error:\n"
        "    print(error)\n"
    )
    command = [*threaded(1, program), str(file)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    words = (
        "a worker process could not be started: Resource temporarily unavailable; use one process"
    )
    assert done.stdout.splitlines() == [words]
