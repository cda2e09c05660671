"""Ray on this machine alone, started for a run that names no cluster."""

from __future__ import annotations

import os
import sys
import threading
from types import ModuleType
from typing import Any

from vibepiper_spec.diagnostics import Diagnostic, DiagnosticError, Fix

# How Ray is joined or started: what its workers print, VibePiper tells itself.
QUIETLY = {"log_to_driver": False, "logging_level": "ERROR"}


def import_ray() -> ModuleType:
    """Raises ImportError where it is not installed."""
    # Neither is ours to decide for the user: Ray reports its use to its makers, and warns of a later default.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    import ray

    return ray


def start_ray(ray: ModuleType, processors: int | None) -> Any:
    """Start it, and tell what `ray.init` tells. Raises DiagnosticError where it cannot be started (VP831)."""
    try:
        # Without an address, Ray would take a cluster that happens to run here.
        return ray.init(address="local", num_cpus=processors or os.cpu_count() or 1, **QUIETLY)
    except Exception as error:  # of many kinds, and none of them documented
        raise DiagnosticError(no_cluster(ray, None, error)) from error


def no_cluster(ray: ModuleType, address: str | None, error: Exception) -> Diagnostic:
    words = " ".join(str(error).split())
    return Diagnostic(
        "VP831",
        f"No Ray cluster can be used at `{address}`: {words}"
        if address
        else f"Ray cannot be started on this machine: {words}",
        fix=Fix(
            "Start it (`ray start --head`), or correct `[executor.ray] address`; without an address, Ray is "
            f"started on this machine alone. Python here is {sys.version.split()[0]}, Ray {ray.__version__}; "
            "the cluster must have the same."
        ),
    )


class RayHere:
    """What the Ray datasets of one session need: the cluster that this process has joined, else one of its own.

    Safe to use from several threads.
    """

    # A process is connected to one cluster at most, so what we started there is shared by all that runs in it.
    _lock = threading.Lock()
    _users = 0

    def __init__(self) -> None:
        self._uses = False

    def require(self, processors: int | None) -> None:
        """Let this process be connected. Raises DiagnosticError where Ray cannot be started (VP831)."""
        ray = import_ray()
        with RayHere._lock:
            if self._uses or (RayHere._users == 0 and ray.is_initialized()):
                return
            if RayHere._users == 0:
                start_ray(ray, processors)
            RayHere._users += 1
            self._uses = True

    def close(self) -> None:
        """End what was started, with its last user."""
        with RayHere._lock:
            if not self._uses:
                return
            self._uses = False
            RayHere._users -= 1
            if RayHere._users == 0:
                import_ray().shutdown()
