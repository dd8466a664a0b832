"""One Ray and one bucket for all tests of the folder that need them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import obstore
import pytest
from obstore.store import S3Store

from support.bucket_server import bucket_server, environment
from support.ray_cluster import local_ray


@pytest.fixture(scope="session")
def bucket() -> Iterator[S3Store]:
    """``s3://bucket``, in the environment of this process and of those that it starts."""
    with bucket_server() as endpoint, pytest.MonkeyPatch.context() as patch:
        for name, value in environment(endpoint).items():
            patch.setenv(name, value)
        yield S3Store("bucket")


@pytest.fixture
def store(bucket: S3Store) -> Iterator[S3Store]:
    """The same, empty."""
    yield bucket
    obstore.delete(bucket, [item["path"] for page in obstore.list(bucket) for item in page])


@pytest.fixture(scope="session")
def ray(bucket: S3Store) -> Iterator[Any]:
    """A Ray whose workers find the bucket."""
    pytest.importorskip("ray", reason="Ray has no wheels for this Python")
    with local_ray() as library:
        yield library
