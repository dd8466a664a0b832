"""Names of saved files, and what is there already: nothing leaves the folder, nothing is overwritten."""

from __future__ import annotations

import errno
import os
import unicodedata
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from runcomfy import Output, OutputFile, Result
from runcomfy.downloads.config import DownloadSettings
from runcomfy.downloads.filenames import file_name
from runcomfy.downloads.manager import Downloads
from runcomfy.downloads.partial_file import PartialFile, SaveTarget
from runcomfy.protocol.allowed_hosts import AllowedHosts
from support.file_host import CONTENT, FileHost, Given

REQUEST = "8f14e45f-ceea-467f-9575-1a3c6b2d4e5f"


def result_at(host: FileHost, *paths: str) -> Result[Output]:
    downloads = Downloads(DownloadSettings(AllowedHosts.of(None, [host.place])))
    raw = {"output": {"images": [host.url + path for path in paths]}}
    return Result(REQUEST, Output.from_payload({}), raw, None, True, downloads)


def file_at(host: FileHost, path: str = "/hat.png") -> OutputFile:
    return result_at(host, path).files[0]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


#: The last part of an address, and the name that a file gets by it.
NAMES = {
    "hat.png": "8f14e45f-1-hat.png",
    "HAT.PNG": "8f14e45f-1-HAT.png",
    "%E7%8C%AB.webp": "8f14e45f-1-猫.webp",
    "..%2F..%2Fetc%2Fpasswd": "8f14e45f-1-etc_passwd",
    "..%5C..%5Cx.png": "8f14e45f-1-x.png",
    "%00%0d%0ax.png": "8f14e45f-1-x.png",
    "gnp.%E2%80%AEexe.png": "8f14e45f-1-gnp_exe.png",
    "hat.png.exe": "8f14e45f-1-hat_png_exe",
    "page.html": "8f14e45f-1-page_html",
    ".bashrc": "8f14e45f-1-bashrc",
    "CON.png": "8f14e45f-1-CON_.png",
    "a b:c|d?.png": "8f14e45f-1-a_b_c_d",
    "x.png#y.exe": "8f14e45f-1-x.png",
    "": "8f14e45f-1",
    "...": "8f14e45f-1",
}


@pytest.mark.parametrize(("last", "name"), NAMES.items(), ids=list(NAMES))
def test_a_name_is_made_safe(last: str, name: str) -> None:
    assert file_name(f"https://x.runcomfy.net/a/{last}", REQUEST, 1) == name


def test_short_request_ids_are_kept_whole() -> None:
    assert file_name("https://x/hat.png", "req-000017", 2) == "req-000017-2-hat.png"


@given(st.text(max_size=300), st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}", fullmatch=True))
@example("猫" * 200 + ".png", "CON")
@example("\u0301" * 300, "x")
def test_any_address_gives_a_name_that_is_safe_everywhere(text: str, request_id: str) -> None:
    for last in (text, quote(text, safe="", errors="replace")):
        name = file_name(f"https://x.runcomfy.net/{last}", request_id, 1)
        assert 0 < len(name.encode()) <= 120
        assert not set(name) & set('/\\:*?"<>| \0')
        assert all(unicodedata.category(character)[0] not in "CZ" for character in name)
        assert not name.startswith((".", "-"))
        assert not name.endswith((".", " "))
        assert name.count(".") <= 1
        stem = name.split(".")[0].casefold()
        assert stem not in {"con", "prn", "aux", "nul", "com1", "lpt1"}


#: Content type, first bytes, and the extension that a name without one gets.
EXTENSIONS = [
    ("image/webp", b"\x89PNG\r\n\x1a\n", ".png"),
    ("image/jpeg; x=y", b"nothing known", ".jpg"),
    ("", b"RIFF\0\0\0\0WEBPVP8 ", ".webp"),
    ("", b"\0\0\0\x20ftypisom", ".mp4"),
    ("application/x-msdownload", b"MZ", ".bin"),
    ("video/mp4\r\nx: y", b"", ".bin"),
]


@pytest.mark.parametrize(("content_type", "first", "extension"), EXTENSIONS)
def test_a_name_without_a_known_extension_gets_one_from_the_content(
    tmp_path: Path, content_type: str, first: bytes, extension: str
) -> None:
    part = PartialFile(SaveTarget.inside(tmp_path, "x-1-hat_exe", overwrite=False))
    for byte in first:
        part.write(bytes([byte]))
    assert part.publish(content_type).name == "x-1-hat_exe" + extension


def test_the_server_s_own_name_for_the_file_counts_for_nothing(
    host: FileHost, tmp_path: Path
) -> None:
    naming = {"Content-Disposition": 'attachment; filename="../../evil.sh"'}
    host.script(Given(headers=naming, body=CONTENT))
    [path] = result_at(host, "/x/..%2f..%2fhat.png").save(tmp_path / "out")
    assert path == tmp_path / "out" / "8f14e45f-1-hat.png"
    assert names(tmp_path) == ["out"]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("cat.png", "file exists; pass overwrite=True to replace it"),
        ("out", "a file with the name of this folder is there, and is kept; choose another folder"),
        ("out/", "a file with the name of this folder is there"),
    ],
)
def test_saving_over_a_file_says_what_to_do(
    host: FileHost, tmp_path: Path, name: str, told: str
) -> None:
    (tmp_path / name).write_bytes(b"mine")
    with pytest.raises(FileExistsError, match=told):
        result_at(host, "/hat.png").save(f"{tmp_path}/{name}")
    assert (tmp_path / name).read_bytes() == b"mine"
    assert not host.asked


def test_a_second_save_into_a_folder_takes_another_name(host: FileHost, tmp_path: Path) -> None:
    result = result_at(host, "/hat.png")
    for name in ("8f14e45f-1-hat.png", "8f14e45f-1-hat (2).png", "8f14e45f-1-hat (3).png"):
        assert result.save(tmp_path) == [tmp_path / name]
    host.script(Given(body=b"new"))
    assert result.save(tmp_path, overwrite=True) == [tmp_path / "8f14e45f-1-hat.png"]
    assert (tmp_path / "8f14e45f-1-hat.png").read_bytes() == b"new"
    assert len(names(tmp_path)) == 3


def test_a_file_that_exists_is_replaced_when_asked_only(host: FileHost, tmp_path: Path) -> None:
    path = tmp_path / "hat.png"
    path.write_text("mine")
    with pytest.raises(FileExistsError, match="overwrite=True") as caught:
        file_at(host).save(path)
    assert caught.value.filename == str(path)
    assert not host.asked
    assert path.read_text() == "mine"
    assert file_at(host).save(path, overwrite=True) == path
    assert path.read_bytes() == CONTENT


def test_a_file_that_appears_while_another_comes_is_kept(host: FileHost, tmp_path: Path) -> None:
    path = tmp_path / "hat.png"

    def race(headers: dict[str, str]) -> Given:
        path.write_text("mine")
        return host.whole(headers)

    host.script(race)
    with pytest.raises(FileExistsError):
        file_at(host).save(path)
    assert path.read_text() == "mine"
    assert names(tmp_path) == ["hat.png"]


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_link_that_stands_in_the_way_is_not_followed(
    host: FileHost, tmp_path: Path, overwrite: bool
) -> None:
    outside, folder = tmp_path / "outside.txt", tmp_path / "out"
    outside.write_text("mine")
    folder.mkdir()
    (folder / "8f14e45f-1-hat.png").symlink_to(outside)
    (folder / "8f14e45f-1-hat (2).png").symlink_to(tmp_path / "nowhere")
    [path] = result_at(host, "/hat.png").save(folder, overwrite=overwrite)
    assert outside.read_text() == "mine"
    assert not (tmp_path / "nowhere").exists()
    assert path.name == ("8f14e45f-1-hat.png" if overwrite else "8f14e45f-1-hat (3).png")
    assert path.read_bytes() == CONTENT
    assert not path.is_symlink()


def test_where_there_are_no_hard_links_a_file_is_saved_all_the_same(
    host: FileHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_link(*_: Any) -> None:
        raise OSError(errno.EPERM, "not on this file system")

    monkeypatch.setattr(os, "link", no_link)  # as on FAT, which a test cannot mount
    for name in ("8f14e45f-1-hat.png", "8f14e45f-1-hat (2).png"):
        assert result_at(host, "/hat.png").save(tmp_path) == [tmp_path / name]
        assert (tmp_path / name).read_bytes() == CONTENT
    assert len(names(tmp_path)) == 2


@pytest.mark.parametrize(
    ("given", "wanted"),
    [("out/", "out/8f14e45f-1-hat.png"), ("out", "out"), ("there", "there/8f14e45f-1-hat.png")],
)
def test_a_path_is_a_folder_if_it_is_one_or_ends_with_a_slash(
    host: FileHost, tmp_path: Path, given: str, wanted: str
) -> None:
    (tmp_path / "there").mkdir()
    assert file_at(host).save(f"{tmp_path}/{given}") == tmp_path / wanted


def test_no_path_is_no_place_to_save_to(host: FileHost) -> None:
    with pytest.raises(ValueError, match="empty path"):
        file_at(host).save("")
    with pytest.raises(ValueError, match="empty path"):
        result_at(host, "/hat.png").save("")


def test_a_saved_file_has_the_usual_permissions(host: FileHost, tmp_path: Path) -> None:
    usual = tmp_path / "usual"
    usual.touch()
    [path] = result_at(host, "/hat.png").save(tmp_path)
    assert path.stat().st_mode == usual.stat().st_mode
