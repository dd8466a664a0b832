"""Faults of the file host: hostile names, ignored ranges, changing files."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import count

from runcomfy.mock.raw_http import Reply

from .base import DOWNLOAD, Change, Fault, Scene

__all__ = ["FILE_FAULTS"]

_LENGTH = re.compile(r"/(\d+)$")


def _called(disposition: str) -> Change:
    return lambda reply, _scene: reply.with_headers(content_disposition=disposition)


def _range_ignored(reply: Reply, _scene: Scene) -> Reply:
    """The requested bytes, declared as the whole file."""
    return replace(reply.with_headers(content_range=None, accept_ranges=None), status=200)


def _wrong_range(reply: Reply, _scene: Scene) -> Reply:
    return replace(reply.with_headers(content_range="bytes 1000000-1000001/1000002"), status=206)


def _not_satisfiable(reply: Reply, _scene: Scene) -> Reply:
    found = _LENGTH.search(reply.header("content-range") or "")
    size = found[1] if found else str(len(reply.body))
    return Reply(416, (("content-range", f"bytes */{size}"),))


_versions = count(1)


def _changed(reply: Reply, _scene: Scene) -> Reply:
    """Another file each time, with its own ETag; the whole file for a range."""
    version = next(_versions)
    body = reply.body + b"%d" % version
    changed = reply.with_headers(etag=f'"version-{version}"', content_range=None)
    return replace(changed, status=200, body=body)


def _changed_secretly(reply: Reply, _scene: Scene) -> Reply:
    return replace(reply, body=bytes(byte ^ 0xFF for byte in reply.body))


FILE_FAULTS: tuple[Fault, ...] = (
    Fault(
        "hostile_name",
        "Content-Disposition names ../../x",
        DOWNLOAD,
        _called('attachment; filename="../../x"'),
    ),
    Fault(
        "absolute_name",
        "Content-Disposition names /etc/x",
        DOWNLOAD,
        _called('attachment; filename="/etc/x"'),
    ),
    Fault(
        "encoded_name",
        "Content-Disposition names ..%2F..%2Fx",
        DOWNLOAD,
        _called("attachment; filename*=UTF-8''..%2F..%2Fx"),
    ),
    Fault(
        "windows_name",
        "Content-Disposition names ..\\..\\CON",
        DOWNLOAD,
        _called('attachment; filename="..\\..\\CON"'),
    ),
    Fault(
        "other_type",
        "Content-Type is that of a program",
        DOWNLOAD,
        lambda reply, _scene: reply.with_headers(content_type="application/x-msdownload"),
    ),
    Fault(
        "empty_file", "the file is empty", DOWNLOAD, lambda reply, _scene: replace(reply, body=b"")
    ),
    Fault("range_ignored", "HTTP 200 with only the requested part", DOWNLOAD, _range_ignored),
    Fault("wrong_range", "Content-Range names another part", DOWNLOAD, _wrong_range),
    Fault("not_satisfiable", "HTTP 416", DOWNLOAD, _not_satisfiable),
    Fault("changed_file", "different content and ETag each time", DOWNLOAD, _changed),
    Fault("changed_secretly", "different content under the same ETag", DOWNLOAD, _changed_secretly),
    Fault("no_validator", "no ETag", DOWNLOAD, lambda reply, _scene: reply.with_headers(etag=None)),
    Fault(
        "weak_validator",
        "the ETag is a weak one",
        DOWNLOAD,
        lambda reply, _scene: reply.with_headers(etag=f"W/{reply.header('etag')}"),
    ),
)
