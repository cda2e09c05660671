"""What `vp doctor` looks at: one function an examination, and the list of them all."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

from vibepiper_cli.schema_files import schemas_are_fresh
from vibepiper_cli.views.words import count, size
from vibepiper_interpreter.state import open_state
from vibepiper_interpreter.state.network_disk import network_file_system
from vibepiper_interpreter.storage import Storage
from vibepiper_spec import LoadedProject
from vibepiper_spec.diagnostics import DiagnosticError

_PACKAGES = ("duckdb", "pyarrow", "pydantic", "sqlalchemy", "alembic", "typer", "rich")
_EXTRAS = {"httpx": "http", "pandas": "pandas", "polars": "polars", "psycopg": "postgres", "pymysql": "mysql"}
_LITTLE_SPACE = 2_000_000_000  # bytes


@dataclass(frozen=True, slots=True)
class Finding:
    """`fix` says what to do where something is not as it should be."""

    subject: str
    verdict: Literal["ok", "warning", "error"]
    words: str
    fix: str = ""


def examine_machine() -> Iterator[Finding]:
    yield Finding("vp", "ok", version("vibepiper"))
    yield Finding("python", "ok", f"{platform.python_version()} in {sys.prefix}")
    yield Finding(
        "system", "ok", f"{platform.system()} {platform.machine()}, {count(os.cpu_count() or 1, 'processor')}"
    )
    yield from _packages()


def examine_project(loaded: LoadedProject) -> Iterator[Finding]:
    for examination in EXAMINATIONS:
        yield from examination(loaded)


def _packages() -> Iterator[Finding]:
    yield Finding("packages", "ok", ", ".join(f"{name} {version(name)}" for name in _PACKAGES))
    for package, extra in _EXTRAS.items():
        try:
            yield Finding(f"extra `{extra}`", "ok", f"{package} {version(package)}")
        except PackageNotFoundError:
            yield Finding(f"extra `{extra}`", "ok", f"not installed; if needed: pip install 'vibepiper[{extra}]'")


def _specs(loaded: LoadedProject) -> Iterator[Finding]:
    assets = count(len(loaded.project.assets), "asset")
    if errors := sum(found.severity == "error" for found in loaded.diagnostics):
        yield Finding("specs", "error", f"{count(errors, 'error')} in {assets}", "Run `vp validate`.")
    else:
        yield Finding("specs", "ok", f"{assets} in {count(len(loaded.project.pipelines), 'pipeline')}")


def _state(loaded: LoadedProject) -> Iterator[Finding]:
    try:
        with open_state(loaded.project.root, loaded.project.settings) as state:
            environments = state.environments()
            kind = "PostgreSQL" if loaded.project.settings.state.url else "SQLite"
            yield Finding("state", "ok", f"{kind}, {count(len(environments), 'environment')} published")
            yield from _storage(loaded, state.id)
    except DiagnosticError as error:
        yield from _failed("state", error)


def _storage(loaded: LoadedProject, state_id: str) -> Iterator[Finding]:
    root = loaded.project.root / loaded.project.settings.storage.path
    try:
        Storage.open(root, state_id, loaded.project.settings.storage.path)
        with tempfile.NamedTemporaryFile(dir=root, prefix=".probe-"):
            pass
    except DiagnosticError as error:
        yield from _failed("storage", error)
        return
    except OSError as error:
        yield Finding(
            "storage",
            "error",
            f"`{_shown(root, loaded)}`: {error.strerror}",
            "Make the folder writable, or set another `path` under `[storage]`.",
        )
        return
    stored = list(Storage(root).stored())
    held = f"{count(len(stored), 'version')}, {size(sum(version.bytes for version in stored))}"
    kind = network_file_system(root)
    if kind:
        yield Finding(
            "storage",
            "warning",
            f"{held}, on a network disk ({kind})",
            "Expect it to be slow; the state must not lie there.",
        )
    else:
        yield Finding("storage", "ok", held)


def _disk(loaded: LoadedProject) -> Iterator[Finding]:
    usage = shutil.disk_usage(loaded.project.root)
    words = f"{size(usage.free)} free of {size(usage.total)}"
    if usage.free < _LITTLE_SPACE:
        yield Finding("disk", "warning", words, "Free some space, or let `vp clean` do it.")
    else:
        yield Finding("disk", "ok", words)


def _ignored(loaded: LoadedProject) -> Iterator[Finding]:
    """A secret that is committed is a secret no more."""
    root = loaded.project.root
    if not (root / ".env").exists():
        return
    answer = _git(root, "check-ignore", "--quiet", ".env")
    if answer is None or answer == 128:
        return  # no git, or no repository: nothing can be committed
    if answer == 0:
        yield Finding("`.env`", "ok", "git-ignored")
    else:
        yield Finding(
            "`.env`",
            "error",
            "is not git-ignored, so its secrets may be committed",
            "Add a line `.env` to `.gitignore`.",
        )


def _schemas(loaded: LoadedProject) -> Iterator[Finding]:
    if schemas_are_fresh(loaded.project.root):
        yield Finding("schemas", "ok", "in `.vp/schemas`, of this version")
    else:
        yield Finding("schemas", "warning", "editors find none of this version in `.vp/schemas`", "Run `vp schema`.")


# In the order in which they are told. The state tells of the storage too: they belong to each other.
EXAMINATIONS: tuple[Callable[[LoadedProject], Iterator[Finding]], ...] = (_specs, _state, _disk, _ignored, _schemas)


def _failed(subject: str, error: DiagnosticError) -> Iterator[Finding]:
    for found in error.diagnostics:
        fix = found.fix.title if found.fix else f"vp explain {found.code}"
        yield Finding(subject, "error", f"{found.code} {found.summary}: {found.detail}", fix)


def _shown(path: Path, loaded: LoadedProject) -> str:
    root = loaded.project.root
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)


def _git(root: Path, *arguments: str) -> int | None:
    try:
        return subprocess.run(["git", *arguments], cwd=root, capture_output=True, check=False).returncode
    except OSError:
        return None
