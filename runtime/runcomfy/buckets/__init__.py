"""Object stores (S3, Google Cloud Storage, Azure): opening, listing, reading and writing them."""

from __future__ import annotations

from .bucket import Bucket
from .opening import is_bucket_url

__all__ = ["Bucket", "is_bucket_url"]
