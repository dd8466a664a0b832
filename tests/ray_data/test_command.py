"""``runcomfy-py validate`` over files, patterns, buckets and Ray: the same reports and exit statuses."""

from __future__ import annotations

import json
import os
import re
import signal
from pathlib import Path
from typing import Any

import obstore
import pyarrow as pa  # type: ignore[import-untyped]  # it brings no types
import pyarrow.parquet as pq  # type: ignore[import-untyped]  # likewise
import pytest
from obstore.store import S3Store

from runcomfy import BucketError, RunComfyError, validate_lines
from runcomfy.buckets.reading import locate, open_object
from runcomfy.extras import install_command
from runcomfy.model.registry import find_model
from runcomfy.ray.executor import RayExecutor
from runcomfy.ray.rows import validate_rows as validate_on
from runcomfy.validation import object_lines
from runcomfy.validation.object_lines import ObjectLines
from runcomfy.validation.rows import validate_rows
from support.command import Ran, run
from support.payload_lines import GOOD, WAN

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("ray"),
    pytest.mark.filterwarnings(
        "ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::ResourceWarning"
    ),
]

GOOD_LINE = json.dumps(GOOD).encode() + b"\n"
BAD_LINE = json.dumps({**GOOD, "seed": -1}).encode() + b"\n"
#: Lines that a file should not hold, between good ones.
HOSTILE = b"".join(
    [
        GOOD_LINE,
        b'{"prompt": "\xff\xfe"}\n',
        json.dumps({**GOOD, "seed": float("nan")}).encode() + b"\n",
        b"\x00\x00\n",
        b"\n",
        GOOD_LINE[:-2] + b', "seed": -1}\n',
        b"{\r\n",
        b'{"prompt": "\\ud800"}\n',
        json.dumps({**GOOD, "prompt": "x" * 10_000_000, "seed": -1}).encode() + b"\n",
        json.dumps({**GOOD, "sed": 1}).encode() + b"\n",
        BAD_LINE[:-1],
    ]
)
#: The same in a table: what a struct or a text in Parquet can hold of it.
TABLE = pa.Table.from_struct_array(
    pa.array(
        [
            {**GOOD, "seed": 5.0},
            {**GOOD, "seed": -1.0},
            {**GOOD, "seed": float("nan")},
            {"prompt": None, "image_urls": None, "seed": None},
            {**GOOD, "prompt": "a\x00b", "seed": None},
            {**GOOD, "prompt": "x" * 10_000_000, "seed": -2.0},
        ]
    )
)


def address_of(ray: Any) -> str:
    return str(ray.get_runtime_context().gcs_address)


def validated(*arguments: str, **variables: str) -> Ran:
    return run("validate", WAN, *arguments, given=b"", **variables)


def written(folder: Path) -> None:
    (folder / "a.jsonl").write_bytes(HOSTILE)
    (folder / "b.jsonl").write_bytes(GOOD_LINE * 3)
    pq.write_table(TABLE, folder / "c.parquet", row_group_size=2)


def test_a_pattern_names_local_files(tmp_path: Path) -> None:
    written(tmp_path)
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "d.jsonl").write_bytes(GOOD_LINE)
    ran = validated(str(tmp_path / "*.jsonl"), "--json")
    assert [one["file"] for one in ran.json if "summary" in one] == [
        str(tmp_path / name) for name in ("a.jsonl", "b.jsonl")
    ]
    ran = validated(str(tmp_path / "**" / "d.jsonl"))
    assert ran.status == 0
    assert ran.out.startswith(f"{tmp_path}/below/d.jsonl: 1 payload, 0 invalid")
    ran = validated(str(tmp_path / "*.jsonx"))
    assert ran.status == 65
    assert "no payload in" in ran.err


def test_tables_are_checked_row_by_row(tmp_path: Path) -> None:
    written(tmp_path)
    ran = validated(str(tmp_path / "c.parquet"), "--json")
    assert [one["line"] for one in ran.json[:-1]] == [2, 3, 6]
    assert ran.json[-1]["summary"]["lines"] == 5
    assert validated(str(tmp_path / "none.parquet")).status == 64


def test_a_bucket_has_the_reports_of_the_folder(tmp_path: Path, store: S3Store) -> None:
    written(tmp_path)
    for file in tmp_path.iterdir():
        obstore.put(store, f"rows/{file.name}", file.read_bytes())
    for pattern in ("*.jsonl", "*.parquet", "a.jsonl", ""):
        for options in ([], ["--processes", "2"], ["--strict"]):
            there = validated(f"s3://bucket/rows/{pattern}", "--json", *options)
            here = validated(f"{tmp_path}/{pattern}", "--json", *options)
            assert there.out.replace("s3://bucket/rows", str(tmp_path)) == here.out
            assert (there.status, here.status) == (65, 65)


def test_what_is_not_in_a_bucket_is_a_usage_error(store: S3Store) -> None:
    ran = validated("s3://bucket/none.jsonl")
    assert ran.status == 64
    assert "s3://bucket/none.jsonl" in ran.err
    assert validated("s3://bucket/none/*.jsonl").status == 65
    ran = validated("s3://nowhere/*.jsonl")
    assert ran.status == 69
    assert "s3://nowhere" in ran.err


def test_without_the_extra_its_name_is_reported(tmp_path: Path) -> None:
    (tmp_path / "obstore").mkdir()
    (tmp_path / "obstore" / "__init__.py").write_text("raise ImportError\n")
    ran = validated("s3://bucket/a.jsonl", PYTHONPATH=str(tmp_path))
    assert ran.status == 64
    assert "Reading s3://bucket/a.jsonl needs another library" in ran.err
    assert re.search(re.escape(install_command("upload")), ran.err)


def test_without_ray_its_extra_is_reported(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(GOOD_LINE)
    (tmp_path / "ray").mkdir()
    (tmp_path / "ray" / "__init__.py").write_text("raise ImportError\n")
    ran = validated(str(tmp_path / "a.jsonl"), "--engine", "ray", PYTHONPATH=str(tmp_path))
    assert ran.status == 64
    assert install_command("ray") in ran.err


def test_options_that_do_not_fit_are_usage_errors(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(GOOD_LINE)
    file = str(tmp_path / "a.jsonl")
    for options, told in {
        ("--address", "auto"): "--address needs --engine ray",
        ("--engine", "ray", "--processes", "2"): "--processes is for --engine local",
        ("--engine", "ray", "--check-files", "remote"): "works with --engine local only",
    }.items():
        ran = validated(file, *options)
        assert ran.status == 64
        assert told in ran.err


def test_ray_has_the_reports_of_this_machine(ray: Any, tmp_path: Path, store: S3Store) -> None:
    """Over a cluster by its address: files of this machine travel, objects are read by the nodes."""
    written(tmp_path)
    for file in tmp_path.iterdir():
        obstore.put(store, f"rows/{file.name}", file.read_bytes())
    sources = [f"{tmp_path}/*.jsonl", f"{tmp_path}/c.parquet", "s3://bucket/rows/*.jsonl"]
    sources += ["s3://bucket/rows/c.parquet"]
    local = validated(*sources, "--json")
    over = validated(*sources, "--json", "--engine", "ray", "--address", address_of(ray))
    assert over.err == ""
    assert (over.status, over.out) == (local.status, local.out)
    assert local.status == 65


def test_a_ray_of_this_machine_ends_with_the_command(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(GOOD_LINE * 5_000 + BAD_LINE)
    ran = validated(str(tmp_path / "a.jsonl"), "--engine", "ray", "--json", RAY_ADDRESS="")
    assert ran.err == ""
    assert ran.status == 65
    assert ran.json[-1]["summary"] == {
        "lines": 5_001,
        "invalid": 1,
        "warned": 0,
        "unchecked": 25_005,
    }


@pytest.mark.parametrize("address", ["127.0.0.1:9", "ray://127.0.0.1:9", "nowhere", "[::1]:9"])
def test_an_address_without_a_cluster_is_reported(address: str, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(GOOD_LINE)
    options = ("--engine", "ray", "--address", address)
    ran = validated(str(tmp_path / "a.jsonl"), *options, RAY_TMPDIR=str(tmp_path))
    assert ran.status == 64
    assert ran.err.startswith(f"runcomfy-py: no Ray cluster responds at {address}: ")
    assert "ray start --head" in ran.err
    assert len(ran.err.splitlines()) == 1


class KillsOnce(RayExecutor):
    """Kills the worker that begins the fifth chunk."""

    def __init__(self, ray: Any, mark: Path) -> None:
        super().__init__(ray, here=True)
        self._mark = mark
        self._sent = 0

    def submit(self, call: Any, /, *args: Any) -> Any:
        self._sent += 1
        return super().submit(*((once(self._mark), call) if self._sent == 5 else (call,)), *args)


def once(mark: Path) -> Any:
    """A function that kills its process the first time, and then does what it is given."""

    def dying(call: Any, *args: Any) -> Any:
        try:
            mark.touch(exist_ok=False)
        except FileExistsError:
            return call(*args)
        return os.kill(os.getpid(), signal.SIGKILL)

    return dying


def test_the_report_is_whole_when_a_worker_is_killed(ray: Any, tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_bytes((GOOD_LINE * 999 + BAD_LINE) * 200)
    executor = KillsOnce(ray, tmp_path / "killed")
    found = validate_on(executor, find_model(WAN), str(file))
    numbers = [number for number, _ in found]
    assert (tmp_path / "killed").exists()
    assert numbers == [*range(1_000, 200_001, 1_000)]
    assert found.summary.as_dict() == {
        "lines": 200_000,
        "invalid": 200,
        "warned": 0,
        "unchecked": 200_000 * 5,
    }


def test_an_error_of_ours_comes_back_as_it_was_raised(ray: Any) -> None:
    executor = RayExecutor(ray, here=True)

    def fails() -> None:
        raise BucketError("it is not there")

    with pytest.raises(BucketError, match="it is not there"):
        executor.submit(fails).result()
    with pytest.raises(RunComfyError, match="the Ray cluster failed: ZeroDivisionError"):
        executor.submit(divmod, 1, 0).result()


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 1 << 20])
def test_each_line_of_an_object_is_in_one_range(
    size: int, store: S3Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = b"{}\n\n" + b'{"prompt": "abc"}\r\n' + b"x" * 40 + b"\n\n\n[]"
    obstore.put(store, "lines", content)
    monkeypatch.setattr(object_lines, "_RANGE", size)
    monkeypatch.setattr(object_lines, "_REST", 5)
    assert [*ObjectLines.at("s3://bucket/lines")] == content.splitlines(keepends=True)
    obstore.put(store, "none", b"")
    assert [*ObjectLines.at("s3://bucket/none")] == []


def test_an_object_that_is_replaced_while_it_is_read_is_an_error(store: S3Store) -> None:
    obstore.put(store, "a.jsonl", GOOD_LINE)
    lines = ObjectLines(*locate("s3://bucket/a.jsonl"))
    with open_object("s3://bucket/a.jsonl") as file:
        obstore.put(store, "a.jsonl", BAD_LINE)
        with pytest.raises(BucketError, match=r"s3://bucket/a\.jsonl.*was replaced"):
            file.read()
    with pytest.raises(BucketError, match="was replaced while it was being read; try again"):
        list(lines)


def test_the_fields_of_a_table_in_a_bucket_can_be_ignored(store: S3Store) -> None:
    content = b'{"id": 1, "prompt": "x", "image_urls": ["https://example.com/a.png"]}\n'
    obstore.put(store, "a.jsonl", content * 2)
    plain = validate_rows(WAN, "s3://bucket/a.jsonl")
    assert [[one.rule for one in report.warnings] for _, report in plain] == [["unknown-input"]] * 2
    assert [*validate_rows(WAN, "s3://bucket/a.jsonl", ignore=["id"])] == []
    assert len([*validate_lines(WAN, open_object("s3://bucket/a.jsonl"))]) == 2
