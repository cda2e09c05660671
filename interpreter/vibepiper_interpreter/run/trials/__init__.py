"""Tries assets over rows that are given to them: what tests do, and nothing that they do is published."""

from vibepiper_interpreter.run.trials.compare import Table, differences
from vibepiper_interpreter.run.trials.do_test import do_test
from vibepiper_interpreter.run.trials.trial import Trial, try_asset

__all__ = ["Table", "Trial", "differences", "do_test", "try_asset"]
