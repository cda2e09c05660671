"""Makes the plan of a promotion: both environments compiled from the same specs."""

from __future__ import annotations

from collections.abc import Sequence

from vibepiper_cli.failure import WrongUsage
from vibepiper_cli.invocation import Invocation
from vibepiper_cli.planning import Planned, source_files
from vibepiper_cli.project import find_root, stop_on_errors
from vibepiper_interpreter.compile import compile_root
from vibepiper_interpreter.plan import make_promotion
from vibepiper_interpreter.state import applied_sources, open_state_at
from vibepiper_interpreter.storage import Storage


def plan_promotion(invocation: Invocation, source: str, target: str, selection: Sequence[str]) -> Planned:
    if source == target:
        raise WrongUsage(f"`{source}` cannot be promoted to itself; name two environments.")
    root = find_root(invocation)
    compiled_source, compiled_target = (compile_root(root, each, applied_sources) for each in (source, target))
    # Both come from the same texts: told once, in the order of the first.
    diagnostics = tuple(dict.fromkeys((*compiled_source.diagnostics, *compiled_target.diagnostics)))
    stop_on_errors(diagnostics, invocation)
    state = open_state_at(root, compiled_target.state_url)
    try:
        plan = make_promotion(
            compiled_source.project,
            compiled_target.project,
            state,
            selection=selection,
            list_files=lambda asset: source_files(root, asset),
            storage_has=Storage.look(root / compiled_target.storage_path, state.id, compiled_target.storage_path).has,
        )
    except BaseException:
        state.close()
        raise
    return Planned(plan, root, state, diagnostics)
