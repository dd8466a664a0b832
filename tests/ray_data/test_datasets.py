"""Datasets on a real Ray: verdicts, facts and files, from JSON Lines and Parquet, with workers that are killed."""

from __future__ import annotations

import json
import os
import signal
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]  # it brings no types
import pyarrow.parquet as pq  # type: ignore[import-untyped]  # likewise
import pytest

import runcomfy
import runcomfy.ray
from runcomfy import ConfigurationError, validate_lines
from runcomfy.model.registry import find_model
from runcomfy_models.wan_ai import Wan2_6ImageToImage
from support.file_host import CONTENT, Given, file_host
from support.payload_lines import GOOD, WAN
from support.picture_bytes import png

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("ray"),
    pytest.mark.filterwarnings(
        "ignore::DeprecationWarning",
        "ignore::FutureWarning",
        "ignore::ResourceWarning",
        "ignore:Use 'expr'",
    ),
]

BAD = {**GOOD, "seed": -1}
LINES = [
    json.dumps(GOOD),
    json.dumps(BAD),
    "{",
    json.dumps({**GOOD, "sed": 1}),
    "",
    json.dumps(GOOD),
]


def counted(dataset: Any) -> Counter[bool | None]:
    return Counter(row["report_valid"] for row in dataset.iter_rows())


def as_parquet(folder: Path, table: Any, rows: int = 2) -> str:
    pq.write_table(table, folder / "rows.parquet", row_group_size=rows)
    return str(folder)


def test_texts_of_parquet_have_the_verdicts_of_lines(ray: Any, tmp_path: Path) -> None:
    folder = as_parquet(tmp_path, pa.table({"n": [*range(6)], "payload": LINES}))
    checked = runcomfy.ray.validate(ray.data.read_parquet(folder), WAN, column="payload")
    reports = dict(validate_lines(WAN, LINES))
    found = {row["n"] + 1: row for row in checked.iter_rows()}
    assert {n for n, row in found.items() if row["report_valid"] is False} == {2, 3}
    assert found[5]["report_valid"] is None
    for number, row in found.items():
        report = reports.get(number)
        assert [one["message"] for one in row["report_errors"]] == [
            one.message for one in (report.errors if report else [])
        ]
    assert [one["rule"] for one in found[4]["report_warnings"]] == ["unknown-input"]


def test_json_lines_have_the_verdicts_of_validate(ray: Any, tmp_path: Path) -> None:
    payloads = [GOOD, BAD, {**GOOD, "image_urls": []}]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(one) + "\n" for one in payloads))
    rows = ray.data.read_json(str(tmp_path / "rows.jsonl"))
    checked = runcomfy.ray.validate(rows, WAN)
    assert counted(checked) == Counter(runcomfy.validate(WAN, one).valid for one in payloads)


def test_structs_of_parquet_have_the_verdicts_of_validate(ray: Any, tmp_path: Path) -> None:
    folder = as_parquet(tmp_path, pa.table({"payload": pa.array([GOOD, BAD, GOOD])}))
    checked = runcomfy.ray.validate(ray.data.read_parquet(folder), WAN, column="payload")
    assert counted(checked) == Counter([True, False, True])


@pytest.mark.parametrize("model_id", runcomfy.model_ids())
def test_every_installed_model_travels(ray: Any, model_id: str) -> None:
    example = json.dumps(find_model(model_id).example().payload())
    rows = ray.data.from_arrow(pa.table({"payload": [example, "{}"]}))
    assert counted(runcomfy.ray.validate(rows, model_id, column="payload")) == Counter(
        [True, False]
    )


def test_the_counts_are_right_when_a_worker_is_killed(ray: Any, tmp_path: Path) -> None:
    """Ray runs the batch of a dead worker again: nothing is counted twice, and nothing is lost."""
    lines = [json.dumps(BAD if number % 20 == 0 else GOOD) for number in range(20_000)]
    folder = as_parquet(tmp_path, pa.table({"n": [*range(20_000)], "payload": lines}), rows=1_000)
    mark = tmp_path / "killed"

    def kill_once(table: Any) -> Any:
        """Kills the worker that comes here first, in the middle of its batch."""
        try:
            mark.touch(exist_ok=False)
        except FileExistsError:
            return table
        return os.kill(os.getpid(), signal.SIGKILL)

    checked = runcomfy.ray.validate(
        ray.data.read_parquet(folder, override_num_blocks=10), WAN, column="payload"
    ).map_batches(kill_once, batch_format="pyarrow", batch_size=None)
    rows = checked.select_columns(["n", "report_valid"]).take_all()
    assert mark.exists()
    assert sorted(row["n"] for row in rows) == [*range(20_000)]
    assert {row["n"] for row in rows if not row["report_valid"]} == {*range(0, 20_000, 20)}


def test_a_model_that_no_worker_could_import_is_refused_at_once(ray: Any) -> None:
    class Local(Wan2_6ImageToImage):
        """A class that has no name in its module."""

    rows = ray.data.from_arrow(pa.table({"payload": ["{}"]}))
    with pytest.raises(ConfigurationError, match="cannot be imported by other processes"):
        runcomfy.ray.validate(rows, Local, column="payload")


def test_files_are_probed(ray: Any) -> None:
    rows = ray.data.from_arrow(pa.table({"n": [0, 1], "file": [png(64, 32), b"nothing"]}))
    found = {row["n"]: row["media"] for row in runcomfy.ray.probe(rows, column="file").iter_rows()}
    assert (found[0]["width"], found[0]["height"], found[0]["reason"]) == (64, 32, None)
    assert found[1]["format"] == "text"
    probed = runcomfy.ray.probe(rows, column="file")
    assert probed.filter(lambda row: (row["media"]["width"] or 384) < 384).count() == 1


def test_results_are_fetched_into_a_folder(ray: Any, tmp_path: Path) -> None:
    with file_host() as host:
        outputs = [{"images": [f"{host.url}/{n}.png"]} for n in range(3)] + [
            {"images": ["https://evil.example/x.png"]},
        ]
        table = pa.table({"id": ["a", "b", "c", "d"], "output": [json.dumps(o) for o in outputs]})
        saved = runcomfy.ray.fetch(
            ray.data.from_arrow(table),
            tmp_path / "out",
            column="output",
            request_id="id",
            download_hosts=[host.place],
        )
        rows = {row["id"]: row for row in saved.take_all()}
        assert [rows[one]["fetched"][0]["place"] for one in "abc"] == [
            str(tmp_path / "out" / f"{one}-1.png") for one in "abc"
        ]
        assert (tmp_path / "out" / "a-1.png").read_bytes() == CONTENT
        assert "not fetched from evil.example" in rows["d"]["fetch_error"]
        assert rows["d"]["fetched"] == []
        assert rows["a"]["fetch_error"] is None
        assert saved.filter(lambda row: row["fetch_error"] is not None).count() == 1
        host.script(Given(404))
        assert all("refused" in row["fetch_error"] for row in saved.take_all() if row["id"] != "d")
        assert len([*(tmp_path / "out").iterdir()]) == 3
