"""Reading the schemas of a generated module, stored in it as one string so that no build can lose them."""

from __future__ import annotations

import json
import sys
from typing import Any

__all__ = ["read_schemas"]


def read_schemas(module: str) -> dict[str, Any]:
    """The schemas of the generated ``module``, by its import name.

    ``input`` and ``output`` are the stored schemas with our corrections. Where present, ``checked`` is what
    the jsonschema library checks, the input schema in clean vocabulary, and ``shown`` is the input schema
    corrected where the stored one is not valid JSON Schema. Raises ``ValueError`` for a module that
    was written by hand.
    """
    text = getattr(sys.modules.get(module), "_SCHEMAS", None)
    if text is None:
        raise ValueError(f"the module {module} is not a generated module, so it has no schemas")
    schemas: dict[str, Any] = json.loads(text)
    return schemas
