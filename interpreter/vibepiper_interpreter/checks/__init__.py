"""Data-quality rules: one table of rules, and the scan that runs them."""

from vibepiper_interpreter.checks.rules import is_row_rule
from vibepiper_interpreter.checks.scan import Checked, run_checks

__all__ = ["Checked", "is_row_rule", "run_checks"]
