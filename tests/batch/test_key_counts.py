"""Keys are counted in little memory, wherever they are kept."""

from __future__ import annotations

import tracemalloc

import pytest

from runcomfy.batch import key_counts
from runcomfy.batch.key_counts import KeyCounts


@pytest.mark.parametrize("held", [1, 2, 3, 1_000])
def test_each_key_has_its_first_row_and_its_number_of_rows_wherever_it_is_kept(
    held: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_counts, "_HELD", held)
    keys = KeyCounts()
    given = ["hat", "cat", "hat", "", "dog", "é", "cat", "hat", "a\0b", "", "a\0b"]
    found = [keys.add(key, row) for row, key in enumerate(given, 1)]
    firsts = [1, 2, 1, 4, 5, 6, 2, 1, 9, 4, 9]
    counts = [1, 1, 2, 1, 1, 1, 2, 3, 1, 2, 2]
    assert found == list(zip(firsts, counts, strict=True))
    keys.close()


def test_memory_does_not_grow_with_the_number_of_keys() -> None:
    def peak(rows: int) -> int:
        keys = KeyCounts()
        tracemalloc.start()
        try:
            for row in range(rows):
                keys.add(f"key number {row}", row)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
            keys.close()

    assert peak(120_000) < 1.2 * peak(40_000)
