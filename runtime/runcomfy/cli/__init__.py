"""The command ``runcomfy-py``. ``main`` is its entry point."""

from __future__ import annotations

import atexit
import gc
import sys

__all__ = ["main"]

#: The hidden command by which shells request completions.
_COMPLETE = "__complete"
#: Allocations between two garbage collections. Imports create no garbage, and the default of 700 costs a tenth of the start-up time.
_BETWEEN_SEARCHES = 100_000


def main(arguments: list[str] | None = None) -> int:
    """Run the command and return its exit status."""
    gc.set_threshold(_BETWEEN_SEARCHES)
    atexit.register(
        gc.freeze
    )  # else the exit searches all modules for garbage: a fifth of the start-up time
    given = sys.argv[1:] if arguments is None else arguments
    if given[:1] == [_COMPLETE] and len(given) > 1:
        from .completion_answer import answer

        return answer(given[1:])
    try:
        from .command_group import run
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "click":
            raise
        from runcomfy.extras import install_command

        sys.stderr.write(f"runcomfy-py needs another library: {install_command('cli')}\n")
        return 64
    return run(given)
