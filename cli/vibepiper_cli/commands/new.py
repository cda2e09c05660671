"""Makes a small working project in a new folder."""

from __future__ import annotations

import re
import shlex
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from vibepiper_cli.exit_status import ExitStatus
from vibepiper_cli.failure import WrongUsage
from vibepiper_cli.invocation import Invocation
from vibepiper_cli.schema_files import place_schemas

# Names that cannot lie in the package under their own name.
_RENAMED = {"gitignore": ".gitignore"}


def new(invocation: Invocation, name: str) -> ExitStatus:
    printer = invocation.printer
    folder = Path(name)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise WrongUsage(f"`{name}` exists and is not empty. Nothing was written.")
    try:
        written = _copy(files("vibepiper_cli") / "template", folder, project_name(folder.absolute().name))
        written += [folder / path.relative_to(folder.absolute()) for path in place_schemas(folder.absolute())]
    except OSError as error:
        raise WrongUsage(f"`{name}` cannot be made: {error.strerror}.") from error
    for path in written:
        printer.talk(f"  {printer.talk_paint('added', '+')} {path.as_posix()}")
    printer.talk(f"\nMade the project `{folder.absolute().name}`. Next:\n")
    if folder != Path():
        printer.talk(f"  cd {shlex.quote(name)}")
    printer.talk("  vp plan\n  vp apply")
    return ExitStatus.OK


def project_name(folder: str) -> str:
    """A name made of a folder's name.

    >>> project_name("My Shop-2")
    'my_shop_2'
    >>> project_name("2024")
    '_2024'
    """
    name = re.sub(r"[^a-z0-9_]+", "_", folder.casefold()).strip("_") or "project"
    return f"_{name}" if name[0].isdigit() else name


def _copy(source: Traversable, target: Path, name: str) -> list[Path]:
    target.mkdir(parents=True, exist_ok=True)
    written = []
    for entry in sorted(source.iterdir(), key=lambda entry: (entry.is_dir(), entry.name)):
        place = target / _RENAMED.get(entry.name, entry.name)
        if entry.is_dir():
            written += _copy(entry, place, name)
        else:
            place.write_text(entry.read_text(encoding="utf-8").replace("{name}", name), encoding="utf-8")
            written.append(place)
    return written
