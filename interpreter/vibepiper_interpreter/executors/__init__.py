"""Narrow doors to where tasks run, one file each."""

from vibepiper_interpreter.executors.executors import Executors
from vibepiper_interpreter.executors.protocol import Executor

__all__ = ["Executor", "Executors"]
