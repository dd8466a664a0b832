"""Inline output files: data URIs, which need no download."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runcomfy.errors import DownloadFailed
from runcomfy.media.data_uris import content_of
from runcomfy.model.media import is_data

if TYPE_CHECKING:
    from runcomfy.protocol.download_context import Fetch

    from .targets import Sink

__all__ = ["take_inline"]


def take_inline(fetch: Fetch, sink: Sink) -> bool:
    """Write the content of a data URI to the sink; returns false for any other URL.

    Raises ``DownloadFailed`` if it cannot be read, ``DownloadRefused`` if it is too large.
    """
    if not is_data(fetch.url):
        return False
    content = content_of(fetch.url)
    if content is None:
        raise fetch.error(DownloadFailed, "it is not of the form data:TYPE;base64,CONTENT")
    if len(content) > fetch.limit:
        raise fetch.too_large(len(content))
    if not content and fetch.kind != "file":
        raise fetch.error(DownloadFailed, "the file is empty")
    fetch.content_type = fetch.url[5:].partition(",")[0]
    sink.rewind(0)
    sink.write(content)
    return True
