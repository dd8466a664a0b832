"""Every submit of the command goes through the journal: nothing is paid twice by the same command."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from runcomfy import Journal
from runcomfy.mock import MockService
from support.command import PROGRAM, run

from .conftest import TOKEN

pytestmark = pytest.mark.slow  # each test starts several interpreters or clients

EDIT = "openai/gpt-image-2/edit"
URL = "https://example.com/a.png"
INPUTS = ["prompt=a hat", f"images={URL}"]


def test_run_again_with_the_same_key_pays_once_and_saves_once(service: MockService) -> None:
    first = run("run", EDIT, *INPUTS, "--key", "hat-1", "-o", "out")
    second = run("run", EDIT, *INPUTS, "--key", "hat-1", "-o", "out")
    assert (first.status, second.status) == (0, 0), second.err
    assert first.lines == second.lines
    assert len(list(Path("out").iterdir())) == 1
    assert service.accepted == 1


def test_a_finished_request_is_saved_into_another_folder_too(service: MockService) -> None:
    first = run("run", EDIT, *INPUTS, "--key", "hat-1", "-o", "out")
    second = run("run", EDIT, *INPUTS, "--key", "hat-1", "-o", "other")
    assert second.status == 0, second.err
    assert [Path(line).parent for line in second.lines] == [Path("other")]
    assert Path(second.lines[0]).read_bytes() == Path(first.lines[0]).read_bytes()
    assert "nothing was paid" in second.err
    assert service.accepted == 1


def test_the_same_key_with_other_inputs_is_refused_with_status_65(service: MockService) -> None:
    run("run", EDIT, *INPUTS, "--key", "hat-1", "--no-save")
    ran = run("run", EDIT, "prompt=a cat", f"images={URL}", "--key", "hat-1", "--json")
    assert ran.status == 65
    assert ran.json[0]["state"] == "not_sent"
    assert "was used with other inputs" in ran.err
    assert service.accepted == 1


def test_again_repeats_what_has_ended(service: MockService) -> None:
    for options in ([], ["--again"]):
        assert run("run", EDIT, *INPUTS, "--key", "hat-1", "--no-save", *options).status == 0
    assert service.accepted == 2


def test_several_runs_with_a_key_get_a_key_each(service: MockService) -> None:
    for _ in range(2):
        assert run("run", EDIT, *INPUTS, "--key", "hat", "-n", "2", "--no-save").status == 0
    assert service.accepted == 2
    assert [line.split("\t")[-1] for line in run("jobs").lines] == ["hat/1", "hat/2"]


def test_an_equal_request_in_progress_wants_again(service: MockService) -> None:
    request_id = run("submit", EDIT, *INPUTS).lines[0]
    for command in ("run", "submit"):
        ran = run(command, EDIT, *INPUTS)
        assert (ran.status, ran.out) == (76, "")
        assert "--again" in ran.err
        assert f"runcomfy-py wait {request_id}" in ran.err
        assert "in your RunComfy account" not in ran.err
    assert service.accepted == 1
    assert run("submit", EDIT, *INPUTS, "--again").status == 0
    assert run("submit", EDIT, "prompt=another", f"images={URL}").status == 0


def test_a_lost_answer_is_unknown_until_it_is_settled(service: MockService) -> None:
    service.fault("answer_lost", on="submit")
    assert run("run", EDIT, *INPUTS, "--key", "hat-1").status == 76
    again = run("run", EDIT, *INPUTS, "--key", "hat-1")
    assert again.status == 76
    assert "runcomfy-py journal resolve 'hat-1' --not-sent" in again.err
    assert "journal.resolve(" not in again.err
    assert run("jobs", "--state", "unknown", "--json").json[0]["key"] == "hat-1"
    assert run("recover").status == 76
    found = service.jobs[0].request_id
    assert run("journal", "resolve", "hat-1").status == 64
    assert run("journal", "resolve", "hat-1", "--request-id", "none").status == 64
    assert run("journal", "resolve", "hat-1", "--request-id", found).status == 0
    settled = run("run", EDIT, *INPUTS, "--key", "hat-1", "--no-save", "--json")
    assert settled.json[0]["request_id"] == found
    assert service.accepted == 1


def test_what_was_not_sent_can_be_sent_again(service: MockService) -> None:
    service.fault("answer_lost", on="submit")
    run("submit", EDIT, *INPUTS, "--key", "hat-1")
    without = run("journal", "resolve", "hat-1", "--not-sent", RUNCOMFY_TOKEN="")
    assert without.status == 0, without.err
    assert run("submit", EDIT, *INPUTS, "--key", "hat-1").status == 0
    assert service.accepted == 2  # the person who looked was wrong


def test_recover_finishes_and_saves_what_was_submitted(service: MockService) -> None:
    run("run", EDIT, *INPUTS, "--no-wait", "-o", "asked")
    run("submit", EDIT, "prompt=another", f"images={URL}")
    ran = run("recover", "-o", "rest")
    assert ran.status == 0, ran.err
    assert sorted(Path(line).parent.name for line in ran.lines) == ["asked", "rest"]
    assert run("recover", "--json").out == ""
    assert service.accepted == 2


def test_jobs_filters_searches_and_reports_the_spend(service: MockService) -> None:
    run("run", EDIT, *INPUTS, "--key", "hat-1", "--no-save")
    run("submit", EDIT, "prompt=a silk glove", f"images={URL}")
    both = run("jobs", "--json").json
    assert [one["state"] for one in both] == ["succeeded", "submitted"]
    assert (both[0]["cost"], both[0]["payload"]["prompt"]) == (0.04, "a hat")
    assert [one["key"] for one in run("jobs", "--state", "succeeded", "--json").json] == ["hat-1"]
    assert len(run("jobs", "silk").lines) == 1
    assert run("jobs", "--model", "none/none").out == ""
    assert run("jobs", "--since", "2999-01-01").out == ""
    assert run("jobs", "--limit", "1", "--json").json == both[1:]
    assert run("jobs", "--spend", "model").out.startswith(f"{EDIT}\t$0.0400\t$0.0000\t2")
    assert run("jobs", "--spend", "day", "--json").json[0]["requests"] == 2
    assert TOKEN not in run("jobs", "--json").out


def test_max_cost_refuses_before_anything_is_sent(service: MockService) -> None:
    ran = run("run", EDIT, *INPUTS, "-n", "3", "--max-cost", "0.1")
    assert ran.status == 78
    assert "3 x $0.04 exceeds --max-cost $0.1" in ran.err
    assert run("run", EDIT, *INPUTS, "--max-cost", "0.1", "--no-save").status == 0
    assert service.accepted == 1


def test_max_cost_does_not_guess_a_price(
    service: MockService, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.fault("http_404", on="catalogue", times=None)
    assert run("submit", EDIT, *INPUTS, "--max-cost", "5").status != 0
    assert run("submit", EDIT, *INPUTS, "--max-cost", "5", "--price", "6").status == 78
    assert service.count("submit") == 0
    assert run("submit", EDIT, *INPUTS, "--max-cost", "5", "--price", "4").status == 0


def test_budgets_of_the_journal_hold_for_the_command(service: MockService) -> None:
    assert run("journal", "limits", "--max-cost-per-day", "0.05").status == 0
    assert run("run", EDIT, *INPUTS, "--price", "0.04", "--no-save").status == 0
    ran = run("submit", EDIT, *INPUTS, "--price", "0.04")
    assert ran.status == 78
    assert "nothing was sent" in ran.err
    assert service.accepted == 1


def test_asking_for_the_budgets_leaves_them(service: MockService) -> None:
    run("journal", "limits", "--max-cost", "9", "--price-margin", "1.5")
    run("journal", "limits", "--max-cost-per-day", "5")
    held = {"max_cost": 9.0, "max_cost_per_day": 5.0, "price_margin": 1.5}
    assert run("journal", "limits", "--json").json == [held]
    assert run("journal", "limits").lines == ["total\t$9", "per day (UTC)\t$5", "price margin\t1.5"]
    assert run("journal", "limits", "--json").json == [held]


def test_budgets_are_removed_by_name(service: MockService) -> None:
    run("journal", "limits", "--max-cost", "0")
    assert run("journal", "limits", "--remove", "--max-cost", "9").status == 64
    assert run("run", EDIT, *INPUTS, "--no-save").status == 78
    run("journal", "limits", "--remove")
    assert run("run", EDIT, *INPUTS, "--no-save").status == 0


def test_the_journal_of_the_mock_is_apart_from_the_real_one(
    service: MockService, home: Path
) -> None:
    run("submit", EDIT, *INPUTS)
    run("submit", EDIT, *INPUTS, "--mock")
    run("submit", EDIT, "prompt=more", f"images={URL}", "--mock")
    assert len(run("jobs").lines) == 1
    assert len(run("jobs", "--mock").lines) == 2
    with Journal(home / "state" / "runcomfy" / "mock" / "journal.db") as journal:
        origins = {entry.account.origin for entry in journal.entries()}
    assert len(origins) == 1  # the mock keeps its address


def test_a_restored_journal_is_refused_until_it_is_accepted(
    service: MockService, home: Path
) -> None:
    path = home / "state" / "runcomfy" / "journal.db"
    run("submit", EDIT, *INPUTS)
    copy = home / "copy.db"
    assert run("journal", "backup", str(copy)).lines == [str(copy)]
    run("submit", EDIT, "prompt=more", f"images={URL}")
    for part in path.parent.glob("journal.db*"):
        if not part.name.endswith((".generation", ".lock")):
            part.unlink()
    copy.rename(path)
    refused = run("submit", EDIT, *INPUTS, "--again")
    assert refused.status == 65
    assert "runcomfy-py journal restore-accepted" in refused.err
    assert service.accepted == 2
    assert run("journal", "restore-accepted").status == 0
    assert run("submit", EDIT, *INPUTS, "--again").status == 0


def test_a_journal_that_cannot_be_opened_stops_submits_but_no_reading(
    service: MockService, home: Path
) -> None:
    request_id = run("submit", EDIT, *INPUTS).lines[0]
    (home / "state" / "runcomfy" / "journal.db").write_bytes(b"no database" * 100)
    assert run("submit", EDIT, *INPUTS, "--again").status == 65
    waited = run("wait", request_id, "--no-save")
    assert waited.status == 0, waited.err
    assert "not recorded" in waited.err
    assert service.accepted == 1


def test_purge_forgets_inputs_and_keeps_keys_and_costs(service: MockService) -> None:
    run("run", EDIT, *INPUTS, "--key", "hat-1", "--no-save")
    assert run("journal", "purge", "--before", "2999-01-01", "--json").json == [{"purged": 1}]
    answer = run("jobs", "--json").json[0]
    assert (answer["key"], answer["cost"], answer["payload"]) == ("hat-1", 0.04, None)


def test_two_commands_at_once_with_one_key_pay_once(service: MockService) -> None:
    command = [*PROGRAM, "run", EDIT, *INPUTS, "--key", "hat-1", "--no-save", "--json"]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    outputs = [one.communicate(timeout=60)[0] for one in both]
    assert [one.returncode for one in both] == [0, 0]
    assert outputs[0] == outputs[1]
    assert service.accepted == 1


def test_a_slip_stops_a_run_and_says_how_to_insist(service: MockService) -> None:
    ran = run("run", EDIT, *INPUTS, "qualty=low")
    assert ran.status == 65
    assert "did you mean 'quality'" in ran.err
    assert "--allow 'unknown-input'" in ran.err
    assert "allow=(" not in ran.err
    assert service.count("submit") == 0
    insisted = run("run", EDIT, *INPUTS, "qualty=low", "--allow", "unknown-input", "--no-save")
    assert insisted.status == 0, insisted.err


def test_a_raised_limit_of_a_batch_keeps_its_price_margin(service: MockService) -> None:
    with Journal("hats/journal.db") as journal:
        journal.set_limits(max_cost=1, price_margin=1.5)
    assert run("batch", "limit", "hats", "--max-cost", "2").status == 0
    assert run("journal", "limits", "--journal", "hats").lines[0::2] == [
        "total\t$2",
        "price margin\t1.5",
    ]
