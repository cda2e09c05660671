"""What an operator gets of a connection that `vp.toml` declares."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vibepiper_spec.secrets import resolve_secret

if TYPE_CHECKING:
    from vibepiper_spec.model.settings import ProjectSettings


def connection_fields(root: Path, settings: ProjectSettings) -> Callable[[str], Mapping[str, Any]]:
    """Gives the fields of a connection by its name, which must be declared: those that are set, secrets resolved, and
    its connector as `connector`. Raises DiagnosticError (VP602) where a secret is not set."""

    def fields(name: str) -> Mapping[str, Any]:
        found = settings.connection.named(name)
        if found is None:
            raise KeyError(name)
        connector, connection = found
        given = connection.model_dump(exclude_none=True, exclude={"description", "max_concurrency"})
        resolved = {
            key: resolve_secret(root, value) if isinstance(value, str) else value for key, value in given.items()
        }
        return {"connector": connector, **resolved}

    return fields
