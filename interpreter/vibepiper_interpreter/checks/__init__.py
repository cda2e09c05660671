"""Data-quality rules: one table of rules, and the scan that runs them."""

from vibepiper_interpreter.checks.scan import Checked, run_checks

__all__ = ["Checked", "run_checks"]
