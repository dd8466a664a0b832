"""Checking, inspecting and fetching with Ray Data, on many machines (extra ``ray``).

Each function takes a Ray dataset and returns one with more columns. Nothing runs until the dataset is read or
written; Ray places the work, moves the data, and repeats what was lost with a worker. None of them submits a
request, so a repetition costs nothing.

>>> import ray
>>> import runcomfy.ray
>>> rows = ray.data.read_parquet("s3://my-bucket/payloads/")
>>> checked = runcomfy.ray.validate(rows, "openai/gpt-image-2/edit", column="payload")
>>> checked.filter(expr="not report_valid").write_parquet("s3://my-bucket/refused/")
"""

from __future__ import annotations

from .fetching import fetch
from .probing import probe
from .validating import validate

__all__ = ["fetch", "probe", "validate"]
