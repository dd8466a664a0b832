"""A batch whose files go into a bucket."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from obstore.store import S3Store

from runcomfy import BucketError, ConfigurationError
from runcomfy.mock import small_output
from runcomfy.testing import mock_service
from support.bucket_server import bucket_server, environment
from support.command import run

ID = "openai/gpt-image-1-5/text-to-image"


def test_files_go_into_the_bucket_and_the_same_call_saves_nothing_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [{"key": "a/b", "prompt": "a hat"}, {"key": "a_b", "prompt": "another"}]
    with mock_service(make_output=small_output) as service, bucket_server() as endpoint:
        for name, value in environment(endpoint).items():
            monkeypatch.setenv(name, value)
        out, bucket = tmp_path / "out", "s3://bucket/hats"
        with service.client() as client:
            first = list(
                client.batch(
                    ID, rows, out=out, bucket=bucket, price=0.04, name="{key}-{index}{extension}"
                )
            )
            asked = len(service.log)
            again = list(client.batch(ID, rows, out=out, bucket=bucket, price=0.04))
            assert len(service.log) == asked
        assert asked > 0
        stored = {f"s3://bucket/{one['path']}" for page in S3Store("bucket").list() for one in page}
    assert {url for one in first for url in one.objects} == stored
    assert len(stored) == 2  # though no file name can tell the keys apart
    assert [one.objects for one in again] == [one.objects for one in first]
    told = [json.loads(line) for line in (out / "results.jsonl").read_text().splitlines()]
    assert [one["files"] for one in told] == [list(one.objects) for one in first]
    assert not [*out.glob("*.png")]


def test_a_bucket_that_cannot_be_is_reported_before_anything_is_paid(tmp_path: Path) -> None:
    with mock_service() as service, service.client() as client:
        with pytest.raises(ConfigurationError, match="bucket"):
            list(client.batch(ID, [{"prompt": "a hat"}], out=tmp_path / "b", bucket="results"))
        assert service.accepted == 0


def test_a_bucket_that_refuses_writes_is_reported_before_anything_is_paid(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        mock_service() as service,
        bucket_server() as endpoint,
        service.client() as client,
    ):
        for name, value in environment(endpoint).items():
            monkeypatch.setenv(name, value)
        out, bucket = tmp_path / "b", "s3://other/hats"
        with pytest.raises(BucketError, match="s3://other/hats cannot be written to"):
            list(client.batch(ID, [{"prompt": "a hat"}], out=out, bucket=bucket, price=0.04))
        assert service.accepted == 0
    assert not out.exists()


def test_a_bucket_is_no_folder_for_the_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = run("batch", ID, "rows.jsonl", "--out", "s3://bucket/my hats")
    assert ran.status == 64
    assert "--out FOLDER --bucket 's3://bucket/my hats'." in ran.err
    monkeypatch.chdir(tmp_path)
    with mock_service() as service, service.client() as client:
        with pytest.raises(ConfigurationError, match="bucket='s3://bucket/hats' for the files"):
            list(client.batch(ID, [{"prompt": "a hat"}], out="s3://bucket/hats", price=0.04))
        with pytest.raises(ConfigurationError, match="bucket='s3://bucket/hats' for the files"):
            client.shards(ID, out="s3://bucket/hats", price=0.04)
        assert service.accepted == 0
    assert [*tmp_path.iterdir()] == []
