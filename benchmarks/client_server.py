"""A bare local service for the measurements: fixed answers as fast as Python gives them, in its own process.

``python -m benchmarks.client_server 0.05`` answers after 50 ms and prints its port. It keeps no state
but the number of calls that it answered, which ``GET /answered`` gives.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.request import urlopen

from .request_reader import RequestReader

__all__ = ["answered", "serve"]


def _http(content: object) -> bytes:
    body = json.dumps(content).encode()
    head = (
        f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _answers(port: int, status: str) -> dict[str, bytes]:
    """The three answers; they hold what the peers' clients ask for as well."""
    at = f"http://127.0.0.1:{port}/v1/requests/req-1"
    urls = {f"{name}_url": f"{at}/{name}" for name in ("status", "result", "cancel")}
    prediction: dict[str, object] = {"id": "req-1", "model": "a/b", "version": "v", "input": {}}
    output = {"image": "https://example.com/hat.png"}
    return {
        "submit": _http({"request_id": "req-1", "response_url": f"{at}/result", **urls}),
        "status": _http({"request_id": "req-1", "status": status, "logs": [], **urls}),
        "result": _http({"request_id": "req-1", "status": status, "output": output}),
        "prediction": _http({**prediction, "status": "succeeded", "output": output}),
    }


class _Service(RequestReader):
    answers: dict[str, bytes]
    delay = 0.0
    answered = 0

    def reply(self, head: bytes) -> None:
        method, path, _ = head.split(b" ", 2)
        if path == b"/answered":
            self.transport.write(_http(_Service.answered))
            return
        if b"predictions" in path:
            name = "prediction"
        elif method == b"post":
            name = "submit"
        else:
            name = "status" if b"/status" in path else "result"
        if self.delay:
            asyncio.get_running_loop().call_later(self.delay, self._write, self.answers[name])
        else:
            self._write(self.answers[name])

    def _write(self, answer: bytes) -> None:
        _Service.answered += 1
        self.transport.write(answer)


async def _main(delay: float, status: str) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(_Service, "127.0.0.1", 0, backlog=4096)
    port = server.sockets[0].getsockname()[1]
    _Service.delay, _Service.answers = delay, _answers(port, status)
    print(port, flush=True)
    await server.serve_forever()


@contextmanager
def serve(delay: float = 0.0, status: str = "COMPLETED") -> Iterator[str]:
    """Run the service in a process of its own: its address."""
    command = [sys.executable, "-m", "benchmarks.client_server", str(delay), status]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.kill()


def answered(url: str) -> int:
    """How many calls the service has answered."""
    with urlopen(f"{url}/answered") as reply:  # noqa: S310 — our own local service
        count: int = json.load(reply)
    return count


if __name__ == "__main__":
    asyncio.run(_main(float(sys.argv[1]), sys.argv[2]))
