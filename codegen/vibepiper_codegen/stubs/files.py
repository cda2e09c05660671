"""Compares the package as it should be with the files that are there, and writes what differs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from vibepiper_codegen.stubs.head import sealed, standing
from vibepiper_codegen.whole_file import write_whole


@dataclass(frozen=True, slots=True)
class Difference:
    """What is to be done, by paths below the package's folder. `in_the_way` are files that are not as we wrote them,
    where something else should stand or nothing."""

    write: Mapping[str, str]  # path → text
    remove: tuple[str, ...]
    in_the_way: tuple[str, ...]
    unchanged: int

    @property
    def none(self) -> bool:
        return not self.write and not self.remove and not self.in_the_way


def compare(folder: Path, texts: Mapping[str, str], *, whole: bool, force: bool) -> Difference:
    """What makes the files in `folder` those of `texts`.

    `whole`: `texts` is all there is, so that other files of ours are to go. `force`: nothing is in the way.
    """
    write: dict[str, str] = {}
    in_the_way: list[str] = []
    unchanged = 0
    for path, text in texts.items():
        new = sealed(text)
        content = _content(folder / path)
        if content is not None and content.replace(b"\r\n", b"\n") == new.encode():
            unchanged += 1
        elif force or standing(content) in ("missing", "ours"):
            write[path] = new
        else:
            in_the_way.append(path)
    remove = []
    for path in _python_files(folder) if whole else ():
        if path in texts:
            continue
        match standing(_content(folder / path)):
            case "ours":
                remove.append(path)
            case "edited" if force:
                remove.append(path)
            case "edited":
                in_the_way.append(path)
            case _:
                pass  # not ours, and in nobody's way
    return Difference(write, tuple(remove), tuple(sorted(in_the_way)), unchanged)


def apply(folder: Path, difference: Difference) -> None:
    """Do it."""
    for path, text in difference.write.items():
        write_whole(folder / path, text.encode())
    for path in difference.remove:
        (folder / path).unlink(missing_ok=True)
        _remove_if_empty((folder / path).parent, folder)


def _remove_if_empty(folder: Path, top: Path) -> None:
    """A pipeline that is gone leaves a folder with at most what Python keeps of it."""
    if folder == top or any(each.name != "__pycache__" for each in folder.iterdir()):
        return
    for cached in (folder / "__pycache__").glob("*.pyc"):
        cached.unlink()
    if (folder / "__pycache__").exists():
        (folder / "__pycache__").rmdir()
    folder.rmdir()


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None


def _python_files(folder: Path) -> Iterable[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.glob("**/*.py"))
