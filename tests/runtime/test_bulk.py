"""Many payloads, one on each line: the same reports as one at a time, whatever reads them."""

from __future__ import annotations

import gzip
import json
import os
import random
import resource
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runcomfy import MissingExtra, Report, UnknownModel, validate, validate_lines
from runcomfy._json import read_line
from runcomfy.bulk import children, ranges
from runcomfy.bulk.scan import _minds_digits, _reader
from runtime.pictures import data_uri, picture
from runtime.sample_model import Sample

WAN = "wan-ai/wan-2-6/image-to-image"
URL = "https://example.com/a.png"
GOOD: dict[str, Any] = {"prompt": "two monsters", "image_urls": [URL]}


def line(**changes: Any) -> bytes:
    return json.dumps({**GOOD, **changes}).encode() + b"\n"


def found(lines: Any, model: Any = WAN, **options: Any) -> dict[int, Report]:
    return dict(validate_lines(model, lines, **options))


@pytest.fixture(params=["orjson", "json"])
def parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Read the lines with orjson, and as if it were not installed."""
    if request.param == "json":
        monkeypatch.setitem(sys.modules, "orjson", None)
    else:
        pytest.importorskip("orjson")
    return str(request.param)


def test_only_lines_that_are_not_clean_are_told_with_their_numbers(parser: str) -> None:
    lines = [line(), line(seed=-1), line(), line(promt="x"), line(), b'{"prompt":\n']
    reports = validate_lines(WAN, lines)
    told = dict(reports)
    assert list(told) == [2, 4, 6]
    assert [error.rule for error in told[2].errors] == ["minimum"]
    assert [warning.rule for warning in told[4].warnings] == ["unknown-input"]
    assert [error.rule for error in told[6].errors] == ["syntax"]
    assert reports.summary.as_dict() == {
        "lines": 6,
        "invalid": 2,
        "warned": 1,
        "unchecked": 25,
    }
    assert str(reports.summary) == (
        "6 payloads, 2 invalid, 1 with warnings only, 25 media rules not checked"
    )


def test_texts_bytes_blank_lines_crlf_and_a_byte_order_mark_are_fine(parser: str) -> None:
    text = line().decode().strip()
    lines: list[Any] = [
        "\ufeff" + text,
        "",
        text + "\r\n",
        " \t\n",
        "  " + text + "  ",
        text.encode(),
    ]
    reports = validate_lines(WAN, lines)
    assert dict(reports) == {}
    assert reports.summary.lines == 4
    assert found([b"\xef\xbb\xbf" + line()]) == {}


#: Lines on which parsers differ, or that are on the edge of what a line may be.
ODD = [
    b"",
    b"   ",
    b"null",
    b"5",
    b'"text"',
    b"[]",
    b'["image_urls"]',
    b"{}",
    b"{} {}",
    b"{},{}",
    b'{"prompt": NaN, "image_urls": []}',
    b'{"prompt": "x", "image_urls": ["https://x/y"], "seed": Infinity}',
    b'{"prompt": "x", "image_urls": ["https://x/y"], "seed": 1e400}',
    b'{"prompt": "x", "image_urls": ["https://x/y"], "seed": 1.0}',
    b'{"prompt": "x", "image_urls": ["https://x/y"], "seed": true}',
    b'{"prompt": "x", "image_urls": ["https://x/y"], "seed": 12345678901234567890123}',
    b'{"prompt": "x", "image_urls": ["https://x/y"], "other": 12345678901234567890123}',
    b'{"prompt": "x", "image_urls": ["https://x/y"], "seed": ' + b"9" * 5000 + b"}",
    b'{"prompt": "\\ud800", "image_urls": ["https://x/y"]}',
    b'{"prompt": "\xff", "image_urls": ["https://x/y"]}',
    b'{"prompt": "\xed\xa0\x80", "image_urls": ["https://x/y"]}',
    b'{"prompt": "\t", "image_urls": ["https://x/y"]}',
    b'{"prompt": "x", "prompt": 5, "image_urls": ["https://x/y"]}',
    b'{"prompt": "x", "image_urls": "https://x/y"}',
    b'{"prompt": "x", "image_urls": [5, null, ["https://x/y"], {}]}',
    b'{"prompt": "x", "image_urls": ["http://x/y"]}',
    b'{"prompt": "x", "image_urls": ["HTTPS://x/y", "https;"]}',
    b'{"prompt": "x", "image_urls": ["https://x/y"], "other": ' + b"[" * 300 + b"]" * 300 + b"}",
    b'{"prompt": ' + b"[" * 1010 + b"]" * 1010 + b"}",
    b"[" * 100_000,
    "{}".encode("utf-16"),
]


def single(raw: bytes, **options: Any) -> Report | None:
    """The report on one line by other means: the standard library, and ``validate``."""
    try:
        report = validate(WAN, json.loads(raw.decode("utf-8-sig")), **options)
    except (ValueError, RecursionError):
        return Report(WAN, [])  # just told apart; the words are another test's
    return report if report.errors or report.warnings else None


def same(report: Report | None, expected: Report | None) -> bool:
    if report is not None and [error.rule for error in report.errors] == ["syntax"]:
        return expected == Report(WAN, [])
    if report is None or expected is None:
        return report is expected
    return repr((report.errors, report.warnings)) == repr((expected.errors, expected.warnings))


@pytest.mark.parametrize("raw", [one for one in ODD if one.strip()], ids=lambda raw: raw[:60])
def test_an_odd_line_has_the_report_that_validate_gives(raw: bytes, parser: str) -> None:
    told = found([line(), raw, line()])
    assert same(told.get(2), single(raw))
    assert set(told) <= {2}


def test_many_odd_lines_together_have_their_reports_in_order(parser: str) -> None:
    chosen = [*ODD, line(), line(seed=-1)] * 30
    random.Random(5).shuffle(chosen)  # noqa: S311  # an order, no secret
    reports = validate_lines(WAN, chosen)
    told = dict(reports)
    assert list(told) == sorted(told)
    for number, raw in enumerate(chosen, 1):
        if raw.strip():
            assert same(told.get(number), single(raw)), raw[:80]
        else:
            assert number not in told
    assert reports.summary.lines == sum(bool(raw.strip()) for raw in chosen)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
PAYLOADS = st.fixed_dictionaries(
    {},
    optional={
        "prompt": st.just("x") | JSON,
        "image_urls": st.just([URL]) | st.lists(st.just(URL) | JSON, max_size=4) | JSON,
        "seed": st.integers(-5, 5) | JSON,
        "image_size": st.just("1024*1024 (1:1)") | JSON,
        "other": JSON,
    },
)


@settings(max_examples=200, deadline=None)
@given(st.lists(PAYLOADS, max_size=5), st.booleans())
def test_lines_and_single_payloads_agree(payloads: list[Any], strict: bool) -> None:
    lines = [json.dumps(payload).encode() for payload in payloads]
    told = found(lines, strict=strict)
    for number, raw in enumerate(lines, 1):
        assert same(told.get(number), single(raw, strict=strict))


def test_the_place_of_a_fault_in_a_line_is_its_column() -> None:
    (error,) = found([b'{"prompt": x}'])[1].errors
    assert error.message == "is no JSON: Expecting value at column 12"
    assert error.value == '{"prompt": x}'
    (error,) = found([b'{"prompt": "\xff"}'])[1].errors
    for cut in (b'{"a": 1,\r\n', b'{"a": 1,'):
        (error,) = found([cut])[1].errors
        assert error.message.endswith("enclosed in double quotes at column 9")
    (error,) = found([b'{"prompt": "\xff"}'])[1].errors
    assert error.message == "is no JSON: the text is not UTF-8 at column 13"


def test_wide_integers_are_told_apart_where_a_rule_can(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("orjson")
    assert _reader(_minds_digits(Sample)) is not read_line
    for schema in ({"maximum": 2**64}, {"multipleOf": 3}, {"anyOf": [{"enum": [-(2**70)]}]}):
        properties = {"properties": {"strength": schema}}
        monkeypatch.setattr(Sample, "input_schema", staticmethod(lambda s=properties: s))
        assert _reader(_minds_digits(Sample)) is read_line
    assert found([json.dumps({"strength": 2**64 + 1})], Sample)[1].errors[0].value == 2**64 + 1


def test_strict_makes_warnings_errors(parser: str) -> None:
    reports = validate_lines(WAN, [line(promt="x"), line(image_urls=["http://x/y"])], strict=True)
    assert [report.errors[0].rule for _, report in reports] == ["unknown-input", "url-scheme"]
    assert reports.summary.invalid == 2


def test_given_files_and_data_uris_are_looked_at(parser: str, tmp_path: Path) -> None:
    small = tmp_path / "small.png"
    small.write_bytes(picture(300, 400))
    lines = [
        line(),
        line(image_urls=["https://example.com/b.png"]),
        line(image_urls=[data_uri(picture(400, 300))]),
        line(image_urls=[data_uri(picture(400, 500))]),
    ]
    reports = validate_lines(WAN, lines, files={URL: small})
    told = {number: [error.rule for error in report.errors] for number, report in reports}
    assert told == {1: ["width_pixels>"], 3: ["height_pixels>"]}
    assert reports.summary.unchecked == 5


def test_a_given_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    reports = validate_lines(WAN, [line()], files={URL: tmp_path / "none"})
    (one,) = dict(reports).values()
    assert one.valid
    assert len(one.unchecked) == 5
    assert reports.summary.unchecked == 5


def test_media_inputs_of_every_shape_are_looked_at_and_counted(parser: str) -> None:
    lines = [
        json.dumps({"image": URL, "pair": [URL, URL], "loras": [{"path": URL}, {"path": URL}]}),
        json.dumps({"loras": [{"path": "x.bin"}]}),
        json.dumps({"image": None, "pair": "https://x"}),
    ]
    reports = validate_lines(Sample, lines)
    told = [(number, report.warnings[0].pointer) for number, report in reports]
    assert told == [(2, "/loras/0/path")]
    assert reports.summary.unchecked == 2 + 2 + 2 + 1 + 1


def test_a_missing_library_an_unknown_model_and_bad_options_raise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def check(payload: object) -> Any:
        raise MissingExtra("Checking tests/sample in full", "schema")

    with pytest.raises(UnknownModel):
        validate_lines("a/b", [])
    with pytest.raises(ValueError, match="at least 1"):
        validate_lines(WAN, [], processes=0)
    monkeypatch.setattr(Sample, "_check", staticmethod(check))
    with pytest.raises(MissingExtra):
        found(["{}"], Sample)


def test_lines_are_read_as_they_are_needed() -> None:
    def endless() -> Iterator[bytes]:
        while True:
            yield line(seed=-1)

    reports = iter(validate_lines(WAN, endless()))
    assert [next(reports)[0] for _ in range(3)] == [1, 2, 3]


many = [line(seed=number if number % 20 else -1, prompt=f"{number}") for number in range(8_000)]


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


@pytest.mark.parametrize("size", [1, 7, 64, 4_096])
@pytest.mark.parametrize("end", [b"", b"\n", b"\n\n"])
def test_every_line_of_a_file_is_read_once_wherever_its_ranges_end(
    size: int, end: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ranges, "_SIZE", size)
    text = b"skipped\n" + b"\n".join([b"a", b"", b"bb" * 40, b"c\r", b"", b"d"]) + end
    file = tmp_path / "lines"
    file.write_bytes(text)
    with file.open("rb") as opened:
        next(opened)
        place = opened.fileno()
        got = [line for where in ranges.ranges(opened) for line in ranges.lines_in(place, where)]
        assert opened.read() == b""
    assert got == text.splitlines(keepends=True)[1:]


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


def test_processes_do_share_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    from runcomfy.bulk import workers as workers

    received = []
    original = workers._Worker.receive

    def receive(self: Any) -> Any:
        received.append(self)
        return original(self)

    monkeypatch.setattr(workers._Worker, "receive", receive)
    assert len(found(many, processes=2)) == 400
    assert received


def test_few_lines_start_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(children, "start", None)
    assert len(found(many[:2_000], processes=4)) == 100


def test_a_small_file_starts_no_process(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(children, "start", None)
    file = tmp_path / "payloads.jsonl"
    file.write_bytes(b"".join(many[:2_000]))
    with file.open("rb") as lines:
        assert len(found(lines, processes=4)) == 100


def test_a_file_that_grows_while_it_is_read_is_read_to_its_end(tmp_path: Path) -> None:
    file = tmp_path / "payloads.jsonl"
    file.write_bytes(line(seed=-1))
    with file.open("rb") as lines:
        reports = iter(validate_lines(WAN, lines))
        assert next(reports)[0] == 1
        with file.open("ab") as more:
            more.writelines([line(), line(seed=-1)])
        assert [number for number, _ in reports] == [3]


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
        "import atexit, os, sys, threading, weakref\n"
        "from runcomfy import validate_lines\n"
        "from runcomfy.bulk import children\n"
        "class Owned: pass\n"
        "thing = Owned()\n"
        "thing.itself = thing\n"
        "weakref.finalize(thing, print, 'given up', flush=True)\n"
        "atexit.register(print, 'ended', flush=True)\n"
        "secret = open(sys.argv[1], 'rb')\n"
        "done = threading.Event()\n"
        f"others = [threading.Thread(target=done.wait) for _ in range({threads} - 1)]\n"
        "for one in others: one.start()\n"
        "copied = []\n"
        "real = os.fork\n"
        "os.fork = lambda: (copied.append(1), real())[1]\n"
        "print('not flushed yet')\n"
        "del thing\n"
        "with open(sys.argv[1], 'rb') as lines:\n"
        f"    reports = dict(validate_lines({WAN!r}, lines, processes=3))\n"
        "done.set()\n"
        "print(len(copied), len(reports), sum(reports))\n"
    )
    told = subprocess.run(
        [sys.executable, "-c", program, str(file)], check=True, capture_output=True, text=True
    )
    with file.open("rb") as lines:
        one = found(lines)
    copied = 2 if threads == 1 else 0
    # What waits in the program's buffers, and for its end, is for the program alone.
    assert sorted(told.stdout.splitlines()) == sorted(
        [f"{copied} {len(one)} {sum(one)}", "not flushed yet", "given up", "ended"]
    )
    assert told.stderr == ""


@pytest.mark.skipif(sys.platform != "linux", reason="processes are copied on Linux only")
def test_a_copy_has_the_file_that_is_read_and_no_other(tmp_path: Path) -> None:
    file = tmp_path / "payloads.jsonl"
    file.write_bytes(b"".join(many * 3))
    program = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from runcomfy import validate_lines\n"
        "secret = open(os.devnull, 'rb')\n"
        "pids = []\n"
        "real = os.fork\n"
        "def fork():\n"
        "    pids.append(real())\n"
        "    return pids[-1]\n"
        "os.fork = fork\n"
        "with open(sys.argv[1], 'rb') as lines:\n"
        f"    reports = iter(validate_lines({WAN!r}, lines, processes=3))\n"
        "    for _ in range(600): next(reports)\n"
        "    for pid in pids:\n"
        "        folder = f'/proc/{pid}/fd'\n"
        "        names = [os.readlink(f'{folder}/{n}') for n in os.listdir(folder) if int(n) > 2]\n"
        "        print(*sorted(name.partition(':')[0] for name in names))\n"
    )
    told = subprocess.run(
        [sys.executable, "-c", program, str(file)], check=True, capture_output=True, text=True
    )
    assert told.stdout.splitlines() == [f"{file} pipe pipe"] * 2


def test_an_exception_in_a_worker_is_raised_here() -> None:
    lines: list[Any] = [*many, 5, *many]
    with pytest.raises((TypeError, AttributeError)):
        found(lines, processes=2)


def test_leaving_off_early_ends_the_workers() -> None:
    before = sorted(Path("/dev/fd").iterdir())
    with validate_lines(WAN, many, processes=3) as reports:
        for _ in range(200):
            next(reports)
        assert sorted(Path("/dev/fd").iterdir()) != before
    assert sorted(Path("/dev/fd").iterdir()) == before
    assert reports.summary.lines < len(many)
    # Children that were left over would be warnings, and so errors, of this test run.


def test_long_lines_are_handed_over_a_few_at_a_time() -> None:
    """Otherwise lines that hold pictures fill the memory."""
    asked = 0

    def lines() -> Iterator[bytes]:
        nonlocal asked
        yield from many[:2_000]
        for _ in range(400):
            asked += 1
            yield line(prompt="x" * 500_000, seed=-1)

    with validate_lines(WAN, lines(), processes=2) as reports:
        next(number for number, _ in reports if number > 2_000)
    assert asked < 100


@pytest.mark.skipif(os.name != "posix", reason="numbers of open files are those of POSIX")
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("streams", ["<&-", ">&-", "<&- >&-", "< {file}", "2>&-"])
def test_workers_get_along_with_any_standard_streams(
    tmp_path: Path, streams: str, threads: int
) -> None:
    file = tmp_path / "payloads.jsonl"
    file.write_bytes(b"".join(many * 3))
    program = (
        "import sys, threading\n"
        "from pathlib import Path\n"
        "from runcomfy import validate_lines\n"
        "done = threading.Event()\n"
        f"others = [threading.Thread(target=done.wait) for _ in range({threads} - 1)]\n"
        "for one in others: one.start()\n"
        "try:\n"
        "    lines = sys.stdin.buffer if sys.argv[1] == '-' else open(sys.argv[1], 'rb')\n"
        f"    with lines, validate_lines({WAN!r}, lines, processes=2) as reports:\n"
        "        Path(sys.argv[2]).write_text(str(len(list(reports))))\n"
        "finally:\n"
        "    done.set()\n"
    )
    read = "-" if streams.startswith("< ") else str(file)
    told = tmp_path / "told"
    command = shlex.join([sys.executable, "-c", program, read, str(told)])
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
def test_a_worker_that_is_killed_is_told_in_a_sentence(tmp_path: Path, threads: int) -> None:
    file = tmp_path / "payloads.jsonl"
    file.write_bytes(b"".join(many * 20))
    program = (
        "import os, signal, sys, threading\n"
        "from runcomfy import RunComfyError, validate_lines\n"
        "from runcomfy.bulk import workers\n"
        "done = threading.Event()\n"
        f"others = [threading.Thread(target=done.wait) for _ in range({threads} - 1)]\n"
        "for one in others: one.start()\n"
        "try:\n"
        f"    with open(sys.argv[1], 'rb') as lines, validate_lines({WAN!r}, lines, processes=3) as found:\n"
        "        next(found)\n"
        "        children = open(f'/proc/self/task/{os.getpid()}/children').read().split()\n"
        "        os.kill(int(children[0]), signal.SIGKILL)\n"
        "        for _ in found: pass\n"
        "except RunComfyError as error:\n"
        "    print(error)\n"
        "finally:\n"
        "    done.set()\n"
    )
    if not Path(f"/proc/self/task/{os.getpid()}/children").exists():
        pytest.skip("this system does not list a process's children")
    ran = subprocess.run(
        [sys.executable, "-c", program, str(file)], check=True, capture_output=True, text=True
    )
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
    _, told = running.communicate(timeout=60)
    assert time.monotonic() - began < 30
    assert told.count("Traceback") == 1
    assert told.rstrip().endswith("KeyboardInterrupt")
