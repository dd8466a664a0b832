"""``runcomfy-py validate`` as a process: what it prints, and its exit status."""

from __future__ import annotations

import json
import os
import pty
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from runcomfy.extras import install_command
from support.pictures import picture

WAN = "wan-ai/wan-2-6/image-to-image"
URL = "https://example.com/a.png"
GOOD: dict[str, Any] = {"prompt": "two monsters", "image_urls": [URL]}
PROGRAM = [sys.executable, "-c", "import sys; from runcomfy.cli import main; sys.exit(main())"]
VALID, MISUSE, INVALID = 0, 64, 65


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    save("good.json", GOOD)
    save("wrong.json", {**GOOD, "seed": -1, "promt": 1})
    return tmp_path


def save(name: str, payload: object) -> None:
    Path(name).write_text(json.dumps(payload), encoding="utf-8")


def run(*arguments: str, given: bytes = b"", **environment: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [*PROGRAM, *arguments],
        input=given,
        capture_output=True,
        check=False,
        env={**os.environ, **environment},
    )
    told = done.stderr.decode()
    assert "Traceback" not in told
    return done.returncode, done.stdout.decode(), told


def check(*arguments: str, **options: Any) -> tuple[int, str, str]:
    return run("validate", WAN, *arguments, **options)


def test_a_valid_payload_is_status_0_and_says_what_was_not_checked(folder: Path) -> None:
    status, out, told = check("good.json")
    assert status == VALID
    assert out.startswith("good.json is valid, 5 rules not checked\n")
    assert "--file URL=PATH" in told


def test_an_invalid_payload_is_status_65_and_a_line_per_finding(folder: Path) -> None:
    status, out, _ = check("wrong.json")
    assert status == INVALID
    first, *others = out.splitlines()
    assert first == "wrong.json is invalid, 1 error, 1 warning, 5 rules not checked"
    assert others[0] == "error\t/seed\tmust be at least 0, got -1"
    assert others[1].startswith(
        "warning (stops a run)\t/promt\tis not an input of this model; did you"
    )


def test_findings_that_would_stop_a_run_say_so(folder: Path) -> None:
    save("slip.json", {**GOOD, "promt": 1})
    status, out, _ = check("slip.json")
    assert status == VALID
    assert out.startswith("slip.json is valid, 1 warning, 5 rules not checked, would stop a run\n")
    told = json.loads(check("slip.json", "--json")[1])
    assert (told["valid"], told["stops_run"]) == (True, True)
    assert [one["stops_run"] for one in told["warnings"]] == [True]
    assert json.loads(check("good.json", "--json")[1])["stops_run"] is False


@pytest.mark.parametrize("name", ["cat.png", "./cat.png", "file:///cat.png"])
def test_a_path_as_text_is_advised_in_words_of_the_command(folder: Path, name: str) -> None:
    save("slip.json", {**GOOD, "image_urls": [name]})
    for told in (check("slip.json")[1], check("slip.json", "--json")[1]):
        assert "; write a local file as NAME=@FILE" in told
        assert "pathlib" not in told


def test_several_files_and_folders_are_checked_in_one_run(folder: Path) -> None:
    Path("more/deep").mkdir(parents=True)
    save("more/deep/b.json", GOOD)
    save("more/a.json", {})
    Path("more/notes.txt").write_text("not a payload", encoding="utf-8")
    Path("more/c.jsonl").write_text(json.dumps(GOOD) + "\n", encoding="utf-8")
    status, out, _ = check("good.json", "more", "--json")
    told = [json.loads(line) for line in out.splitlines()]
    assert status == INVALID
    assert [(one["file"], one.get("valid")) for one in told] == [
        ("good.json", True),
        ("more/a.json", False),
        ("more/c.jsonl", None),
        ("more/deep/b.json", True),
    ]


def test_a_folder_without_payloads_is_not_passed(folder: Path) -> None:
    Path("empty").mkdir()
    status, out, told = check("empty")
    assert (status, out) == (INVALID, "")
    assert "no payload in empty" in told


def test_quiet_shows_what_is_invalid_only(folder: Path) -> None:
    assert check("good.json", "-q") == (VALID, "", "")
    assert "must be at least 0" in check("good.json", "wrong.json", "-q")[1]


def test_strict_makes_warnings_count(folder: Path) -> None:
    save("odd.json", {**GOOD, "promt": 1})
    assert check("odd.json")[0] == VALID
    assert check("odd.json", "--strict")[0] == INVALID


def test_an_allowed_rule_is_no_finding(folder: Path) -> None:
    save("odd.json", {**GOOD, "promt": 1})
    assert check("odd.json", "--strict", "--allow", "unknown-input")[0] == VALID
    assert "stops a run" not in check("odd.json", "--allow", "unknown-input")[1]


def test_an_allowed_rule_counts_in_no_line(folder: Path) -> None:
    lines = [GOOD, {**GOOD, "promt": 1}, {**GOOD, "promt": 1, "seed": -1}]
    Path("rows.jsonl").write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    _, out, _ = check("rows.jsonl", "--strict", "--allow", "unknown-input", "--json")
    *findings, total = map(json.loads, out.splitlines())
    assert [one["line"] for one in findings] == [3]
    assert (total["summary"]["invalid"], total["summary"]["warned"]) == (1, 0)


def test_an_unknown_rule_cannot_be_allowed(folder: Path) -> None:
    status, _, told = check("good.json", "--allow", "unknown-inputs")
    assert status == MISUSE
    assert "did you mean 'unknown-input'" in told


def test_json_output_is_the_report(folder: Path) -> None:
    status, out, _ = check("wrong.json", "--json")
    told = json.loads(out)
    assert status == INVALID
    assert [error["rule"] for error in told["errors"]] == ["minimum"]
    assert (told["model_id"], told["valid"], len(told["unchecked"])) == (WAN, False, 5)


def test_a_file_is_inspected_and_its_url_may_hold_an_equals_sign(folder: Path) -> None:
    Path("a.png").write_bytes(picture(300, 400))
    url = "https://example.com/a.png?size=1&x=2"
    save("query.json", {**GOOD, "image_urls": [url]})
    status, out, told = check("query.json", "--file", f"{url}=a.png", "--json")
    assert (status, told) == (INVALID, "")
    assert [error["rule"] for error in json.loads(out)["errors"]] == ["width_pixels>"]
    Path("a.png").write_bytes(picture(500, 400))
    status, out, _ = check("query.json", "--file", f"{url}=a.png")
    assert status == VALID
    assert out.startswith("query.json is valid\n")


def test_a_file_for_a_url_that_nobody_uses_is_noted(folder: Path) -> None:
    Path("a.png").write_bytes(b"")
    status, _, told = check("good.json", "--file", "https://example.com/b.png=a.png")
    assert status == VALID
    assert "no media input of the payload is https://example.com/b.png" in told


def test_a_file_of_lines_that_is_read_as_one_payload_says_how_to_read_it(folder: Path) -> None:
    Path("lines.json").write_text(f"{json.dumps(GOOD)}\n" * 2, encoding="utf-8")
    status, out, told = check("lines.json", "--json")
    assert (status, told) == (
        INVALID,
        "runcomfy-py: note: if each line is a payload, pass --lines\n",
    )
    assert [error["rule"] for error in json.loads(out)["errors"]] == ["syntax"]
    assert check("lines.json", "--lines")[0] == VALID


def test_a_list_of_payloads_says_how_to_check_several(folder: Path) -> None:
    save("list.json", [GOOD, GOOD])
    status, _, told = check("list.json")
    assert status == INVALID
    assert "each on its own line and pass --lines" in told


@pytest.mark.parametrize("content", [b"", b"\n \n"])
def test_lines_without_any_payload_are_not_passed(folder: Path, content: bytes) -> None:
    Path("none.jsonl").write_bytes(content)
    status, out, told = check("none.jsonl")
    assert (status, out) == (INVALID, "none.jsonl: 0 payloads, 0 invalid\n")
    assert told == "runcomfy-py: none.jsonl contains no payload\n"
    status, _, told = check("-", "--lines", "--json", given=content)
    assert (status, told) == (INVALID, "runcomfy-py: standard input contains no payload\n")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b'{\n "prompt": "x",,\n}', "at line 2, column 16"),
        (b"", "Expecting value at line 1, column 1"),
        (b'{"prompt":\n "\xff"}', "the text is not UTF-8 at line 2, column 3"),
        (b"[" * 100_000, "it is nested too deeply to be read"),
        (b'{"seed": ' + b"9" * 5000 + b"}", "a number with too many digits"),
    ],
)
def test_invalid_json_is_status_65_with_its_place(
    folder: Path, content: bytes, reason: str
) -> None:
    Path("bad.json").write_bytes(content)
    status, out, _ = check("bad.json", COLUMNS="400")
    assert status == INVALID
    assert reason in out
    assert len(out) < 2500


def test_a_byte_order_mark_and_crlf_are_fine(folder: Path) -> None:
    text = json.dumps(GOOD, indent=1).replace("\n", "\r\n")
    Path("windows.json").write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert check("windows.json")[0] == VALID


def test_nan_in_a_file_is_a_violation(folder: Path) -> None:
    Path("nan.json").write_text('{"prompt": "x", "image_urls": ["https://x/y"], "seed": NaN}')
    status, out, _ = check("nan.json", "--json")
    assert status == INVALID
    assert [error["pointer"] for error in json.loads(out)["errors"]] == ["/seed"]


def test_lines_are_reported_with_their_numbers_and_totals(folder: Path) -> None:
    lines = [json.dumps(GOOD), "", json.dumps({**GOOD, "seed": -1}), "{bad"]
    Path("many.jsonl").write_text("\r\n".join(lines), encoding="utf-8-sig", newline="")
    status, out, _ = check("many.jsonl", COLUMNS="400")
    assert status == INVALID
    assert out.splitlines() == [
        "many.jsonl:3  error  /seed  must be at least 0, got -1",
        "many.jsonl:4  error  payload  is not valid JSON: Expecting property name enclosed in double quotes at "
        'column 2, got "{bad"',
        "many.jsonl: 3 payloads, 2 invalid, 10 media rules not checked",
    ]
    status, out, _ = check("many.jsonl", "--json", "--processes", "2")
    told = [json.loads(row) for row in out.splitlines()]
    assert [row.get("line") for row in told] == [3, 4, None]
    totals = {"lines": 3, "invalid": 2, "warned": 0, "unchecked": 10}
    assert told[2] == {"file": "many.jsonl", "summary": totals}
    Path("fine.jsonl").write_text(lines[0], encoding="utf-8")
    summary = "fine.jsonl: 1 payload, 0 invalid, 5 media rules not checked\n"
    assert check("fine.jsonl")[:2] == (VALID, summary)


def test_standard_input_is_json_or_lines(folder: Path) -> None:
    raw = json.dumps(GOOD).encode()
    assert check("-", given=raw)[0] == VALID
    assert check("-", given=raw + b"\n" + raw)[0] == INVALID
    assert check("-", "--lines", given=raw + b"\n" + raw)[0] == VALID


def test_a_model_that_is_unknown_is_reported_with_the_option_that_adds_its_package(
    folder: Path,
) -> None:
    status, _, told = run("validate", "me/mine", "good.json")
    assert status == MISUSE
    assert "then pass it with --package my_models." in told
    assert "register" not in told


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["validate", "wan-ai/wan-2-6/image-to-imge", "good.json"], f"Did you mean '{WAN}'"),
        (["validate", WAN, "none.json"], "'none.json' cannot be read: No such file or directory"),
        (["validate", WAN, "a\tb.json"], r"'a\tb.json' cannot be read"),
        (["validate", WAN, "good.json", "--file", "a.png"], "'a.png' is not of the form URL=PATH"),
        (["validate", WAN, "good.json", "--file", "https://x=none"], "there is no file 'none'"),
        (["validate", WAN, "good.json", "--stict"], "Did you mean '--strict'?"),
        (["validate", WAN, "good.json", "--processes", "0"], "0 is not in the range"),
        (
            ["validate", WAN, "good.json", "--package", "none"],
            "the package 'none' cannot be imported",
        ),
        (
            ["validate", WAN, "good.json", "--package", "json"],
            "was not generated by 'runcomfy-codegen",
        ),
        (["validate", WAN, "good.json", "--package", "."], "'.'"),
        (["validate", WAN], "Missing argument 'PAYLOAD...'"),
        (["validat"], "Did you mean 'validate'?"),
        ([], "Missing command"),
    ],
)
def test_misuse_is_status_64_and_one_line(
    folder: Path, arguments: list[str], sentence: str
) -> None:
    status, out, told = run(*arguments)
    assert (status, out) == (MISUSE, "")
    assert sentence in told
    assert told.count("\n") == 1


def test_models_of_a_package_of_ones_own_are_found(folder: Path) -> None:
    package = Path("my_models")
    (package / "me").mkdir(parents=True)
    (package / "__init__.py").write_text("_OWNERS = {'me': 'me'}\n", encoding="utf-8")
    (package / "me" / "__init__.py").write_text(
        "_MODELS = 'mine Mine\\tme/mine\\n'\n", encoding="utf-8"
    )
    (package / "me" / "mine.py").write_text(
        "from runcomfy.model import Output, Request, Violation\n"
        "def check(payload):\n"
        "    print('a model that prints')\n"
        "    return [] if 'a' in payload else [Violation('', 'required', payload, 'a')]\n"
        "class Mine(Request):\n"
        "    __slots__ = ()\n"
        "    model_id = 'me/mine'\n"
        "    output_type = Output\n"
        "    a: int\n"
        "    _check = staticmethod(check)\n",
        encoding="utf-8",
    )
    path = os.pathsep.join([str(folder), *sys.path])
    options = ("--package", "my_models")
    assert run("validate", "me/mine", "-", *options, given=b"{}", PYTHONPATH=path)[0] == INVALID
    lines = b'{"a": 1}\n' * 5_000
    status, out, _ = run(
        "validate", "me/mine", "-", "--lines", "--processes", "2", *options,
        given=lines,
        PYTHONPATH=path,
    )  # fmt: skip
    assert (status, out.splitlines()[-1]) == (VALID, "standard input: 5,000 payloads, 0 invalid")


def test_what_a_payload_holds_does_not_steer_the_terminal(folder: Path) -> None:
    evil = "\x1b[2J\x07\u202e\x9b31m[red]:smile:\r\n"
    save("evil.json", {**GOOD, "image_size": evil, evil: 1, "image_urls": [evil]})
    for options in ([], ["--json"]):
        status, out, told = check("evil.json", *options, COLUMNS="400")
        assert status == INVALID
        assert not set("\x1b\x07\u202e\x9b\r") & set(out + told)
    assert "[red]:smile:" in check("evil.json", COLUMNS="400")[1]
    status, _, told = run("validate", evil.strip(), "good.json")
    assert status == MISUSE
    assert "\x1b" not in told


def test_a_terminal_without_unicode_gets_escapes(folder: Path) -> None:
    save("text.json", {**GOOD, "image_size": "猫"})
    status, out, _ = check("text.json", PYTHONIOENCODING="ascii", COLUMNS="400")
    assert status == INVALID
    assert r"\u732b" in out


def test_a_schema_that_was_not_checked_is_not_passed(folder: Path) -> None:
    program = (
        "import sys\n"
        "from runcomfy import MissingExtra\n"
        "from runcomfy_models.wan_ai import Wan2_6ImageToImage as Wan\n"
        "def check(payload): raise MissingExtra('Checking it in full', 'schema')\n"
        "Wan._check = staticmethod(check)\n"
        "from runcomfy.cli import main\n"
        "sys.exit(main())\n"
    )
    lines = ["good.json", "--lines"]
    for arguments in (["good.json"], lines):
        done = subprocess.run(
            [sys.executable, "-c", program, "validate", WAN, *arguments],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == MISUSE
        assert install_command("schema") in done.stderr
        assert "Traceback" not in done.stderr


def test_without_its_library_the_command_names_the_pip_line() -> None:
    program = f"import sys; sys.modules['click'] = None; {PROGRAM[2]}"
    done = subprocess.run(
        [sys.executable, "-c", program, "--version"], capture_output=True, text=True, check=False
    )
    assert done.returncode == MISUSE
    assert done.stderr == f"runcomfy-py needs another library: {install_command('cli')}\n"


def test_help_and_version_are_status_0() -> None:
    assert "--file URL=PATH" in run("validate", "--help")[1]
    assert run("--version")[1].startswith("runcomfy-py, version ")


def test_python_m_is_the_command_too(folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "runcomfy", "validate", WAN, "wrong.json"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == INVALID
    assert "must be at least 0, got -1" in done.stdout


def bad_lines(folder: Path) -> Path:
    path = folder / "bad.jsonl"
    path.write_text(json.dumps({"prompt": 5}) + "\n", encoding="utf-8")
    path.write_text(path.read_text(encoding="utf-8") * 20_000, encoding="utf-8")
    return path


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_reader_that_has_seen_enough_is_no_error(folder: Path, options: list[str]) -> None:
    running = subprocess.Popen(
        [*PROGRAM, "validate", WAN, str(bad_lines(folder)), *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert running.stdout
    assert running.stderr
    running.stdout.readline()
    running.stdout.close()
    assert running.stderr.read() == b""
    running.stderr.close()
    assert running.wait(60) == 141


def test_ctrl_c_is_quiet(folder: Path) -> None:
    running = subprocess.Popen(
        [*PROGRAM, "validate", WAN, "-", "--lines", "--processes", "2"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        process_group=0,
    )
    assert running.stdin
    assert running.stdout
    running.stdin.write(b'{"prompt": 5}\n' * 4_000)
    running.stdin.flush()
    running.stdout.readline()
    os.killpg(running.pid, signal.SIGINT)  # as a terminal does: everybody gets it
    _, told = running.communicate(timeout=60)
    assert (running.returncode, told) == (130, b"")


def test_on_a_terminal_the_verdict_is_coloured(folder: Path) -> None:
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "80"}
    environment.pop("NO_COLOR", None)
    running = subprocess.Popen(
        [*PROGRAM, "validate", WAN, "wrong.json"], stdout=theirs, env=environment
    )
    os.close(theirs)
    shown = b""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            data = os.read(ours, 65_536)
        except OSError:  # how Linux says that the other side was closed
            break
        if not data:
            break
        shown += data
    os.close(ours)
    assert running.wait(60) == INVALID
    assert b"\x1b[1;31m" in shown


def test_without_standard_input_a_dash_is_misuse() -> None:
    command = shlex.join([sys.executable, "-m", "runcomfy", "validate", WAN, "-"])
    shell = ["sh", "-c", f"{command} <&-"]
    ran = subprocess.run(shell, check=False, capture_output=True, text=True)
    assert (ran.returncode, ran.stdout) == (MISUSE, "")
    assert "no standard input" in ran.stderr


def test_a_folder_is_no_file(folder: Path) -> None:
    status, _, told = run("validate", WAN, "good.json", "--file", f"{URL}={folder}")
    assert (status, "is a folder" in told) == (MISUSE, True)
