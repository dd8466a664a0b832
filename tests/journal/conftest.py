"""What the cases about the journal share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from runcomfy.journal import Journal


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal(tmp_path / "journal.db") as opened:
        yield opened
