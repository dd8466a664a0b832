"""A notebook in a real kernel, cell by cell, against the mock."""

from __future__ import annotations

from typing import Any

import pytest

from support.notebook import run_cells

CELLS = (
    """
from runcomfy import validate
from runcomfy.testing import mock_service
from runcomfy_models.openai import GptImage1_5TextToImage, GptImage2Edit
service = mock_service(polls_in_queue=1, polls_running=1)
service.start()
client = service.client()
""",
    'validate("openai/gpt-image-2/edit", {"prompt": "x", "images": []})',
    'job = client.submit(GptImage1_5TextToImage(prompt="a hat"))\njob',
    "result = job.wait()\nresult",
    "content = result.files[0].read()\nresult",
    "%load_ext runcomfy.notebook\n[result, result]",
    """
rows = [{"key": f"k{n}", "prompt": f"hat {n}"} for n in range(3)]
run = client.batch(GptImage1_5TextToImage, rows, out="hats", max_cost=5)
outcomes = list(run)
""",
    "run",
    "outcomes[0]",
    "client.close()\nservice.close()\nresult",
)


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> list[list[Any]]:
    """The outputs of each cell."""
    return run_cells(CELLS, tmp_path_factory.mktemp("notebook"))


def html(outputs: list[Any]) -> str:
    [one] = [output["data"]["text/html"] for output in outputs if "data" in output]
    return str(one)


@pytest.mark.slow
def test_a_notebook_shows_everything_and_outlives_the_mock(outputs: list[list[Any]]) -> None:
    _, report, job, linked, read, many, batch, run, outcome, after = outputs
    assert "/images" in html(report)
    assert "completed" in html(job)  # the cell after it waited, and this output followed
    assert ".wait()" in html(job)
    assert 'src="http://127.0.0.1:' in html(linked)
    assert 'src="data:image/' in html(read)
    assert html(many).count('src="data:image/') == 2
    assert "settled" in html(batch)
    assert "succeeded" in html(batch)
    assert html(run) == html(batch)
    assert 'src="data:image/' in html(outcome)
    assert html(after) == html(read)


@pytest.mark.slow
def test_no_cell_fails_or_prints(outputs: list[list[Any]]) -> None:
    kinds = {output["output_type"] for cell in outputs for output in cell}
    assert kinds == {"execute_result", "display_data"}
