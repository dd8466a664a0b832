"""Where a journal can be: any name, and a clear refusal of what cannot be written or is no path."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from runcomfy.errors import ConfigurationError, JournalUnwritable
from runcomfy.journal import Journal
from support.journals import Program, given, submitted


@pytest.mark.parametrize("name", ["a b?c#d%41&e.db", "Hütchen.db", "caf\udce9.db"])
def test_any_file_name_will_do(tmp_path: Path, name: str) -> None:
    with Journal(tmp_path / name) as journal:
        submitted(journal, "hat")
    with Journal(tmp_path / name) as journal:
        assert given(journal, "hat").state == "submitted"
    assert (tmp_path / name).exists()


def test_a_path_inside_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(JournalUnwritable, match="cannot be created"):
        Journal(tmp_path / "file" / "journal.db")


@pytest.fixture
def shown_folder() -> Iterator[Path]:
    """A folder that nobody reaches through closed ones: root may write everywhere, so it tries as nobody."""
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def test_a_folder_that_is_read_only_is_refused(shown_folder: Path) -> None:
    (shown_folder / "journal.db.lock").touch()
    code = """
    import encodings.ascii, tempfile  # nobody may not read where Python is
    os.chmod(folder, 0o555)
    if os.getuid() == 0:
        os.chown(folder, 0, 0)
        os.setuid(65534)
    try:
        Journal(path)
    except Exception as error:
        tell(type(error).__name__)
        tell(str(error))
    """
    with Program(code, shown_folder) as other:
        name, message = other.end().splitlines()
    assert name == "JournalUnwritable"
    assert "needs a writable folder" in message


def test_a_database_that_is_read_only_is_refused(shown_folder: Path) -> None:
    Journal(shown_folder / "journal.db").close()
    code = """
    import encodings.ascii, tempfile
    os.chmod(folder, 0o777)
    os.chmod(path, 0o444)
    for name in ("journal.db.lock", "journal.db.generation"):
        os.chmod(folder / name, 0o666)
    if os.getuid() == 0:
        os.setuid(65534)
    try:
        Journal(path)
    except Exception as error:
        tell(type(error).__name__)
        tell(str(error))
    """
    with Program(code, shown_folder) as other:
        name, message = other.end().splitlines()
    assert name == "JournalUnwritable"
    assert "read-only for this user" in message


def test_a_link_that_leads_to_itself_is_no_journal(tmp_path: Path) -> None:
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    for path in (loop, loop / "journal.db"):
        with pytest.raises(JournalUnwritable, match="loop"):
            Journal(path)


def test_a_folder_is_no_journal(tmp_path: Path) -> None:
    with pytest.raises(JournalUnwritable, match="is not a regular file"):
        Journal(tmp_path)


@pytest.mark.parametrize("path", ["a\0b", "\ud800", 5])
def test_what_is_no_path_is_a_configuration_error(path: Any) -> None:
    with pytest.raises(ConfigurationError, match="journal is not a usable path"):
        Journal(path)
