"""The schema file that lies beside a generated module."""

from __future__ import annotations

import json
import pkgutil
from typing import Any

__all__ = ["read_schemas"]


def read_schemas(module: str) -> dict[str, Any]:
    """The schemas of the generated ``module``, by its import name.

    ``input`` and ``output`` are the stored schemas with our corrections. Where present, ``checked`` is what
    the jsonschema library checks, the input schema in clean vocabulary, and ``shown`` is the input schema
    as it is read where what is stored breaks the rules of JSON Schema.
    """
    package, _, name = module.rpartition(".")
    data = pkgutil.get_data(package, f"{name}.schema.json")
    if data is None:
        raise FileNotFoundError(f"{name}.schema.json is missing from the package {package}")
    schemas: dict[str, Any] = json.loads(data)
    return schemas
