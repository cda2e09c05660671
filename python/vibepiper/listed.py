"""Whether a script that runs its pipeline is a module of the project: if not, nothing that it declares is there."""

from __future__ import annotations

from pathlib import Path

from vibepiper.errors import SpecError
from vibepiper.project import Project
from vibepiper_spec import load_settings
from vibepiper_spec.diagnostics import Diagnostic, Fix, Place, Range


def require_listed(project: Project, file: Path, line: int) -> None:
    """Raises vibepiper.SpecError (VP412) where `[project] modules` does not list the module in `file`. What is typed at
    a prompt or in a notebook is in no file, and not judged."""
    if not file.is_file():
        return
    relative = file.resolve().relative_to(project.root.resolve())
    listed = load_settings(project.root).project.modules
    if any(name in listed for name in _names(relative)):
        return
    modules = ", ".join(f'"{name}"' for name in [*listed, _names(relative)[-1]])
    detail = (
        f"`{relative.as_posix()}` runs a pipeline that it declares, and the project does not list it, so nothing that "
        "is in it would be planned."
    )
    fix = Fix(f"Write `modules = [{modules}]` below `[project]` in vp.toml.")
    raise SpecError([Diagnostic("VP412", detail, Place(relative.as_posix(), Range.at(line, 1)), fix=fix)])


def _names(file: Path) -> list[str]:
    """What the module may be called, the likeliest last: below `src` it is imported without that."""
    parts = [*file.parts[:-1], *([] if file.stem == "__init__" else [file.stem])]
    return [".".join(parts), *([".".join(parts[1:])] if parts[0] == "src" else [])]
