"""Traces and metrics of jobs, by the SDK's exporters in memory, over the mock service."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import runcomfy.otel
from runcomfy import AsyncClient, JobFailed, MissingExtra, SubmissionUnknown
from runcomfy.extras import install_command
from runcomfy.mock import MockService
from runcomfy.otel import names

trace_sdk = pytest.importorskip("opentelemetry.sdk.trace")
from opentelemetry.sdk.metrics import MeterProvider  # noqa: E402  # see above
from opentelemetry.sdk.metrics.export import InMemoryMetricReader  # noqa: E402  # see above
from opentelemetry.sdk.trace.export import SimpleSpanProcessor  # noqa: E402  # see above
from opentelemetry.sdk.trace.export.in_memory_span_exporter import (  # noqa: E402  # see above
    InMemorySpanExporter,
)

MODEL = "openai/gpt-image-2/edit"
PROMPT, URL = "a secret hat", "https://example.com/secret-cat.png"
PAYLOAD = {"prompt": PROMPT, "images": [URL]}


class Seen:
    """What was exported."""

    def __init__(self, **options: Any) -> None:
        self.exporter = InMemorySpanExporter()
        tracers = trace_sdk.TracerProvider()
        tracers.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.reader = InMemoryMetricReader()
        self.tracers = tracers
        meters = MeterProvider([self.reader])
        runcomfy.otel.instrument(tracer_provider=tracers, meter_provider=meters, **options)

    def spans(self, name: str = "") -> list[Any]:
        return [span for span in self.exporter.get_finished_spans() if span.name.startswith(name)]

    def job(self) -> Any:
        (span,) = self.spans(names.JOB)
        return span

    def children(self, span: Any) -> list[str]:
        return [
            one.name
            for one in self.spans()
            if one.parent and one.parent.span_id == span.context.span_id
        ]

    def metrics(self) -> dict[str, list[Any]]:
        data: Any = self.reader.get_metrics_data()
        return {
            metric.name: list(metric.data.data_points)
            for resource in data.resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
        }


@pytest.fixture
def seen() -> Iterator[Seen]:
    yield Seen()
    runcomfy.otel.uninstrument()


def test_a_job_is_one_client_span_with_its_calls_and_files_below(
    seen: Seen, runcomfy_mock: MockService, tmp_path: Path
) -> None:
    result = runcomfy_mock.client().run(MODEL, PAYLOAD)
    result.save(tmp_path)
    job = seen.job()
    assert (job.name, job.kind.name, job.parent) == (f"{names.JOB} {MODEL}", "CLIENT", None)
    known = dict(job.attributes)
    assert known[names.PROVIDER_NAME] == "runcomfy"
    assert known[names.MODEL] == MODEL
    assert known[names.RESPONSE_ID] == result.request_id
    assert known[names.OUTCOME] == "succeeded"
    assert known[names.ATTEMPTS] == 1
    assert known[names.RETRIES] == 0
    assert known[names.QUEUE_SECONDS] >= 0
    assert known[names.RUN_SECONDS] >= 0
    assert known[names.COST] == result.cost
    calls = seen.children(job)
    assert calls[0] == "POST submit"
    assert {"POST submit", "GET read", names.DOWNLOAD} == set(calls)
    (download,) = seen.spans(names.DOWNLOAD)
    assert download.attributes[names.BYTES] == sum(one.stat().st_size for one in tmp_path.iterdir())
    assert seen.children(download) == ["GET file"]
    states = [event.attributes[names.STATE] for event in job.events if event.name == "status"]
    assert states[-1] == "completed"


def test_async_jobs_and_jobs_under_a_key_are_one_span_too(
    seen: Seen, runcomfy_mock: MockService, tmp_path: Path
) -> None:
    async def main() -> None:
        async with AsyncClient(
            "any", base_url=runcomfy_mock.url, journal=tmp_path / "journal.db"
        ) as client:
            await client.run(MODEL, PAYLOAD, key="one")

    asyncio.run(main())
    assert "POST submit" in seen.children(seen.job())
    assert seen.job().attributes[names.OUTCOME] == "succeeded"
    seen.exporter.clear()
    runcomfy_mock.client(journal=tmp_path / "other.db").run(MODEL, PAYLOAD, key="one")
    assert "POST submit" in seen.children(seen.job())


def test_each_operation_on_its_own_has_a_span(seen: Seen, runcomfy_mock: MockService) -> None:
    job = runcomfy_mock.client().submit(MODEL, PAYLOAD)
    job.status()
    job.wait()
    assert [span.name for span in seen.spans() if span.parent is None] == [
        "submit",
        "get_status",
        "wait",
    ]
    assert {span.attributes[names.RESPONSE_ID] for span in seen.spans() if span.parent is None} == {
        job.request_id
    }


def test_the_last_status_is_reported_where_there_is_one(
    seen: Seen, runcomfy_mock: MockService
) -> None:
    job = runcomfy_mock.client().submit(MODEL, PAYLOAD)
    list(job.events())
    (wait,) = seen.spans("wait")
    assert wait.attributes[names.STATE] == "completed"


def test_events_that_are_left_early_end_their_span(seen: Seen, runcomfy_mock: MockService) -> None:
    events = runcomfy_mock.client().submit(MODEL, PAYLOAD).events()
    next(events)
    del events
    (wait,) = seen.spans("wait")
    assert wait.attributes[names.OUTCOME] == "interrupted"


def test_spans_belong_to_what_the_program_is_doing(
    seen: Seen, runcomfy_mock: MockService, tmp_path: Path
) -> None:
    async def main() -> None:
        tracer = seen.tracers.get_tracer("program")
        async with runcomfy_mock.async_client() as client:
            with tracer.start_as_current_span("batch"):
                jobs = [client.run(MODEL, PAYLOAD) for _ in range(3)]
                await asyncio.gather(*jobs)

    asyncio.run(main())
    (batch,) = seen.spans("batch")
    assert seen.children(batch) == [f"{names.JOB} {MODEL}"] * 3


def test_a_batch_belongs_to_the_trace_it_is_iterated_in(
    seen: Seen, runcomfy_mock: MockService, tmp_path: Path
) -> None:
    with (
        runcomfy_mock.client() as client,
        seen.tracers.get_tracer("program").start_as_current_span("batch"),
    ):
        list(client.batch(MODEL, [PAYLOAD] * 2, out=tmp_path / "b", price=0.01))
    (batch,) = seen.spans("batch")
    assert f"{names.JOB} {MODEL}" in seen.children(batch)


def test_a_trace_is_carried_on_as_plain_data(seen: Seen, runcomfy_mock: MockService) -> None:
    with seen.tracers.get_tracer("program").start_as_current_span("task"):
        data = runcomfy.otel.carrier()
    assert runcomfy.otel.carrier() == {}
    with runcomfy.otel.carried(data):
        runcomfy_mock.client().run(MODEL, PAYLOAD)
    (task,) = seen.spans("task")
    assert seen.job().context.trace_id == task.context.trace_id
    assert seen.job().parent.span_id == task.context.span_id


def test_a_failed_job_says_so_and_not_why(seen: Seen, runcomfy_mock: MockService) -> None:
    runcomfy_mock.fault("job_fails")
    with pytest.raises(JobFailed):
        runcomfy_mock.client().run(MODEL, PAYLOAD)
    job = seen.job()
    assert job.attributes[names.OUTCOME] == "failed"
    assert job.attributes[names.ERROR_TYPE] == "JobFailed"
    assert job.status.status_code.name == "ERROR"
    assert not job.status.description
    assert not [event for event in job.events if event.name == "exception"]


def test_a_lost_submit_is_an_unknown_outcome(seen: Seen, runcomfy_mock: MockService) -> None:
    runcomfy_mock.fault("answer_lost", on="submit")
    with pytest.raises(SubmissionUnknown):
        runcomfy_mock.client().run(MODEL, PAYLOAD)
    assert seen.job().attributes[names.OUTCOME] == "SubmissionUnknown"
    (submit,) = seen.spans("POST submit")
    assert submit.attributes[names.ERROR_TYPE] == "response lost"


@pytest.mark.parametrize("raises", ["on_start", "on_end"])
def test_a_span_processor_that_raises_loses_no_paid_request(
    raises: str, runcomfy_mock: MockService
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError(PROMPT)

    tracers, processor = trace_sdk.TracerProvider(), trace_sdk.SpanProcessor()
    setattr(processor, raises, fail)
    tracers.add_span_processor(processor)
    runcomfy.otel.instrument(tracer_provider=tracers)
    try:
        assert runcomfy_mock.client().run(MODEL, PAYLOAD).request_id
    finally:
        runcomfy.otel.uninstrument()


def test_retries_queue_positions_durations_and_costs_are_counted(
    seen: Seen, runcomfy_mock: MockService
) -> None:
    runcomfy_mock.fault("http_503", on="status", times=2)
    result = runcomfy_mock.client().run(MODEL, PAYLOAD)
    metrics = seen.metrics()
    assert seen.job().attributes[names.RETRIES] == 2
    assert metrics[names.RETRY_METRIC[0]][0].value == 2
    assert metrics[names.COST_METRIC[0]][0].value == result.cost
    assert metrics[names.POSITION_METRIC[0]][0].count >= 1
    (duration,) = metrics[names.DURATION_METRIC[0]]
    assert duration.count == 1
    assert duration.attributes[names.MODEL] == MODEL


def test_prompts_urls_and_the_token_are_not_recorded(
    seen: Seen, runcomfy_mock: MockService, tmp_path: Path
) -> None:
    result = runcomfy_mock.client().run(MODEL, PAYLOAD)
    result.save(tmp_path)
    runcomfy_mock.fault("http_400", on="submit")
    with pytest.raises(runcomfy.RequestError):
        runcomfy_mock.client().run(MODEL, PAYLOAD)
    told = "".join(span.to_json() for span in seen.spans()) + str(seen.metrics())
    for secret in (PROMPT, URL, result.files[0].url, "Bearer", runcomfy_mock.url):
        assert secret not in told


def test_content_is_recorded_when_it_is_requested(
    runcomfy_mock: MockService, tmp_path: Path
) -> None:
    seen = Seen(record_content=True)
    try:
        result = runcomfy_mock.client().run(MODEL, PAYLOAD)
        result.save(tmp_path)
    finally:
        runcomfy.otel.uninstrument()
    (submit,) = seen.spans("POST submit")
    assert PROMPT in submit.attributes[names.BODY]
    (file,) = seen.spans("GET file")
    assert file.attributes[names.URL] == result.files[0].url


def test_an_interrupted_job_ends_its_span(seen: Seen, runcomfy_mock: MockService) -> None:
    def stop(status: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        runcomfy_mock.client().run(MODEL, PAYLOAD, on_status=stop)
    assert seen.job().attributes[names.OUTCOME] == "interrupted"
    assert seen.spans("cancel")


def test_nothing_is_recorded_any_more_after_uninstrument(
    seen: Seen, runcomfy_mock: MockService
) -> None:
    runcomfy.otel.uninstrument()
    runcomfy_mock.client().run(MODEL, PAYLOAD)
    assert seen.spans() == []


def test_nothing_is_imported_unless_it_is_requested() -> None:
    program = (
        "import sys, runcomfy.client.client, runcomfy.client.async_client\n"
        "print([name for name in sys.modules if 'opentelemetry' in name or 'otel' in name])\n"
        "import runcomfy.otel\n"
        "print([name for name in sys.modules if 'opentelemetry' in name])\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    assert ran.stdout == "[]\n[]\n"


def test_the_missing_library_is_named() -> None:
    program = (
        "import sys\n"
        "sys.modules['opentelemetry'] = None\n"
        "import runcomfy.otel as otel\n"
        "for call in (otel.instrument, otel.carrier, lambda: otel.carried({})):\n"
        "    try: call()\n"
        "    except otel.MissingExtra as error: print(error)\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    assert ran.stdout.count(install_command("otel")) == 3
    assert issubclass(MissingExtra, ImportError)
