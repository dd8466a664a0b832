"""The playground: a local page to try models on, checked as you type by the generated validators.

>>> playground = Playground(PlaygroundSettings())
>>> playground.start()  # in its own threads
>>> playground.address
'http://127.0.0.1:8770/?token=…'
"""

from __future__ import annotations

from .server import Playground
from .settings import PlaygroundSettings

__all__ = ["Playground", "PlaygroundSettings"]
