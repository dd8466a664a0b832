"""A bare local service in which each request has an id of its own; every request is done at once.

It answers runcomfy, fal-client and replicate. ``python -m benchmarks.batch_server`` prints its port.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from .request_reader import RequestReader

__all__ = ["serve"]

_NUMBERS = itertools.count(1)


class _Service(RequestReader):
    port = 0

    def reply(self, head: bytes) -> None:
        method, path, _ = head.split(b" ", 2)
        body = json.dumps(_answer(method == b"post", path.decode(), self.port)).encode()
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        self.transport.write(head % len(body) + body)


def _answer(posted: bool, path: str, port: int) -> dict[str, object]:
    parts = path.partition("?")[0].strip("/").split("/")
    request_id = f"req-{next(_NUMBERS)}" if posted else parts[2] if len(parts) > 2 else parts[-1]
    if "predictions" in path:
        facts = {"id": request_id, "model": "a/b", "version": "v", "input": {}}
        return {**facts, "status": "succeeded", "output": "https://example.com/hat.png"}
    at = f"http://127.0.0.1:{port}/v1/requests/{request_id}"
    links = {f"{name}_url": f"{at}/{name}" for name in ("status", "result", "cancel")}
    if posted:
        return {"request_id": request_id, "response_url": links["result_url"], **links}
    if parts[-1] == "status":
        return {"request_id": request_id, "status": "COMPLETED", "logs": [], **links}
    output = {"image": "https://example.com/hat.png"}
    return {"request_id": request_id, "status": "completed", "output": output, "cost": 0.04}


async def _main() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(_Service, "127.0.0.1", 0, backlog=4096)
    _Service.port = server.sockets[0].getsockname()[1]
    print(_Service.port, flush=True)
    await server.serve_forever()


@contextmanager
def serve() -> Iterator[str]:
    """Run the service in a process of its own: its address."""
    command = [sys.executable, "-m", "benchmarks.batch_server"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.kill()


if __name__ == "__main__":
    asyncio.run(_main())
