"""``probe``: the facts of a dataset's media files, as a column."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from runcomfy.buckets.opening import is_bucket_url
from runcomfy.buckets.reading import open_object
from runcomfy.errors import BucketError, ConfigurationError
from runcomfy.media.data_uris import content_of
from runcomfy.media.probe import MediaInfo
from runcomfy.media.probe import probe as probe_file
from runcomfy.media.remote import probe_urls
from runcomfy.model.media import is_data

from .columns import add_columns, column_of, in_bytes, in_utf8, is_text

if TYPE_CHECKING:
    from ray.data import Dataset

    from runcomfy.media.remote import RemoteLimits

__all__ = ["probe", "probe_table"]

#: The members of the column, and their types in Arrow.
_FACTS = {
    "kind": "string",
    "format": "string",
    "size": "int64",
    "width": "int64",
    "height": "int64",
    "duration": "float64",
    "frame_rate": "float64",
    "orientation": "int64",
    "reason": "string",
}


def probe(
    dataset: Dataset,
    *,
    column: str,
    name: str = "media",
    limits: RemoteLimits | None = None,
    **options: Any,
) -> Dataset:
    """The dataset with the facts of the file in ``column``, as ``runcomfy.media.probe`` reports them, in an additional column.

    The column called ``name`` is a ``struct<kind: string, format: string, size: int64, width: int64, height: int64,
    duration: double, frame_rate: double, orientation: int64, reason: string>``: bytes, pixels, seconds, frames a second.
    What is not known is null, and ``reason`` says why; it is null as a whole where the column is.

    A binary column holds contents. A text is a URL (``https://…``: a few kilobytes are read, on the public internet
    only, within ``limits`` for each batch), a data URI, or an object of a bucket (``s3://…``). Nothing else is opened.
    The ``options`` are those of ``map_batches``.

    >>> found = runcomfy.ray.probe(rows, column="image_url")
    >>> found.filter(lambda row: (row["media"]["width"] or 384) < 384).count()
    17
    """
    step = partial(probe_table, column=column, name=name, limits=limits)
    return dataset.map_batches(step, batch_format="pyarrow", zero_copy_batch=True, **options)


def probe_table(table: Any, column: str, name: str, limits: RemoteLimits | None) -> Any:
    """The Arrow table with the column of ``probe``: what a worker does with a batch."""
    import pyarrow  # type: ignore[import-untyped]  # it brings no types

    values = column_of(table, column)
    kind = values.type
    if pyarrow.types.is_null(kind):
        found: list[MediaInfo | None] = [None] * len(values)
    elif not is_text(kind):
        raise ConfigurationError(
            f"column {column!r} is of type {kind!s:.200}; files must be bytes, or URLs as strings"
        )
    elif pyarrow.types.is_binary(kind) or pyarrow.types.is_large_binary(kind):
        found = [None if one is None else probe_file(one) for one in in_bytes(values)]
    else:
        found = _behind(in_bytes(values), limits)
    facts = pyarrow.struct([(fact, getattr(pyarrow, of)()) for fact, of in _FACTS.items()])
    rows = [None if info is None else _facts(info) for info in found]
    return add_columns(table, {name: pyarrow.array(rows, facts)})


def _behind(texts: list[bytes | None], limits: RemoteLimits | None) -> list[MediaInfo | None]:
    """The facts of the files behind URLs, those on the web together."""
    urls = [None if text is None else text.decode(errors="replace") for text in texts]
    web = {url: None for url in urls if url is not None and _is_web(url)}
    looked = probe_urls(web, limits) if web else {}
    return [None if url is None else looked.get(url) or _local(url) for url in urls]


def _is_web(url: str) -> bool:
    return url[:8].lower().startswith(("https://", "http://"))


def _local(url: str) -> MediaInfo:
    if is_data(url):
        content = content_of(url)
        if content is None:
            return MediaInfo(reason="it is not of the form data:TYPE;base64,CONTENT")
        return probe_file(content)
    if not is_bucket_url(url):
        return MediaInfo(reason="it is not a URL: use https://…, s3://… or a data URI")
    try:
        with open_object(url) as file:
            return probe_file(file)
    except (BucketError, ConfigurationError) as error:
        return MediaInfo(reason=str(error))


def _facts(info: MediaInfo) -> dict[str, Any]:
    facts = {name: getattr(info, name) for name in _FACTS}
    return {**facts, "reason": in_utf8(info.reason) or None}
