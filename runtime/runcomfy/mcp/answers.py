"""The structured results of the tools."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

__all__ = [
    "Cancelled",
    "Checked",
    "Description",
    "Finding",
    "FoundModel",
    "FoundModels",
    "History",
    "Past",
    "ServerFile",
    "Settled",
    "State",
    "SubmitAnswer",
]


class FoundModel(BaseModel):
    """One model that matches a search."""

    model_id: str
    inputs: list[str]


class FoundModels(BaseModel):
    """The matching models, best first."""

    models: list[FoundModel]
    total: int
    note: str


class DescribedInput(BaseModel):
    """One input, or one member of an object. What does not apply is left out."""

    name: str
    kind: str
    required: bool
    limits: list[str] = []
    file_rules: list[str] = []
    meaning: str = ""
    members: list[dict[str, Any]] = []


class Price(BaseModel):
    """The price in the catalogue; ``base_usd`` is null if it is unknown."""

    base_usd: float | None
    per: str
    note: str


class Description(BaseModel):
    """A model: its inputs, the required ones first, its price, one example, and the resource with its whole schema."""

    model_id: str
    price: Price
    example: dict[str, Any]
    schema_resource: str = Field(alias="schema")
    note: str
    inputs: list[DescribedInput]
    more: str = ""


class Finding(BaseModel):
    """One finding: an error, a warning, or an unchecked rule."""

    pointer: str
    rule: str
    text: str


class Checked(BaseModel):
    """The validation result of the inputs."""

    valid: bool
    would_stop: bool = Field(description="whether submit would refuse these inputs")
    errors: list[Finding]
    warnings: list[Finding]
    unchecked: list[Finding]
    price_usd: float | None


class SubmitAnswer(BaseModel):
    """The request under a key. ``new`` is false if the key already had one and nothing was sent."""

    key: str
    request_id: str
    state: str
    new: bool
    price_usd: float | None
    next: str


class State(BaseModel):
    """The state of a request."""

    key: str
    request_id: str | None
    state: str
    ended: bool
    queue_position: int | None = None
    next: str


class ServerFile(BaseModel):
    """A file on the disk of the server."""

    path: str
    uri: str
    kind: str
    bytes: int


class Settled(BaseModel):
    """The result of a request."""

    key: str
    request_id: str
    state: str
    files: list[ServerFile]
    cost_usd: float | None
    output: dict[str, Any] = Field(
        description="the model's output; one that is not an object is under value"
    )
    note: str


class Cancelled(BaseModel):
    """The outcome of a cancel call. Only queued requests can be cancelled."""

    cancelled: bool
    outcome: str


class Past(BaseModel):
    """One request of the journal."""

    key: str
    model_id: str
    state: str
    request_id: str | None
    cost_usd: float | None
    created: str
    inputs: dict[str, Any]
    error: str


class History(BaseModel):
    """Requests in the journal, newest first, and the amount spent."""

    requests: list[Past]
    total: int
    spent_usd: float
    reserved_usd: float
    note: str
