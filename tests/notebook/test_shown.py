"""Reports, batches and lists in notebooks: what they show, and that nothing from outside becomes markup."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import pytest

from runcomfy import Output, Report, Result, Unchecked, Violation
from runcomfy.batch import BatchOutcome, BatchSummary
from runcomfy.notebook import Gallery, load_ipython_extension, unload_ipython_extension
from runcomfy.notebook.live import LiveDisplay, in_kernel
from support.html_page import Page

HOSTILE = "</td><script>alert(1)</script><img src=x onerror=alert(1)>\u202e\x1b[2J"
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 100


def result(name: str) -> Result[Output]:
    return Result(name, Output.from_payload({}), {"output": None})


def test_a_report_shows_pointer_message_value_and_limit() -> None:
    html = Report(
        "acme/cat",
        [Violation("/seed", "minimum", -1, 7)],
        [Violation("/n", "unknown-input", 3, None)],
        [Unchecked("/image", "width_pixels>", "nobody looked", "https://x.example/a.png?sig=s")],
    )._repr_html_()
    for told in ("invalid, 1 error", "/seed", "must be at least 7", "-1", "/n", "nobody looked"):
        assert told in html
    assert "https://x.example/a.png" not in html or "sig=s" not in html


def test_a_valid_report_has_no_table() -> None:
    html = Report("acme/cat")._repr_html_()
    assert "valid" in html
    assert "<table" not in html


def test_a_report_of_thousands_stays_short() -> None:
    errors = [Violation(f"/{n}", "minimum", n, 7) for n in range(5_000)]
    html = Report("acme/cat", errors)._repr_html_()
    assert html.count("<tr>") == 201
    assert "4,800 more" in html


def test_nothing_in_reports_and_batches_becomes_markup(tmp_path: Path) -> None:
    shown: list[Report | BatchOutcome | BatchSummary] = [
        Report(
            HOSTILE,
            [Violation(HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE)],
            unchecked=[Unchecked(HOSTILE, HOSTILE, HOSTILE, HOSTILE)],
        ),
        BatchOutcome(1, HOSTILE, HOSTILE, HOSTILE, 1.0, (tmp_path / HOSTILE[:1],), HOSTILE),
        BatchSummary(Counter({HOSTILE: 1}), stopped=HOSTILE, reason=HOSTILE),
    ]
    for one in shown:
        html = one._repr_html_()
        assert {tag for tag, _ in Page(html).elements} <= {"div", "table", "tr", "th", "td", "b"}
        assert html.isprintable()


def test_an_outcome_embeds_its_saved_images(tmp_path: Path) -> None:
    picture, page = tmp_path / "a.png", tmp_path / "b.png"
    picture.write_bytes(PNG)
    page.write_bytes(b"<svg onload='alert(1)'/>")
    html = BatchOutcome(1, "k", "succeeded", files=(picture, page))._repr_html_()
    assert html.count("<img") == 1
    assert "data:image/png;base64," in html


def test_a_summary_reports_counts_and_cost() -> None:
    html = BatchSummary(Counter(succeeded=1_200, failed=2), settled=3.5)._repr_html_()
    for told in ("1,202", "1,200", "failed", "3.5 USD"):
        assert told in html


def test_a_gallery_shows_each_of_ours_and_escapes_the_rest() -> None:
    class Foreign:
        def _repr_html_(self) -> str:
            return "<script>alert(1)</script>"

        def __repr__(self) -> str:
            return "<Foreign>"

    html = Gallery([result("req-1"), result("req-2"), Foreign()])._repr_html_()
    assert "req-1" in html
    assert "req-2" in html
    assert "&lt;Foreign&gt;" in html
    assert "script" not in html


def test_a_long_gallery_says_how_many_are_left_out() -> None:
    assert "… and 50 more" in Gallery(result(str(n)) for n in range(150))._repr_html_()


@pytest.fixture
def shell() -> SimpleNamespace:
    from IPython.core.formatters import HTMLFormatter

    return SimpleNamespace(
        display_formatter=SimpleNamespace(formatters={"text/html": HTMLFormatter()})
    )


def test_the_extension_shows_lists_of_ours_only(shell: SimpleNamespace) -> None:
    show = shell.display_formatter.formatters["text/html"]
    load_ipython_extension(shell)
    assert "req-1" in show([result("req-1")])
    assert "acme/cat" in show((Report("acme/cat"),))
    for other in ([], [1], [result("req-1"), 1], [Report]):
        assert show(other) is None
    unload_ipython_extension(shell)
    assert show([result("req-1")]) is None


def test_outside_of_a_kernel_nothing_is_displayed(capsys: pytest.CaptureFixture[str]) -> None:
    assert not in_kernel()
    LiveDisplay(BatchSummary()).update(last=True)
    assert capsys.readouterr() == ("", "")


def test_a_display_that_fails_does_not_stop_the_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    import IPython.display

    def fail(*_: object, **__: object) -> None:
        raise OSError("the front end is gone")

    monkeypatch.setattr("runcomfy.notebook.live.in_kernel", lambda: True)
    monkeypatch.setattr(IPython.display, "display", fail)
    display = LiveDisplay(BatchSummary())
    display.update()
    display.update(last=True)
