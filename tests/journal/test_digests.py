"""When two payloads are one, and what of a payload is written down."""

from __future__ import annotations

import base64
import hashlib
import io
import json
from collections import UserDict
from pathlib import Path
from typing import Any

import pytest

from runcomfy.errors import ConfigurationError
from runcomfy.journal import Journal, describe
from runcomfy.journal.digests import unsigned, without_signatures
from runcomfy.redaction import Redactor
from support.journals import given, submitted

_CAT = b"\x89PNG\r\n\x1a\n a cat"
_DOG = b"\x89PNG\r\n\x1a\n a dog"


def _digest(payload: Any) -> str:
    return describe(payload).digest


def test_the_order_of_members_and_the_kind_of_number_do_not_count() -> None:
    assert _digest({"a": 1, "b": [2.0, True]}) == _digest({"b": [2, True], "a": 1.0})


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ({"a": 1}, {"a": 2}),
        ({"a": 1}, {"a": "1"}),
        ({"a": 1}, {"a": True}),
        ({"a": [1, 2]}, {"a": [2, 1]}),
        ({"a": None}, {}),
        ({"a": "https://x/a.png?v=1"}, {"a": "https://x/a.png?v=2"}),
        ({"a": "https://x/a.png?st=1"}, {"a": "https://x/a.png?st=2"}),
        ({"a": "e\u0301"}, {"a": "\u00e9"}),
        ({"a": 2**60}, {"a": 2**60 + 1}),
    ],
)
def test_other_payloads_have_other_digests(one: Any, two: Any) -> None:
    assert _digest(one) != _digest(two)


def test_files_count_by_their_content_however_they_are_given(tmp_path: Path) -> None:
    (tmp_path / "cat.png").write_bytes(_CAT)
    (tmp_path / "copy.png").write_bytes(_CAT)
    uri = "data:image/png;base64," + base64.b64encode(_CAT).decode()
    same = [tmp_path / "cat.png", tmp_path / "copy.png", _CAT, io.BytesIO(_CAT), uri]
    assert len({_digest({"images": [image]}) for image in same}) == 1
    assert _digest({"images": [_DOG]}) != _digest({"images": [_CAT]})


def test_a_file_that_changes_under_its_name_changes_the_digest(tmp_path: Path) -> None:
    path = tmp_path / "cat.png"
    path.write_bytes(_CAT)
    before = _digest({"image": path})
    path.write_bytes(_DOG)
    assert _digest({"image": path}) != before


def test_a_file_object_is_left_where_it_stood() -> None:
    file = io.BytesIO(b"skipped" + _CAT)
    file.seek(7)
    assert _digest({"image": file}) == _digest({"image": _CAT})
    assert file.tell() == 7


def test_half_a_surrogate_pair_is_written_as_json_does(journal: Journal) -> None:
    submitted(journal, "hat", payload={"prompt": "\ud800 ü"})
    assert given(journal, "hat").payload == {"prompt": "\ud800 ü"}


def test_what_has_a_digest_is_not_read_again() -> None:
    class Known:
        name = "cat.png"
        sha256 = hashlib.sha256(_CAT).hexdigest()

    assert _digest({"image": Known()}) == _digest({"image": _CAT})


def test_signatures_in_urls_do_not_count() -> None:
    first = "https://x/a.png?v=2&X-Amz-Signature=abc&X-Amz-Date=1"
    assert _digest({"a": first}) == _digest(
        {"a": "https://x/a.png?v=2&X-Amz-Signature=d&X-Amz-Date=2"}
    )
    assert _digest({"a": first}) != _digest({"a": first.replace("v=2", "v=3")})


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://x/a?sig=1&sv=2&se=3&sp=r&id=7", "https://x/a?id=7"),
        ("https://x/a?Expires=1&Signature=2&Key-Pair-Id=3", "https://x/a"),
        ("https://x/a?GoogleAccessId=1&Expires=2&Signature=3", "https://x/a"),
        ("https://x/a?x-oss-signature=1&x-oss-date=2#top", "https://x/a#top"),
        ("https://x/a?q-sign-time=1&q-signature=2", "https://x/a"),
        ("https://x/a?token=abc&page=2", "https://x/a?page=2"),
        ("https://x/a?st=5&se=7", "https://x/a?st=5&se=7"),
        ("https://x/a?expires=never", "https://x/a?expires=never"),
        ("https://[x/a?sig=1", "https://[x/a"),
    ],
)
def test_signatures_are_known_by_their_names(url: str, kept: str) -> None:
    assert without_signatures(url) == kept


def test_a_payload_is_written_without_content_and_signatures(tmp_path: Path) -> None:
    (tmp_path / "cat.png").write_bytes(_CAT)
    uri = "data:image/png;base64," + base64.b64encode(_CAT).decode()
    told = json.loads(
        describe(
            {
                "a": tmp_path / "cat.png",
                "b": uri,
                "c": "https://u:p@x/a?sig=1",
                "d": "see https://x",
            }
        ).text
    )
    digest = hashlib.sha256(_CAT).hexdigest()
    assert told == {
        "a": {"file": "cat.png", "sha256": digest},
        "b": {"file": "image/png", "characters": len(uri), "sha256": digest},
        "c": "https://…@x/a",
        "d": "see https://x",
    }


def test_a_token_in_a_payload_is_not_written(journal: Journal, tmp_path: Path) -> None:
    token = "tok-5f2c9a77e1"  # noqa: S105  # what is looked for in the files
    described = describe({"prompt": f"my token is {token}"}, Redactor(token))
    assert token not in described.text
    submitted(journal, "hat", payload=json.loads(described.text))
    assert given(journal, "hat").payload == {"prompt": "my token is [token]"}
    assert not any(token.encode() in file.read_bytes() for file in tmp_path.iterdir())


def test_mappings_and_tuples_are_as_they_are_sent() -> None:
    assert _digest(UserDict({"a": (1, 2)})) == _digest({"a": [1, 2]})


@pytest.mark.parametrize(
    "payload", [{"a": float("nan")}, {"a": object()}, {"a": Path("/nowhere/cat.png")}]
)
def test_what_cannot_be_written_down_is_reported(payload: Any) -> None:
    with pytest.raises(ConfigurationError):
        describe(payload)


def test_a_payload_that_nests_without_end_is_reported() -> None:
    payload: dict[str, Any] = {}
    for _ in range(100_000):
        payload = {"a": payload}
    with pytest.raises(ConfigurationError):
        describe(payload)


def test_outputs_are_written_without_signatures() -> None:
    output = {"images": ["https://x/a.png?Signature=1", {"url": "https://x/b.png?v=1"}], "n": 1.5}
    assert unsigned(output) == {
        "images": ["https://x/a.png", {"url": "https://x/b.png?v=1"}],
        "n": 1.5,
    }
