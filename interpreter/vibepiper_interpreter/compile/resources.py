"""What assets and tasks take while they are made or done, and a pass: the pools that they name are declared."""

from __future__ import annotations

from vibepiper_interpreter.compile.compilation import Compilation, Workshop
from vibepiper_interpreter.compile.compiled import NO_RESOURCES, Resources
from vibepiper_spec.diagnostics import Diagnostic, Fix, did_you_mean
from vibepiper_spec.load.loaded import DeclaredAsset, DeclaredTask
from vibepiper_spec.model.resources import Resources as DeclaredResources


def resources_of(declared: DeclaredResources | None) -> Resources:
    if declared is None:
        return NO_RESOURCES
    custom = tuple(sorted(declared.custom.items()))
    return Resources(declared.memory or "", declared.cpus or 0, declared.pools, declared.gpus or 0.0, custom)


def resolve_pools(state: Compilation, workshop: Workshop) -> tuple[Compilation, list[Diagnostic]]:
    """VP609 for every pool that `[executor.pools]` does not know."""
    known = state.loaded.project.settings.executor.pools
    diagnostics = []
    everything: list[DeclaredAsset | DeclaredTask] = [*state.declared.values(), *state.loaded.project.tasks]
    for declared in everything:
        resources = declared.spec.resources
        for number, pool in enumerate(() if resources is None else resources.pools):
            if pool not in known:
                place = state.loaded.locator.place(declared.origin, "resources", "pools", number)
                diagnostics.append(
                    Diagnostic(
                        "VP609",
                        f"There is no pool `{pool}`, so nobody knows how many of it may run at once."
                        f"{did_you_mean(pool, known)}",
                        place,
                        fix=Fix(f"Declare it in `vp.toml`: `[executor.pools]` with `{pool} = 2`, for example."),
                    )
                )
    return state, diagnostics
