"""Whether the connections that tasks name are declared, and each name is declared once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from vibepiper_spec.diagnostics import did_you_mean, nearest
from vibepiper_spec.load.loaded import DeclaredTask
from vibepiper_spec.load.origin import Origin
from vibepiper_spec.load.problem import Problem
from vibepiper_spec.load.scan import PROJECT_FILE
from vibepiper_spec.model.settings import ProjectSettings


def names_declared_twice(settings: ProjectSettings) -> Iterator[Problem]:
    """VP211: tasks say the name alone, so it means one connection whatever its connector."""
    first: dict[str, tuple[str, str]] = {}
    for connector, connections in settings.connection.by_connector().items():
        for name in connections:
            known = first.setdefault(name.lower(), (connector, name))
            if known != (connector, name):
                yield Problem(
                    "VP211",
                    f"The connection `{name}` is declared already, as `[connection.{'.'.join(known)}]`.",
                    Origin(PROJECT_FILE, ("connection", connector, name)),
                    part="header",
                    fix="Rename one of the two: tasks name a connection without its connector.",
                    related=[(Origin(PROJECT_FILE, ("connection", *known)), (), "header", "First declared here")],
                )


def unknown_connections(tasks: Iterable[DeclaredTask], settings: ProjectSettings) -> Iterator[Problem]:
    """VP210: a task names a connection that is not declared, or is one of another kind."""
    for task in tasks:
        name, connectors = getattr(task.spec, "connection", None), task.spec.connectors
        if name is None or not connectors:
            continue
        found = settings.connection.named(name)
        if found is not None and found[0] in connectors:
            continue
        fitting = [
            known
            for connector, connections in settings.connection.by_connector().items()
            for known in connections
            if connector in connectors
        ]
        wanted = " or ".join(f"`[connection.{connector}.{name}]`" for connector in connectors)
        match = nearest(name, fitting)
        yield Problem(
            "VP210",
            f"There is no connection named `{name}`.{did_you_mean(name, fitting)}"
            if found is None
            else f"The connection `{name}` is of the kind `{found[0]}`, which this task cannot use.",
            task.origin,
            ("connection",),
            fix=f"Write `{match}`." if match else f"Declare it in `vp.toml`: {wanted}.",
            replacement=f'"{match}"' if match else None,
        )
