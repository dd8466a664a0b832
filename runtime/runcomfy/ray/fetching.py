"""``fetch``: a dataset's result files, saved into a folder or a bucket."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from runcomfy.buckets import Bucket, is_bucket_url
from runcomfy.downloads.bucket_file import BucketTarget
from runcomfy.downloads.config import MAX_FILE_BYTES, SAVE_TIMEOUT, DownloadSettings
from runcomfy.downloads.file import File, find_files
from runcomfy.downloads.filenames import safe_stem
from runcomfy.downloads.manager import Downloads
from runcomfy.downloads.partial_file import SaveTarget
from runcomfy.errors import RequestError, RunComfyError
from runcomfy.media.formats import known_extension
from runcomfy.protocol.allowed_hosts import AllowedHosts
from runcomfy.redaction import shown_url
from runcomfy.validation.json_text import NotJSON, read_json

from .columns import add_columns, column_of, in_bytes, in_utf8, is_text

if TYPE_CHECKING:
    import os

    from ray.data import Dataset

    from runcomfy.downloads.targets import Target

__all__ = ["fetch", "fetch_table"]

#: The longest request id that is used in names unchanged.
_LONGEST_ID = 64
_BASE_URL = "https://model-api.runcomfy.net"


def fetch(
    dataset: Dataset,
    out: str | os.PathLike[str],
    *,
    column: str,
    request_id: str | None = None,
    download_hosts: Iterable[str] = (),
    max_file_bytes: int = MAX_FILE_BYTES,
    timeout: float = SAVE_TIMEOUT,
    concurrency: int = 8,
    base_url: str = _BASE_URL,
    **options: Any,
) -> Dataset:
    """The dataset with its result files saved in ``out``, and where they are in two more columns:

    - ``fetched``, ``list<struct<url: string, place: string>>``: each file that was saved; the place is a path, or the
      URL of an object. Signatures are left out of the URLs.
    - ``fetch_error``, ``string``: what could not be saved and why; null where everything was.

    ``out`` is a bucket (``"s3://my-bucket/results"``, extra ``upload``) or a folder that all machines share.
    ``column`` holds the output of a request, as JSON text or a struct, or the URL of one file, or a list of them. Files
    are named by the request id in the column ``request_id``, or else by the URL; the same file has the same name
    again, so a repetition replaces it. Each is fetched without a token, from RunComfy's hosts, the host of ``base_url``
    and ``download_hosts`` only, up to ``max_file_bytes``, within ``timeout`` seconds; ``concurrency`` at once in
    each worker. The ``options`` are those of ``map_batches``.

    >>> saved = runcomfy.ray.fetch(results, "s3://my-bucket/results", column="output", request_id="id")
    >>> saved.filter(lambda row: row["fetch_error"] is not None).count()
    0
    """
    hosts = AllowedHosts.of(base_url, download_hosts)
    settings = DownloadSettings(hosts=hosts, max_bytes=max_file_bytes, base_url=base_url)
    place = Bucket(out) if isinstance(out, str) and is_bucket_url(out) else str(out)
    step = partial(
        fetch_table,
        settings=settings,
        out=place,
        column=column,
        id_column=request_id,
        timeout=timeout,
        concurrency=concurrency,
    )
    return dataset.map_batches(step, batch_format="pyarrow", zero_copy_batch=True, **options)


def fetch_table(
    table: Any,
    settings: DownloadSettings,
    out: Bucket | str,
    column: str,
    id_column: str | None,
    timeout: float,
    concurrency: int,
) -> Any:
    """The Arrow table with the columns of ``fetch``: what a worker does with a batch."""
    import pyarrow  # type: ignore[import-untyped]  # it brings no types

    outputs = _outputs(column_of(table, column))
    ids = [None] * len(outputs) if id_column is None else column_of(table, id_column).to_pylist()
    files = [_files(output, given, settings) for output, given in zip(outputs, ids, strict=True)]
    downloads = Downloads(settings, keep=True)
    try:
        with ThreadPoolExecutor(concurrency) as pool:
            save = partial(_save, downloads, out, timeout)
            outcomes = list(pool.map(save, [file for row in files for file in row]))
    finally:
        downloads.close()
    waiting = iter(outcomes)
    saved, errors = [], []
    for row, output in zip(files, outputs, strict=True):
        places, reasons = [], [] if row or output is None else ["the output contains no file"]
        for file, (place, reason) in zip(row, waiting, strict=False):
            if reason is None:
                places.append({"url": in_utf8(shown_url(file.url)), "place": in_utf8(place)})
            else:
                reasons.append(in_utf8(reason))
        saved.append(places)
        errors.append("; ".join(reasons) or None)
    text = pyarrow.string()
    kind = pyarrow.list_(pyarrow.struct([("url", text), ("place", text)]))
    return add_columns(
        table, {"fetched": pyarrow.array(saved, kind), "fetch_error": pyarrow.array(errors, text)}
    )


def _outputs(column: Any) -> list[Any]:
    """The output in each row, or ``None``."""
    if not is_text(column.type):
        values: list[Any] = column.to_pylist()
        return values
    return [None if one is None else _output(one) for one in in_bytes(column)]


def _output(content: bytes) -> Any:
    """An output as JSON text, or the URL that the text is."""
    text = content.decode(errors="replace").strip()
    if text.startswith(("{", "[")):
        try:
            return read_json(text)
        except NotJSON:
            pass
    return text


def _files(output: Any, request_id: object, settings: DownloadSettings) -> list[File]:
    """The files of an output, under names that no other row has and a repetition has again."""
    if output is None:
        return []
    known = None if request_id is None else str(request_id)
    found = find_files(output, known or "", None, settings.base_url)
    return [
        replace(file, name=_name(known or file.url, number, file.name), request_id=known or "?")
        for number, file in enumerate(found, 1)
    ]


def _name(identity: str, number: int, name: str) -> str:
    """A unique file name with the extension of ``name``."""
    plain = identity == safe_stem(identity, _LONGEST_ID)
    stem = identity if plain else hashlib.sha256(identity.encode(errors="replace")).hexdigest()[:32]
    return f"{stem}-{number}{known_extension(name)}"


def _save(
    downloads: Downloads, out: Bucket | str, timeout: float, file: File
) -> tuple[str, str | None]:
    """Where the file was saved, or why it was not."""
    target: Target[Any]
    if isinstance(out, Bucket):
        target = BucketTarget(out, file.name, overwrite=True)
    else:
        target = SaveTarget.inside(out, file.name, overwrite=True)
    try:
        [place] = downloads.save([file], [target], timeout)
    except (RunComfyError, OSError) as error:
        reason = error.message if isinstance(error, RequestError) else str(error)
        return "", f"{shown_url(file.url)}: {reason}"
    return str(place), None
