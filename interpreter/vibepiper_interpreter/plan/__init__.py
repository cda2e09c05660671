"""Compiled project and state to plan."""

from vibepiper_interpreter.plan.go_back import plan_as_of, plan_undo
from vibepiper_interpreter.plan.planner import engine_version, make_plan
from vibepiper_interpreter.plan.promote import make_promotion
from vibepiper_interpreter.plan.saved import load_plan, save_plan, verify_plan
from vibepiper_interpreter.plan.unchanged import recall_unchanged, remember_unchanged

__all__ = [
    "engine_version",
    "load_plan",
    "make_plan",
    "make_promotion",
    "plan_as_of",
    "plan_undo",
    "recall_unchanged",
    "remember_unchanged",
    "save_plan",
    "verify_plan",
]
