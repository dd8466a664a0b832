"""The names of spans, attributes and metrics. The conventions for generated media still change: they change here."""

from __future__ import annotations

__all__ = ["SCOPE"]

SCOPE = "runcomfy"
PROVIDER = "runcomfy"

# Spans. A job's own is followed by the model id, an operation's by nothing.
JOB = "generate_content"
DOWNLOAD = "fetch_file"
#: Operations by the names of their flows; others keep these names.
OPERATIONS = {
    "run": JOB,
    "resumed": "wait",
    "watch": "wait",
    "follow": "wait",
    "download": DOWNLOAD,
}

# Attributes by the conventions of OpenTelemetry.
OPERATION_NAME = "gen_ai.operation.name"
PROVIDER_NAME = "gen_ai.provider.name"
MODEL = "gen_ai.request.model"
RESPONSE_ID = "gen_ai.response.id"
ERROR_TYPE = "error.type"
METHOD = "http.request.method"
STATUS_CODE = "http.response.status_code"

# Attributes of our own.
ACTION = "runcomfy.action"
ATTEMPTS = "runcomfy.submit_attempts"
RETRIES = "runcomfy.retries"
OUTCOME = "runcomfy.outcome"
STATE = "runcomfy.state"
POSITION = "runcomfy.queue_position"
QUEUE_SECONDS = "runcomfy.queue_time"
RUN_SECONDS = "runcomfy.run_time"
COST = "runcomfy.cost"
BYTES = "runcomfy.bytes"

# Recorded only on request.
BODY = "runcomfy.request_body"
URL = "url.full"

# Events of spans.
STATUS_EVENT = "status"
RETRY_EVENT = "retry"

# Metrics: name, unit, description.
DURATION_METRIC = ("gen_ai.client.operation.duration", "s", "Duration of operations")
RETRY_METRIC = ("runcomfy.client.retries", "{retry}", "Calls that were retried")
POSITION_METRIC = (
    "runcomfy.client.queue_position",
    "{request}",
    "Queue positions reported by the service",
)
COST_METRIC = ("runcomfy.client.cost", "USD", "Cost of finished jobs as reported by the service")
