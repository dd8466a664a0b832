"""Local files as inputs: turning them into URLs that the service can read.

>>> from runcomfy import Client
>>> from runcomfy.uploads import ObjectStore
>>> client = Client(uploader=ObjectStore("s3://my-bucket/inputs"))
>>> client.run(GptImage2Edit(prompt="add a hat", images=[Path("cat.png")]))
"""

from __future__ import annotations

from .inline import DataUri
from .object_store import ObjectStore
from .resolve import resolve, resolve_async
from .upload_file import UploadFile
from .uploader import AsyncUploader, Uploader

__all__ = [
    "AsyncUploader",
    "DataUri",
    "ObjectStore",
    "UploadFile",
    "Uploader",
    "resolve",
    "resolve_async",
]
