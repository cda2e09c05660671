"""Where the project lies in its repository: tools that review a repository name files from its root."""

from __future__ import annotations

from pathlib import Path


def path_in_repository(root: Path, path: str) -> str:
    """`path`, relative to the project's `root`, as the repository around it names it; unchanged where there is none."""
    root = root.absolute()
    for folder in (root, *root.parents):
        if (folder / ".git").exists():
            return (root.relative_to(folder) / path).as_posix()
    return path
