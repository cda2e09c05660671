"""Compiled project and state to plan."""

from vibepiper_interpreter.plan.planner import engine_version, make_plan
from vibepiper_interpreter.plan.saved import load_plan, save_plan, verify_plan

__all__ = ["engine_version", "load_plan", "make_plan", "save_plan", "verify_plan"]
