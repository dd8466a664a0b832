"""What the tests of downloads share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.file_host import FileHost, file_host


@pytest.fixture
def host() -> Iterator[FileHost]:
    with file_host() as started:
        yield started
