"""The gate that lets calls through: moments that real sockets hit by chance only."""

from __future__ import annotations

import asyncio
import time

import pytest

from runcomfy.transports import aiohttp_calls, call_limiter
from runcomfy.transports.call_limiter import Limiter, Waiter


@pytest.mark.parametrize("turn", [Waiter, aiohttp_calls._Turn])
def test_a_turn_that_comes_as_the_wait_for_it_ends_is_taken(
    turn: type[Waiter], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(call_limiter, "_FIRST", 1)
    monkeypatch.setattr(call_limiter, "_PATIENCE", 0.01)

    async def main() -> None:
        calls = Limiter(turn)
        await calls.enter(None)
        second = asyncio.create_task(calls.enter(None))
        await asyncio.sleep(0)  # it waits
        asyncio.get_running_loop().call_later(0.011, calls.leave)
        time.sleep(0.05)  # the two timers are to run out in one round of the loop
        await asyncio.wait_for(second, 1)
        third = asyncio.create_task(calls.enter(None))
        await asyncio.sleep(0)
        assert not third.done()  # the second call has the one turn that there is
        calls.leave()
        await asyncio.wait_for(third, 1)

    asyncio.run(main())
