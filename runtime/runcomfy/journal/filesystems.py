"""File systems that cannot hold a journal: network file systems, and those without locks."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

from runcomfy.errors import JournalRefused

__all__ = ["LOCK_TEST", "file_system_of", "require_locks"]

#: The type in the system's table of mounts, and what people call it. SQLite's write-ahead log needs memory
#: that all users of the database share, which two machines do not; some of these have no locks either.
_SHARED = {
    "9p": "a 9p share",
    "afs": "AFS",
    "beegfs": "BeeGFS",
    "ceph": "CephFS",
    "cifs": "a Windows share (CIFS)",
    "davfs": "WebDAV",
    "drvfs": "a Windows drive under WSL",
    "gpfs": "GPFS",
    "lustre": "Lustre",
    "ncpfs": "NCP",
    "nfs": "NFS",
    "nfs4": "NFS",
    "smb2": "a Windows share (SMB)",
    "smb3": "a Windows share (SMB)",
    "smbfs": "a Windows share (SMB)",
    "vboxsf": "a VirtualBox shared folder",
}
#: How the file begins that locks are tried on.
LOCK_TEST = ".runcomfy-lock-"
#: File systems in user space, by the name of their program.
_IN_USER_SPACE = {
    "blobfuse",
    "blobfuse2",
    "ceph-fuse",
    "curlftpfs",
    "davfs",
    "gcsfuse",
    "glusterfs",
    "goofys",
    "mount-s3",
    "mountpoint-s3",
    "rclone",
    "s3fs",
    "sshfs",
}
_MOUNTS = Path("/proc/self/mountinfo")
_ESCAPED = re.compile(r"\\([0-7]{3})")


def require_locks(folder: Path, *, try_them: bool) -> None:
    """Raise ``JournalRefused`` where the folder's file system cannot keep a journal, with its name.

    Trying its locks makes a file there for a moment.
    """
    found = file_system_of(folder)
    kind, _, program = found.partition(".")
    name = _SHARED.get(found) or (program if kind == "fuse" and program in _IN_USER_SPACE else "")
    if name:
        raise _refusal(folder, f"on {name}, which is shared between machines")
    if try_them and not _locks_work(folder):
        raise _refusal(folder, f"on a file system ({found or 'of unknown type'}) without locks")


def file_system_of(folder: Path, mounts: Path = _MOUNTS) -> str:
    """The type of the folder's file system, such as ``ext4``; ``""`` if unknown."""
    try:
        lines = mounts.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return ""
    place = os.path.realpath(folder)
    best = found = ""
    for line in lines:
        before, separator, after = line.partition(" - ")
        fields = before.split(" ")
        if not separator or len(fields) < 5:
            continue
        point = _ESCAPED.sub(lambda match: chr(int(match[1], 8)), fields[4])
        inside = place == point or place.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best):  # of two on one point, the later one is on top
            best, found = point, after.split(" ")[0]
    return found


def _locks_work(folder: Path) -> bool:
    """Whether a file that is locked once cannot be locked again."""
    if sys.platform == "win32":
        return True
    import fcntl
    from tempfile import NamedTemporaryFile

    at_once = fcntl.LOCK_EX | fcntl.LOCK_NB
    with (
        NamedTemporaryFile(dir=folder, prefix=LOCK_TEST) as first,
        Path(first.name).open("rb") as second,
    ):
        try:
            fcntl.lockf(first, at_once)
            fcntl.flock(first, at_once)
        except OSError:
            return False
        try:
            fcntl.flock(second, at_once)
        except OSError:
            return True
        return False


def _refusal(folder: Path, why: str) -> JournalRefused:
    return JournalRefused(
        f"{folder} is {why}: two programs could write a journal there at once, and pay twice. "
        "Use a local disk; for the user's journal, point XDG_STATE_HOME to one"
    )
