"""The outputs that the mock service makes: the shape of the document, and files that are real."""

from __future__ import annotations

import io
import wave
from pathlib import Path
from typing import Any

import av
import pytest
from PIL import Image

from runcomfy.mock.fake_output import MadeFile, make_output
from runcomfy.mock.pictures import _drawing, _words
from runcomfy_codegen.package.plan import apply
from runcomfy_codegen.pipeline import generate
from runcomfy_models.openai import GptImage1_5TextToImage, GptImage2Edit
from runcomfy_models.wan_ai import Wan2_6ImageToImage
from support.small_models import load, store

URL = {"type": "string", "format": "uri"}
URLS = {"type": "array", "items": URL}
OBJECTS = {"type": "array", "items": {"type": "object", "properties": {"url": URL}}}


def only(cls: Any, payload: dict[str, Any], request_id: str = "r1") -> MadeFile:
    _, files = make_output(cls, payload, request_id=request_id)
    assert len(files) == 1
    return files[0]


def picture(file: MadeFile) -> Image.Image:
    image = Image.open(io.BytesIO(file.content))
    image.load()
    return image


def a_model(folder: Path, name: str, outputs: dict[str, Any], *inputs: str) -> Any:
    """The class of the model ``acme/NAME`` with these outputs."""
    schema = {"type": "object", "properties": {one: {"type": "string"} for one in inputs}}
    store(folder / "schemas", f"acme/{name}", schema, output={"properties": outputs})
    apply(generate(folder / "schemas", folder / "out", "made_models").plan)
    module = load(folder, f"made_models.acme.{name.replace('-', '_')}")
    return getattr(module, name.title().replace("-", ""))


@pytest.mark.parametrize(
    ("asked", "format_", "content_type"),
    [({}, "PNG", "image/png"), ({"output_format": "jpeg"}, "JPEG", "image/jpeg"),
     ({"output_format": "webp"}, "WEBP", "image/webp")],
)  # fmt: skip
def test_an_image_has_the_requested_format(
    asked: dict[str, Any], format_: str, content_type: str
) -> None:
    file = only(GptImage2Edit, {"prompt": "a hat", **asked})
    assert (picture(file).format, file.content_type) == (format_, content_type)
    assert file.name == f"image-1.{format_.lower()}"


@pytest.mark.parametrize(
    ("asked", "size"),
    [
        ({}, (1024, 1024)),
        ({"size": "1024x1536"}, (1024, 1536)),
        ({"image_size": "1280*720 (16:9)"}, (1280, 720)),
        ({"ratio": "1280:720"}, (1280, 720)),
        ({"width": 320, "height": 200}, (320, 200)),
        ({"resolution": "720p"}, (720, 720)),
        ({"resolution": "480P", "aspect_ratio": "9:16"}, (480, 853)),
        ({"aspect_ratio": "4:1", "resolution": "1k"}, (2048, 512)),
        ({"image_size": "portrait_4_3"}, (887, 1182)),
        ({"aspect_ratio": "auto"}, (1024, 1024)),
        ({"aspect_ratio": "0:1", "width": "wide"}, (1024, 1024)),
    ],
    ids=str,
)
def test_an_image_has_the_requested_size(asked: dict[str, Any], size: tuple[int, int]) -> None:
    assert picture(only(GptImage2Edit, {"prompt": "a hat", **asked})).size == size


def test_no_payload_makes_an_image_that_is_larger_than_4k() -> None:
    huge = only(GptImage2Edit, {"width": 99_999_999, "height": 1})
    assert picture(huge).size == (4096, 16)


def test_the_prompt_is_drawn() -> None:
    blank, little, much = (
        picture(only(GptImage2Edit, {"prompt": text, "aspect_ratio": "3:2"})).convert("L")
        for text in ("", "hat", "a cat with a hat sits on a mat")
    )
    white = [sum(image.histogram()[240:]) for image in (blank, little, much)]
    assert white[0] < white[1] < white[2]


@pytest.mark.parametrize("text", ["über größer", "çà et là", "żółć", "8–9 “quoted”"])
def test_letters_of_latin_scripts_are_drawn_as_letters(text: str) -> None:
    box = _drawing("\uffff")
    assert box not in {_drawing(letter) for word in _words(text) for letter in word}


@pytest.mark.parametrize(
    "text",
    ["一只戴帽子的猫" * 50, "👍\u202e\x00\ud800\r\n", "W" * 100_000, "a " * 100_000, "\n"],
    ids=["Chinese", "odd letters", "one long word", "many words", "no letters"],
)
def test_any_text_can_be_drawn(text: str) -> None:
    assert picture(only(GptImage2Edit, {"prompt": text, "size": "64x64"})).size == (64, 64)


@pytest.mark.parametrize("name", ["prompt", "text", "tags", "promptText", "33_string"])
def test_the_text_is_found_under_the_names_that_models_give_it(name: str) -> None:
    blank = picture(only(GptImage2Edit, {name: ""})).convert("L")
    drawn = picture(only(GptImage2Edit, {name: "a cat", "image": "https://x/y"})).convert("L")
    assert sum(drawn.histogram()[240:]) > sum(blank.histogram()[240:])


def test_a_transparent_background_is_transparent() -> None:
    payload = {"prompt": "a hat", "background": "transparent"}
    assert picture(only(GptImage1_5TextToImage, payload)).getpixel((100, 1000)) == (0, 0, 0, 0)
    jpeg = only(GptImage1_5TextToImage, {**payload, "output_format": "jpeg"})
    assert picture(jpeg).mode == "RGB"


def test_several_images_fill_the_list_of_the_output() -> None:
    document, files = make_output(GptImage2Edit, {"prompt": "a hat", "n": 3}, request_id="r1")
    assert document == {
        "images": ["{file:image-1.png}", "{file:image-2.png}", "{file:image-3.png}"]
    }
    assert [file.name for file in files] == ["image-1.png", "image-2.png", "image-3.png"]
    assert len({file.content for file in files}) == 3


def test_the_number_of_files_is_bounded() -> None:
    _, files = make_output(GptImage2Edit, {"n": 10**9, "size": "16x16"}, request_id="r1")
    assert len(files) == 10


@pytest.mark.parametrize("asked", [{}, {"n": 2}, {"output_format": "webp"}], ids=str)
def test_the_same_request_gives_the_same_bytes_and_another_id_others(asked: dict[str, Any]) -> None:
    payload = {"prompt": "a hat", "image_urls": [], **asked}
    first = make_output(Wan2_6ImageToImage, payload, request_id="r1")
    assert make_output(Wan2_6ImageToImage, dict(payload), request_id="r1") == first
    assert make_output(Wan2_6ImageToImage, payload, request_id="r2")[1] != first[1]


@pytest.mark.parametrize(
    ("name", "outputs", "document"),
    [
        ("cat", {"image": URL}, {"image": "{file:image-1.png}"}),
        ("cat", {"images": URLS}, {"images": ["{file:image-1.png}"]}),
        ("cat", {"images": OBJECTS}, {"images": [{"url": "{file:image-1.png}"}]}),
        ("cat", {"seed": {"type": "integer"}, "image_url": URL}, {"image_url": "{file:image-1.png}"}),
        ("cat", {}, {"image": "{file:image-1.png}"}),
        ("text-to-video", {"image": URL, "video": URL}, {"video": "{file:video-1.mp4}"}),
        ("video-to-image", {"image": URL, "video": URL}, {"image": "{file:image-1.png}"}),
        ("cat", {"videos": URLS}, {"videos": ["{file:video-1.mp4}"]}),
        ("cat", {"audio": URL}, {"audio": "{file:audio-1.wav}"}),
        ("text-to-speech", {"audios": URLS}, {"audios": ["{file:audio-1.wav}"]}),
    ],
    ids=str,
)  # fmt: skip
def test_the_document_has_the_shape_of_the_output_schema(
    tmp_path: Path, name: str, outputs: dict[str, Any], document: dict[str, Any]
) -> None:
    cls = a_model(tmp_path, name, outputs)
    assert make_output(cls, {}, request_id="r1")[0] == document


@pytest.mark.parametrize(
    ("outputs", "document"),
    [
        ({"file": URL}, {"file": "{file:image-1.png}"}),
        ({"clip": {"type": "string", "format": "video_uri"}}, {"clip": "{file:video-1.mp4}"}),
        ({"tracks": {"type": "array", "items": {"type": "string", "format": "audio_uri"}}},
         {"tracks": ["{file:audio-1.wav}"]}),
        ({"seed": {"type": "integer"}, "result": {"type": "object", "properties": {"file": URL}}},
         {"result": {"file": "{file:image-1.png}"}}),
        ({"image": {"type": "object", "properties": {"width": {"type": "integer"}, "src": URL}}},
         {"image": {"src": "{file:image-1.png}"}}),
        ({"data": {"type": "array", "items": {"type": "object", "properties": {"link": URL}}}},
         {"data": [{"link": "{file:image-1.png}"}]}),
        ({"seed": {"type": "integer"}}, {"image": "{file:image-1.png}"}),
    ],
    ids=str,
)  # fmt: skip
def test_a_file_stands_where_the_output_schema_has_a_place_for_an_address(
    tmp_path: Path, outputs: dict[str, Any], document: dict[str, Any]
) -> None:
    """Whatever the field is called; where there is none, under the kind's own name."""
    cls = a_model(tmp_path, "maker", outputs)
    assert make_output(cls, {}, request_id="r1")[0] == document


def test_a_model_that_takes_a_duration_makes_a_video(tmp_path: Path) -> None:
    cls = a_model(tmp_path, "cat", {"image": URL, "video": URL}, "duration")
    assert make_output(cls, {}, request_id="r1")[0] == {"video": "{file:video-1.mp4}"}


def test_a_video_is_a_second_of_real_video(tmp_path: Path) -> None:
    cls = a_model(tmp_path, "text-to-video", {"video": URL})
    payload = {"prompt": "a hat", "aspect_ratio": "16:9", "resolution": "720p"}
    file = only(cls, payload)
    with av.open(io.BytesIO(file.content), "r") as container:
        frames = list(container.decode(video=0))
    assert file.content_type == "video/mp4"
    assert (len(frames), frames[0].width, frames[0].height) == (12, 640, 360)
    assert bytes(frames[0].planes[0]) != bytes(frames[-1].planes[0])
    assert only(cls, payload) == file


def test_audio_is_a_second_of_real_audio_in_the_requested_format(tmp_path: Path) -> None:
    cls = a_model(tmp_path, "text-to-speech", {"audio": URL})
    with wave.open(io.BytesIO(only(cls, {"text": "hello"}).content)) as reader:
        assert reader.getnframes() == reader.getframerate()
    file = only(cls, {"text": "hello", "output_format": "mp3_44100_128"})
    assert (file.name, file.content_type) == ("audio-1.mp3", "audio/mpeg")
    with av.open(io.BytesIO(file.content), "r") as container:
        assert sum(frame.samples for frame in container.decode(audio=0)) >= 22_050
    assert only(cls, {"text": "hello", "output_format": "mp3_44100_128"}) == file
