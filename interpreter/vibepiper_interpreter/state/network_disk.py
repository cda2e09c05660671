"""Whether a folder lies on a network disk, where SQLite's locks cannot be trusted."""

from __future__ import annotations

from pathlib import Path

MOUNTS = Path("/proc/mounts")
# Not 9p: containers and WSL show local disks by it.
_NETWORK = frozenset(
    ("nfs", "nfs4", "cifs", "smb", "smb2", "smb3", "smbfs", "afs", "ncpfs", "ceph", "glusterfs", "lustre", "beegfs")
)
# The same, and object stores that are shown as folders, by programs in user space.
_NETWORK_PROGRAMS = frozenset(("sshfs", "glusterfs", "ceph", "s3fs", "gcsfuse", "rclone", "smbnetfs", "davfs", "nfs"))


def network_file_system(folder: Path, mounts: Path | None = None) -> str | None:
    """The kind of network file system `folder` is on, or None: a local disk, or a system that does not tell."""
    try:
        lines = (mounts or MOUNTS).read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return None
    folder = folder.resolve()
    kind, depth = "", -1
    for line in lines:
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        point = Path(_unescape(fields[1]))
        # Of two mounts at one place the later hides the earlier.
        if folder.is_relative_to(point) and len(point.parts) >= depth:
            kind, depth = fields[2], len(point.parts)
    program = kind.removeprefix("fuse.")
    is_network = kind in _NETWORK if program == kind else program in _NETWORK_PROGRAMS
    return kind if is_network else None


def _unescape(field: str) -> str:
    """Undo the octal escapes the kernel writes for blanks and backslashes.

    >>> _unescape(r"/mnt/team\\040share")
    '/mnt/team share'
    """
    for code, character in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        field = field.replace(code, character)
    return field
