"""A model id is a relative path of plain segments, or it is refused."""

from __future__ import annotations

from pathlib import PurePosixPath, PureWindowsPath

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from runcomfy_codegen.errors import SourceError
from runcomfy_codegen.schema.model_ids import parse_model_id


@pytest.mark.parametrize(
    "text",
    [
        "openai/gpt-image-2/edit",
        "minimax/Hailuo Video 01 Live",
        "elevenlabs/elevenlabs",
        "black-forest-labs/flux.1/4K",
        "a/b/c/d/e",
        "google/veo_3.1",
    ],
)
def test_ids_of_the_catalogue_are_taken_as_they_are(text: str) -> None:
    assert parse_model_id(text, "page.txt:1:1") == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "model",
        "/etc/passwd",
        "owner/",
        "owner//model",
        "../x",
        "owner/../../x",
        "owner/./model",
        "owner\\..\\x/y",
        "C:/x",
        "owner/mo\0del",
        "owner/mo\ndel",
        "owner/mo\u202edel",
        "owner/modèle",
        "owner/ model",
        "owner /model",
        "owner/model.",
        ".git/hooks",
        "owner/input.json",
        "owner/Overrides.JSON",
        "owner/con",
        "owner/com0",
        "owner/NUL.txt",
        "o/" + "m" * 300,
    ],
)
def test_an_id_that_is_no_plain_relative_path_is_refused(text: str) -> None:
    with pytest.raises(SourceError) as caught:
        parse_model_id(text, "page.txt:1:1")
    assert caught.value.place == "page.txt:1:1"
    assert "owner/model" in caught.value.advice


@given(st.text(alphabet=st.sampled_from("ab./\\ :\0~%-_\n"), max_size=12))
@example("a/b")
def test_what_is_accepted_stays_inside_its_folder_on_every_system(text: str) -> None:
    try:
        model_id = parse_model_id(text, "here")
    except SourceError:
        return
    for path in (PurePosixPath(model_id), PureWindowsPath(model_id)):
        assert path.parts == model_id.segments
        assert not path.is_absolute()
        assert ".." not in path.parts
