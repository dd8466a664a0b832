"""A real Ray cluster of several nodes on this machine, each with a folder of its own at the same path, to be killed in parts."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import psutil  # type: ignore[import-untyped]  # it comes without types
import pytest

ray = pytest.importorskip("ray", reason="Ray has no wheels for this Python")
cluster_utils = pytest.importorskip("ray.cluster_utils", reason="Ray has no wheels for this Python")

__all__ = ["Nodes", "cluster", "own_folder"]

ReturnT = TypeVar("ReturnT")
TOKEN = "any-token"  # noqa: S105  # the mock takes any
_CLONE_NEWNS, _MS_BIND, _MS_REC, _MS_PRIVATE = 0x20000, 0x1000, 0x4000, 0x40000
#: How often a node is started before the test fails.
_STARTS = 4
_SMALL = {
    "num_cpus": 1,
    "object_store_memory": 80 * 1024 * 1024,
    "include_dashboard": False,
}


def own_folder(
    disk: Path, path: Path, ended: threading.Event, make: Callable[[], ReturnT]
) -> ReturnT:
    """Do something in a mount namespace in which ``path`` is the folder ``disk``: what it starts stays there."""
    disk.mkdir(parents=True, exist_ok=True)
    done: Future[ReturnT] = Future()

    def apart() -> None:
        try:
            _call("unshare", _CLONE_NEWNS)
            _call("mount", b"none", b"/", None, _MS_REC | _MS_PRIVATE, None)
            _call("mount", os.fsencode(disk), os.fsencode(path), None, _MS_BIND, None)
            done.set_result(make())
        except BaseException as error:  # noqa: BLE001  # the thread that waits raises it
            done.set_exception(error)
        ended.wait()

    # The namespace is that of this thread and of what it starts. Ray's processes end with the thread that started them.
    threading.Thread(target=apart, daemon=True).start()
    return done.result()


def _call(name: str, *given: Any) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, name)(*given):
        raise OSError(ctypes.get_errno(), name)


def _started(start: Callable[[], ReturnT]) -> ReturnT:
    """Start a node, again where it takes longer than Ray's thirty seconds, which no setting raises: the machine may be busy."""
    for _ in range(_STARTS - 1):
        before = set(psutil.Process().children())
        try:
            return start()
        except Exception:  # noqa: BLE001  # Ray has no narrower one; the last start raises whatever it is
            # What is half started would join the cluster later, as one node more.
            left = [one for one in psutil.Process().children() if one not in before]
            for one in left:
                one.kill()
            psutil.wait_procs(left, timeout=10)
    return start()


class Nodes:
    """The nodes. The first one holds the cluster's own service; the path ``disk`` is another folder on each further one."""

    def __init__(self, folder: Path, count: int) -> None:
        self.folder, self.disk = folder, folder / "disk"
        self.disk.mkdir()
        self._made = 0
        self.ended = threading.Event()
        self.cluster = _started(
            lambda: cluster_utils.Cluster(initialize_head=True, head_node_args=_SMALL)
        )
        self.further: list[Any] = []
        for _ in range(count - 1):
            self.add()

    @property
    def address(self) -> str:
        """Where drivers find the cluster."""
        return str(self.cluster.address)

    def own_disk(self, number: int) -> Path:
        """The folder that the further node of this number has at the path of the disk."""
        return self.folder / f"disk-{number}"

    def add(self, number: int | None = None) -> Any:
        """Add a node with an empty folder, or with that of a node that was there before."""
        if number is None:
            self._made += 1
            number = self._made
        ip = f"127.0.0.{number + 1}"

        def make() -> Any:
            # Ray sets a signal handler for each node, which only the main thread may; the first node has set it.
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr("ray._private.utils.set_sigterm_handler", lambda _: None)
                known = set(self.cluster.worker_nodes)

                def start() -> Any:
                    self.cluster.worker_nodes &= known  # without what an earlier start has left
                    return self.cluster.add_node(**_SMALL, node_ip_address=ip)

                return _started(start)

        node = own_folder(self.own_disk(number), self.disk, self.ended, make)
        node.ip = ip
        self.further.append(node)
        return node

    def kill_node(self, node: Any) -> None:
        """Kill all processes of a further node."""
        self.further.remove(node)
        self.cluster.remove_node(node, allow_graceful=False)

    def processes(self, word: str) -> list[psutil.Process]:
        """The workers of this cluster whose titles hold a word, such as ``run_task`` or ``JournalActor``."""
        found = []
        for one in psutil.process_iter(["cmdline"]):
            title = (one.info["cmdline"] or [""])[0]
            if title.startswith("ray::") and word in title and self._is_ours(one):
                found.append(one)
        return found

    def _is_ours(self, process: psutil.Process) -> bool:
        raylets = {
            info.process.pid
            for node in self.cluster.list_all_nodes()
            for info in node.all_processes.get("raylet", [])
        }
        with suppress(psutil.Error):
            return process.ppid() in raylets
        return False

    def close(self) -> None:
        """End everything, and see that nothing of it is left."""
        session = self.cluster.head_node.get_session_dir_path()
        self.cluster.shutdown()
        self.ended.set()
        until = time.monotonic() + 20
        while left := _of_session(session):
            if time.monotonic() > until:
                for one in left:
                    one.kill()
                raise AssertionError(f"Ray left {left}")
            psutil.wait_procs(left, timeout=0.2)


def _of_session(session: str) -> list[psutil.Process]:
    found = []
    me = os.getpid()
    for one in psutil.process_iter(["cmdline", "environ", "status"]):
        words = " ".join(one.info["cmdline"] or [])
        if one.pid != me and session in words and one.info["status"] != psutil.STATUS_ZOMBIE:
            found.append(one)
    return found


@contextmanager
def cluster(folder: Path, nodes: int, token: str = TOKEN) -> Iterator[Nodes]:
    """A cluster whose nodes find this token, ended at the end."""
    try:
        ended = threading.Event()
        ended.set()
        own_folder(folder / "try", folder / "try", ended, lambda: None)
    except OSError:
        pytest.skip("giving each node a folder of its own needs the right to mount")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RUNCOMFY_TOKEN", token)
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        made = Nodes(folder, nodes)
        try:
            yield made
        finally:
            made.close()


DRIVER = '''
import json, os, sys
from pathlib import Path
import ray
from runcomfy import AsyncClient, Client, Polling, Retries, RunComfyError
from runcomfy_models.openai import GptImage1_5TextToImage as Model

URL, ADDRESS, OUT, ROWS, LOG, OPTIONS, IP = json.loads(sys.argv[1])
TRACED = OPTIONS.pop("traced", False)
if TRACED:
    from opentelemetry import trace
    from opentelemetry.sdk.trace import TracerProvider
    span = TracerProvider().get_tracer("test").start_span("batch")
    print("trace", span.get_span_context().trace_id)
    attached = trace.use_span(span)
    attached.__enter__()
QUICK, RETRIES = Polling(0.01, 0.05), Retries(first=0.01, ceiling=0.1)

def worker_client():
    with open(LOG, "a") as log:
        log.write(ray.get_runtime_context().get_task_id() + "\\n")
    if TRACED:
        with open(LOG + ".traces", "a") as log:
            log.write(f"{trace.get_current_span().get_span_context().trace_id}\\n")
    return AsyncClient(base_url=URL, polling=QUICK, retries=RETRIES)

class Spying(Client):
    """Notes which tasks run a shard, so that tasks that Ray ran again are counted."""
    def _client_factory(self):
        found = super()._client_factory()
        return type(found)(found.account, worker_client, found.token)

if IP:
    ray.init(ADDRESS, _node_ip_address=IP, log_to_driver=False)
rows = [{"key": f"k{n}", "prompt": f"row {n}"} for n in range(ROWS)]
with Spying(base_url=URL, polling=QUICK, retries=RETRIES) as client:
    run = client.batch(Model, rows, out=OUT, engine="ray", address=ADDRESS, **OPTIONS)
    try:
        for outcome in run:
            print(outcome.key, outcome.state, outcome.error, flush=True)
    except RunComfyError as error:
        sys.exit(f"{type(error).__name__}: {error}")
'''


def driver(
    url: str,
    nodes: Nodes,
    out: Path,
    rows: int,
    node: Any = None,
    number: int | None = None,
    **options: Any,
) -> subprocess.Popen[str]:
    """A program that runs a batch on the cluster, on its first node or on the given one."""
    told = [url, nodes.address, str(out), rows, str(nodes.folder / "tasks.log"), options]
    words = [sys.executable, "-c", DRIVER, "__told__"]
    words[-1] = __import__("json").dumps([*told, None if node is None else node.ip])
    environment = {
        **os.environ,
        "RUNCOMFY_TOKEN": TOKEN,
        "XDG_STATE_HOME": str(nodes.folder / "state"),
        "RAY_USAGE_STATS_ENABLED": "0",
    }

    def start() -> subprocess.Popen[str]:
        return subprocess.Popen(
            words, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )

    return (
        start()
        if number is None
        else own_folder(nodes.own_disk(number), nodes.disk, nodes.ended, start)
    )
