"""Lets this process join a Ray cluster, or start one of its own."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from types import ModuleType
from typing import TYPE_CHECKING, Any

from vibepiper_interpreter.run.briefing import Briefing
from vibepiper_interpreter.run.ray_here import QUIETLY, import_ray, no_cluster, start_ray
from vibepiper_spec.diagnostics import Diagnostic, DiagnosticError, Fix

if TYPE_CHECKING:
    from vibepiper_spec.model.settings import RaySettings

# How long a cluster may take to answer at its address.
_PATIENCE = 10.0  # seconds
# What is never sent to other nodes.
_EXCLUDED = [".vp/", ".git/", ".venv/", "node_modules/", "__pycache__/"]


def require_ray() -> ModuleType:
    try:
        return import_ray()
    except ImportError as error:
        raise DiagnosticError(
            Diagnostic(
                "VP830",
                "The executor `ray` needs the package `ray`, which is not installed here.",
                fix=Fix("Install it: `pip install 'vibepiper[ray]'`, or run without: `--executor threads`."),
            )
        ) from error


def connect(ray: ModuleType, settings: RaySettings, briefing: Briefing, workers: int | None) -> str | None:
    """The address of its dashboard, where it has one."""
    if settings.address is None:
        context = start_ray(ray, workers)
    else:
        context = _join(ray, settings.address, _runtime_env(settings, briefing))
    return f"http://{context.dashboard_url}" if context.dashboard_url else None


def _join(ray: ModuleType, address: str, runtime_env: Mapping[str, Any]) -> Any:
    try:
        _knock(address)
        return ray.init(address=address, runtime_env=dict(runtime_env), **QUIETLY)
    except Exception as error:  # of many kinds, and none of them documented
        raise DiagnosticError(no_cluster(ray, address, error)) from error


def _runtime_env(settings: RaySettings, briefing: Briefing) -> dict[str, Any]:
    """What workers on other machines may not have: the project's own code, and packages."""
    sends = settings.send_code and briefing.runs_python
    found: dict[str, Any] = {"working_dir": str(briefing.root), "excludes": _EXCLUDED} if sends else {}
    return {**found, "pip": [*settings.pip]} if settings.pip else found


def _knock(address: str) -> None:
    """Ray itself would try for minutes."""
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if colon and port.isdigit():
        socket.create_connection((host.strip("[]"), int(port)), timeout=_PATIENCE).close()
