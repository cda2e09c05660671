"""Plan to run: the scheduler loop, tasks, events, publishing."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vibepiper_interpreter.run.apply import apply_plan
    from vibepiper_interpreter.run.warehouse import ensure_warehouse

__all__ = ["apply_plan", "ensure_warehouse"]


def __getattr__(name: str) -> Any:
    # The state reads this package's events and results while planning, which must not wait for the engine's import.
    if name == "apply_plan":
        from vibepiper_interpreter.run.apply import apply_plan

        return apply_plan
    if name == "ensure_warehouse":
        from vibepiper_interpreter.run.warehouse import ensure_warehouse

        return ensure_warehouse
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
