"""run, submit, status, wait, result and cancel, as processes against the mock service."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest
from PIL import Image

from runcomfy.mock import MockService, small_output
from runcomfy.mock.fake_output import MadeFile
from runcomfy.testing import mock_service
from support.command import PROGRAM, run

from .conftest import TOKEN

pytestmark = pytest.mark.slow  # each test starts several interpreters

EDIT = "openai/gpt-image-2/edit"
URL = "https://example.com/a.png"
INPUTS = ["prompt=a hat", f"images={URL}"]


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Iterator[MockService]:
    """A service at which requests stay in the queue."""
    with mock_service(polls_in_queue=10_000, make_output=small_output) as running:
        monkeypatch.setenv("RUNCOMFY_BASE_URL", running.url)
        monkeypatch.setenv("RUNCOMFY_TOKEN", TOKEN)
        yield running


def submitted(service: MockService) -> str:
    ran = run("submit", EDIT, *INPUTS)
    assert ran.status == 0, ran.err
    return ran.lines[0]


def test_run_saves_the_files_and_prints_their_paths(service: MockService) -> None:
    ran = run("run", EDIT, *INPUTS, "quality=low", "-o", "out")
    assert ran.status == 0, ran.err
    assert [Path(line).read_bytes()[:4] for line in ran.lines] == [b"\x89PNG"]
    assert service.accepted == 1
    assert service.jobs[0].payload == {"prompt": "a hat", "images": [URL], "quality": "low"}
    assert "succeeded, cost $0.04" in ran.err


def test_local_files_and_texts_go_with_the_request(service: MockService) -> None:
    Image.new("RGB", (500, 500)).save("cat.png")
    Path("prompt.txt").write_text("a hat\n", encoding="utf-8")
    ran = run("run", EDIT, "prompt=@prompt.txt", "images=@cat.png", "images=@cat.png", "--no-save")
    assert ran.status == 0, ran.err
    payload = service.jobs[0].payload
    assert payload["prompt"] == "a hat"
    assert [url[:22] for url in payload["images"]] == ["data:image/png;base64,"] * 2
    assert ran.lines[0].startswith(service.url)


def test_inputs_can_come_as_json_and_arguments_come_on_top(service: MockService) -> None:
    given = json.dumps({"prompt": "a hat", "images": [URL]})
    Path("inputs.json").write_text(given, encoding="utf-8")
    for options in (["--input", given], ["--input-file", "inputs.json"], ["--input-file", "-"]):
        ran = run("run", EDIT, "prompt=a cat", *options, "--no-save", given=given.encode())
        assert ran.status == 0, ran.err
    prompts = [job.payload["prompt"] for job in service.jobs]
    assert prompts == ["a cat"] * 3


def test_json_is_an_object_per_job_with_these_fields(service: MockService) -> None:
    ran = run("run", EDIT, *INPUTS, "-n", "2", "--json", "--name", "{model}-{run}-{index}{ext}")
    assert ran.status == 0, ran.err
    assert [sorted(one) for one in ran.json] == [
        ["cost", "created_at", "error", "files", "finished_at", "model_id", "output", "request_id", "state"]
    ] * 2  # fmt: skip
    first = ran.json[0]
    assert (first["state"], first["model_id"], first["error"]) == ("succeeded", EDIT, None)
    assert first["files"][0]["path"] == "openai-gpt-image-2-edit-1-1.png"
    assert Path("openai-gpt-image-2-edit-2-1.png").exists()


def test_a_name_that_is_taken_gets_a_number(service: MockService) -> None:
    for _ in range(2):
        assert run("run", EDIT, *INPUTS, "--name", "hat").status == 0
    assert sorted(path.name for path in Path().iterdir()) == ["hat (2).png", "hat.png"]


def test_a_file_has_the_extension_of_its_content(monkeypatch: pytest.MonkeyPatch) -> None:
    jpeg = MadeFile("image-1.png", "image/png", b"\xff\xd8\xff\xe0" + bytes(100))
    with mock_service(
        make_output=lambda *_, **__: ({"image": "{file:image-1.png}"}, [jpeg])
    ) as one:
        monkeypatch.setenv("RUNCOMFY_BASE_URL", one.url)
        monkeypatch.setenv("RUNCOMFY_TOKEN", "any")
        for _ in range(2):
            assert run("run", EDIT, *INPUTS, "--name", "hat").status == 0
    assert sorted(path.name for path in Path().iterdir()) == ["hat (2).jpg", "hat.jpg"]


def test_an_invalid_payload_is_refused_before_anything_is_sent(service: MockService) -> None:
    ran = run("run", EDIT, "prompt=a hat", "quality=best")
    assert (ran.status, ran.out) == (65, "")
    assert "images is required" in ran.err
    assert 'must be one of "low", "medium", "high"' in ran.err
    assert f"runcomfy-py show {EDIT}" in ran.err
    assert service.count("submit") == 0


def test_a_file_that_is_not_there_is_refused_before_anything_is_sent(service: MockService) -> None:
    ran = run("run", EDIT, "prompt=x", "images=@none.png")
    assert ran.status == 65
    assert "No such file" in ran.err
    assert service.count("submit") == 0


def test_a_folder_that_cannot_be_made_is_reported_before_anything_is_sent(
    service: MockService,
) -> None:
    Path("file").write_text("", encoding="utf-8")
    ran = run("run", EDIT, *INPUTS, "-o", "file/out")
    assert ran.status == 73
    assert "file/out" in ran.err
    assert service.count("submit") == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--name", "{nmae}.png"], "no field {nmae}; the fields are {model}"),
        (["--name", "../x"], "without folders"),
        (["--input", "[1]"], "must be a JSON object"),
        (["--input", "{"], "--input is not valid JSON"),
        (["--input-file", "none.json"], "'none.json' cannot be read"),
        (["--input", "{}", "--input-file", "-"], "not both"),
        (["--timeout", "nan"], "not a finite number"),
        (["-n", "0"], "not in the range"),
    ],
)
def test_misuse_is_status_64(service: MockService, arguments: list[str], message: str) -> None:
    ran = run("run", EDIT, *INPUTS, *arguments)
    assert (ran.status, ran.out) == (64, "")
    assert message in ran.err
    assert service.count("submit") == 0


def test_a_model_that_is_not_installed_is_refused_unless_unchecked(service: MockService) -> None:
    ran = run("run", "me/mine", "a=1")
    assert ran.status == 64
    assert "--package" in ran.err
    ran = run("submit", "me/mine", "a=1", "--unchecked")
    assert ran.status == 65  # the service does not know it either
    assert service.count("submit") == 1


def test_submit_status_wait_and_result_continue_in_other_processes(service: MockService) -> None:
    request_id = submitted(service)
    assert run("status", request_id).out.split()[:2] == [request_id, "completed"]
    waited = run("wait", request_id, "-o", "waited")
    assert waited.status == 0, waited.err
    assert Path(waited.lines[0]).exists()
    fetched = run("result", request_id, "--json", "--no-save")
    assert fetched.json[0]["request_id"] == request_id
    assert service.accepted == 1


def test_no_wait_is_submit(service: MockService) -> None:
    ran = run("run", EDIT, *INPUTS, "--no-wait", "--json")
    assert ran.status == 0, ran.err
    assert ran.json[0]["state"] == "submitted"
    assert service.jobs[0].request_id == ran.json[0]["request_id"]


def test_a_result_before_its_time_is_status_75(slow: MockService) -> None:
    request_id = submitted(slow)
    ran = run("result", request_id)
    assert ran.status == 75
    assert f"runcomfy-py wait {request_id}" in ran.err


def test_a_queued_request_is_cancelled_and_another_is_status_1(slow: MockService) -> None:
    request_id = submitted(slow)
    assert run("cancel", request_id)[:2] == (0, f"{request_id}\tcancelled\n")
    waited = run("wait", request_id)
    assert waited.status == 1
    assert "cancelled" in waited.err
    ended = run("cancel", request_id, "--json")
    assert ended.json[0]["cancelled"] is True  # it is cancelled already


def test_a_failed_job_is_status_1(service: MockService) -> None:
    service.fault("job_fails", times=None)
    ran = run("run", EDIT, *INPUTS, "--json")
    assert ran.status == 1
    assert (ran.json[0]["state"], ran.json[0]["error"]["kind"]) == ("failed", "JobFailed")


def test_a_lost_answer_is_status_76_and_is_not_sent_again(service: MockService) -> None:
    service.fault("answer_lost", on="submit")
    ran = run("run", EDIT, *INPUTS)
    assert ran.status == 76
    assert "before you" in ran.err
    assert service.accepted == 1


def test_a_timeout_after_the_submit_is_status_76_with_the_next_step(slow: MockService) -> None:
    ran = run("run", EDIT, *INPUTS, "--timeout", "1")
    assert ran.status == 76
    assert f"runcomfy-py wait {slow.jobs[0].request_id}" in ran.err
    assert "client.job" not in ran.err


def test_waiting_too_short_is_status_75(slow: MockService) -> None:
    assert run("wait", submitted(slow), "--timeout", "0.5").status == 75


@pytest.mark.slow  # the pauses between the attempts
def test_a_service_that_is_down_is_status_69_and_nothing_was_sent() -> None:
    ran = run("submit", EDIT, *INPUTS, "--base-url", "http://127.0.0.1:9", RUNCOMFY_TOKEN=TOKEN)
    assert ran.status == 69
    assert "no connection" in ran.err.lower()


def test_without_a_token_the_way_to_get_one_is_reported() -> None:
    ran = run("status", "abc")
    assert ran.status == 77
    assert "runcomfy-py login" in ran.err


def test_a_request_that_the_service_does_not_know_is_status_65(service: MockService) -> None:
    for command in ("status", "wait", "result"):
        ran = run(command, "no-such-request")
        assert ran.status == 65
        assert "no-such-request" in ran.err
        assert "resume" not in ran.err


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_cancels_what_is_queued_and_says_so(
    slow: MockService, number: signal.Signals, status: int
) -> None:
    running = subprocess.Popen(
        [*PROGRAM, "run", EDIT, *INPUTS, "-n", "2"], stderr=subprocess.PIPE, text=True
    )
    assert running.stderr
    lines = iter(running.stderr.readline, "")
    queued = [line for _, line in zip(range(4), lines, strict=False)]  # two submitted, two queued
    assert "in_queue" in queued[-1]
    running.send_signal(number)
    _, err = running.communicate(timeout=60)
    assert running.returncode == status
    assert err.count("it was still queued and is now cancelled") == 2
    for job in slow.jobs:
        assert job.request_id in err
        assert job.state == "cancelled"


def test_ctrl_c_while_waiting_leaves_the_job_and_says_how_to_continue(slow: MockService) -> None:
    request_id = submitted(slow)
    running = subprocess.Popen([*PROGRAM, "wait", request_id], stderr=subprocess.PIPE, text=True)
    assert running.stderr
    running.stderr.readline()
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=60)
    assert running.returncode == 130
    assert f"the job continues at the service. To wait for it: runcomfy-py wait {request_id}" in err
    assert slow.jobs[0].state == "in_queue"


def test_the_token_is_in_nothing_that_is_written(service: MockService) -> None:
    service.fault("http_403", on="submit")
    ran = run("run", EDIT, *INPUTS, "-v", "--json")
    assert ran.status == 77
    assert TOKEN not in ran.out + ran.err


def test_what_the_service_says_does_not_steer_the_terminal(slow: MockService) -> None:
    with mock_service(words={"in_queue": "\x1b[2J\u202eq"}, polls_in_queue=1) as service:
        ran = run("run", EDIT, *INPUTS, "--no-save", RUNCOMFY_BASE_URL=service.url)
        assert ran.status == 0, ran.err
        state = run("status", service.jobs[0].request_id, RUNCOMFY_BASE_URL=service.url)
    for text in (ran.err, ran.out, state.out):
        assert not set("\x1b\u202e\r") & set(text)


def test_quiet_writes_results_only(service: MockService) -> None:
    ran = run("run", EDIT, *INPUTS, "-q")
    assert (ran.status, ran.err) == (0, "")
    assert len(ran.lines) == 1


def test_the_mock_keeps_its_requests_between_commands(home: Path) -> None:
    request_id = run("submit", EDIT, *INPUTS, "--mock").lines[0]
    waited = run("wait", request_id, "--mock", "-o", "out")
    assert waited.status == 0, waited.err
    assert Path(waited.lines[0]).exists()
    assert {path.parent.name for path in home.rglob("*.db")} == {"mock"}


@pytest.mark.slow  # the seconds that a request takes at the mock
def test_two_commands_share_the_mock_while_both_run(home: Path) -> None:
    request_id = run("submit", EDIT, *INPUTS, "--mock").lines[0]
    waiting = subprocess.Popen(
        [*PROGRAM, "wait", request_id, "--mock"], stderr=subprocess.PIPE, text=True
    )
    cancelled = run("cancel", request_id, "--mock")
    _, err = waiting.communicate(timeout=60)
    if cancelled.status == 0:  # it was still in the queue
        assert (waiting.returncode, "cancelled" in err) == (1, True)
    else:
        assert waiting.returncode == 0


@pytest.mark.slow  # the seconds that a request takes at the mock
def test_a_killed_command_leaves_the_mock_to_the_next_one(home: Path) -> None:
    request_id = run("submit", EDIT, *INPUTS, "--mock").lines[0]
    first = subprocess.Popen(
        [*PROGRAM, "run", EDIT, "prompt=x", f"images={URL}", "--mock"],
        stderr=subprocess.PIPE,
        text=True,
    )
    assert first.stderr
    first.stderr.readline()  # it serves, and its request is submitted
    second = subprocess.Popen(
        [*PROGRAM, "wait", request_id, "--mock", "--no-save"],
        stderr=subprocess.PIPE,
        text=True,
    )
    assert second.stderr
    second.stderr.readline()  # it was answered, by the first or already by itself
    first.kill()
    first.communicate()
    _, told = second.communicate(timeout=60)
    assert second.returncode == 0, told


def test_sigterm_during_a_submit_says_that_it_may_be_paid(slow: MockService) -> None:
    slow.fault("silence", on="submit")
    running = subprocess.Popen(
        [*PROGRAM, "submit", EDIT, *INPUTS, "--key", "hat-1"], stderr=subprocess.PIPE, text=True
    )
    while not slow.accepted:
        Event().wait(0.01)
    running.send_signal(signal.SIGTERM)
    _, err = running.communicate(timeout=60)
    assert running.returncode == 143
    assert "may have been accepted" in err
    assert "Traceback" not in err
    again = run("submit", EDIT, *INPUTS, "--key", "hat-1")
    assert again.status == 76
    assert slow.accepted == 1


def test_ctrl_c_ends_a_recovery_at_once_and_says_how_to_continue(slow: MockService) -> None:
    submitted(slow)
    running = subprocess.Popen(
        [*PROGRAM, "recover"], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    while not slow.count("status"):
        Event().wait(0.01)
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=60)
    assert running.returncode == 130
    assert "to resume: runcomfy-py recover" in err
    assert "Traceback" not in err


def test_an_interrupted_job_is_reported_in_json_with_its_id(slow: MockService) -> None:
    running = subprocess.Popen(
        [*PROGRAM, "run", EDIT, *INPUTS, "--json", "-q"], stdout=subprocess.PIPE, text=True
    )
    while not slow.count("status"):
        Event().wait(0.01)
    running.send_signal(signal.SIGINT)
    out, _ = running.communicate(timeout=60)
    answer = json.loads(out)
    assert (answer["state"], answer["request_id"]) == ("interrupted", slow.jobs[0].request_id)


def test_commands_that_share_the_mock_lose_no_answer_when_one_that_serves_ends() -> None:
    # Each serves for the others in its turn, and ends while others submit.
    command = [*PROGRAM, "run", EDIT, *INPUTS, "--mock", "--no-save", "--again"]
    running: list[subprocess.Popen[str]] = []
    for _ in range(8):
        running.append(
            subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        )
        assert running[0].stderr is not None
        if len(running) == 1:
            running[0].stderr.readline()  # the first one serves now
    ended = [one.communicate() for one in running]
    assert [one.returncode for one in running] == [0] * 8, ended
