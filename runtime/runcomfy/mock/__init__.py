"""A local mock of the RunComfy Model API, for tests, development and fault injection.

>>> with runcomfy.testing.mock_service() as service:
...     result = service.client().run(GptImage2Edit(prompt="add a hat", images=[url]))
>>> service.count("submit")
1

Needs the extra ``mock``. Names are imported when they are used.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .fault_rules import Rule
    from .faults import FAULTS, Fault
    from .output_cache import small_output
    from .request_log import ACTIONS, Action, Asked
    from .service import MockService
    from .settings import Settings

__all__ = [
    "ACTIONS",
    "FAULTS",
    "Action",
    "Asked",
    "Fault",
    "MockService",
    "Rule",
    "Settings",
    "small_output",
]

_HOMES = {
    "ACTIONS": "request_log",
    "FAULTS": "faults",
    "Action": "request_log",
    "Asked": "request_log",
    "Fault": "faults",
    "MockService": "service",
    "Rule": "fault_rules",
    "Settings": "settings",
    "small_output": "output_cache",
}


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'runcomfy.mock' has no attribute {name!r}")
    from .extras import needed

    with needed():
        value: object = getattr(__import__(f"{__name__}.{home}", fromlist=(name,)), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
