"""Journals for tests: claims in one line, and programs in other processes that stop at a given point."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from textwrap import dedent
from typing import Any, Self

from runcomfy.journal import Account, Entry, Journal, Outcome, Wanted, describe

__all__ = ["ACCOUNT", "OTHER", "Program", "given", "posted", "submitted", "succeeded", "wanted"]

ACCOUNT = Account("https://model-api.example", "0123456789abcdef")
OTHER = Account("https://model-api.example", "fedcba9876543210")

_PRELUDE = """
import os, sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from support.journals import *
from runcomfy.journal import *

def tell(word):
    print(word + "\\n", end="", flush=True)

def stay():
    sys.stdin.readline()

folder = Path({folder!r})
path = folder / "journal.db"
"""


def wanted(
    key: str = "k",
    payload: Mapping[str, Any] | None = None,
    *,
    model: str = "acme/cat",
    account: Account = ACCOUNT,
    **more: Any,
) -> Wanted:
    """What a claim is for."""
    described = describe({"prompt": "a hat"} if payload is None else payload)
    return Wanted(account=account, key=key, model_id=model, payload=described, **more)


def posted(journal: Journal, want: Wanted) -> Entry | None:
    """Claim and say nothing more: ``None`` when it was granted, else the entry that is there."""
    with journal.claiming(want) as claim:
        return claim.take()


def submitted(journal: Journal, key: str = "k", request_id: str = "", **more: Any) -> Entry:
    """Claim, and say that the service took it."""
    with journal.claiming(wanted(key, **more)) as claim:
        assert claim.take() is None
        claim.sending()
        claim.submitted(request_id or f"r-{key}")
        entry = journal.find(claim.wanted.account, key)
    assert entry is not None
    return entry


def succeeded(journal: Journal, key: str = "k", cost: object = None, **more: Any) -> Entry:
    """Claim, submit and succeed."""
    entry = submitted(journal, key, **more)
    assert journal.record(entry.account, entry.request_id or "", Outcome("succeeded", cost))
    return given(journal, key)


def given(journal: Journal, key: str = "k") -> Entry:
    """The entry under a key, which is there."""
    entry = journal.entry(key)
    assert entry is not None
    return entry


class Program:
    """Python code in a process of its own, with this module and the journal's names; it knows ``folder``.

    ``under`` is a command that runs it. It says words with ``tell``, and waits with ``stay`` until it is
    killed or ended.
    """

    def __init__(self, code: str, folder: Path, under: Sequence[str] = ()) -> None:
        prelude = _PRELUDE.format(tests=str(Path(__file__).parents[1]), folder=str(folder))
        self._process = subprocess.Popen(
            [*under, sys.executable, "-c", prelude + dedent(code)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def read(self) -> str:
        """Wait for the next word."""
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def hear(self, word: str) -> None:
        """Wait for the next word, which is this one."""
        assert self.read() == word

    def kill(self) -> None:
        """End it as ``kill -9`` does."""
        self._process.kill()
        self._process.wait()

    def go_on(self) -> None:
        """Let ``stay`` return."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()

    def end(self) -> str:
        """Let it end by itself; what it said until then."""
        said, _ = self._process.communicate("\n" * 9)
        assert self._process.returncode == 0
        return said

    def close(self) -> None:
        """End it, if it has not ended."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.communicate()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
