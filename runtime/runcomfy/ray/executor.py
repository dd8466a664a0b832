"""``RayExecutor``: the executor of ``validation`` over a Ray cluster; each call is a task, with Ray's own retries."""

from __future__ import annotations

from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from runcomfy.errors import RunComfyError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["RayExecutor"]


class RayExecutor:
    """Runs pure calls as tasks, spread over the nodes. ``workers`` is how many run at once.

    ``here``: whether all nodes are this machine, so that they can read its files.
    """

    def __init__(self, ray: Any, *, here: bool) -> None:
        self.here = here
        self._ray = ray
        self._task = ray.remote(scheduling_strategy="SPREAD")(_call)
        self.workers = max(1, int(ray.cluster_resources().get("CPU", 1)))

    def submit(self, call: Callable[..., Any], /, *args: Any) -> Future[Any]:
        """Run ``call(*args)`` on some node, again where a worker or a node is lost."""
        done: Future[Any] = Future()
        waiting = self._task.remote(call, *args).future()
        waiting.add_done_callback(lambda ended: self._hand_on(ended, done))
        return done

    def _hand_on(self, ended: Future[Any], done: Future[Any]) -> None:
        error = ended.exception()
        if error is None:
            done.set_result(ended.result())
        else:
            done.set_exception(self._own_error(error))

    def _own_error(self, error: BaseException) -> BaseException:
        """An error of ours as it was raised, and what befell the cluster in one line."""
        cause = getattr(error, "cause", None)
        if isinstance(cause, RunComfyError):
            return cause
        if not isinstance(error, self._ray.exceptions.RayError):
            return error
        lines = str(cause or error).strip().splitlines() or [""]
        reason = f"{type(cause or error).__name__}: {lines[0][:300]}"
        if "No module named" in reason:
            return RunComfyError(
                f"a node of the Ray cluster lacks a package: {reason}; install runcomfy and the package of the "
                "models on every node"
            )
        return RunComfyError(f"the Ray cluster failed: {reason}; try again")


def _call(call: Callable[..., Any], *args: Any) -> Any:
    return call(*args)
