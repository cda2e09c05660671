"""What the shell offers after TAB: names from the project's specs. Never fails and never talks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from vibepiper_cli.invocation import Invocation

if TYPE_CHECKING:
    from vibepiper_spec import LoadedProject


def complete_asset(context: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """Addresses, and bare names where what is typed has no dot."""
    loaded = _loaded(context)
    if loaded is None:
        return []
    prefix = "+" if incomplete.startswith("+") else ""
    found = []
    declared = [(each.address, each.spec.description) for each in loaded.project.assets]
    declared += [(each.address, each.spec.description) for each in loaded.project.tasks]
    declared += [(each.address, each.spec.description) for each in loaded.project.tests]
    for address, description in declared:
        for name in (address.name, str(address)):
            found.append((prefix + name, description))
    return [(name, description) for name, description in found if name.startswith(incomplete)]


def complete_environment(context: typer.Context, incomplete: str) -> list[str]:
    loaded = _loaded(context)
    if loaded is None:
        return []
    return [name for name in loaded.project.settings.environment_names() if name.startswith(incomplete)]


def _loaded(context: typer.Context) -> LoadedProject | None:
    # Loading brings pydantic, which no help text should wait for.
    from vibepiper_spec import find_project_root, load_project

    try:
        return load_project(find_project_root(Invocation.of(context).directory.absolute()))
    except Exception:
        # A shell that waits for completions has no place to show what is wrong; `vp validate` has.
        return None
