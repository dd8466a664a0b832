"""``make soak-batch``: 200 kills of batches of 300 rows with faults, in an empty folder each ten kills."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from .batch_kills import batch_campaign

CAMPAIGNS, KILLS, ROWS = 20, 10, 300


def main() -> int:
    """Run the campaigns; 1 if a row was paid twice or something that was paid is lost."""
    broken: list[str] = []
    for seed in range(CAMPAIGNS):
        with tempfile.TemporaryDirectory() as folder:
            done = batch_campaign(Path(folder), kills=KILLS, rows=ROWS, seed=seed)
        broken += done.broken
        allowed = 4 * done.kills + done.lost
        told = (
            f"campaign {seed + 1}: {done.kills} kills, {done.accepted} accepted, {done.unknown} unknown "
            f"(at most {allowed}), {len(done.broken)} broken\n"
        )
        sys.stdout.write(told)
        sys.stdout.flush()
        if done.unknown > allowed:
            broken.append(f"{done.unknown} rows are unknown, at most {allowed} may be")
    sys.stdout.write(("\n".join(broken) or "Every promise held.") + "\n")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
