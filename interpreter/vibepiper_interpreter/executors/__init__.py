"""Narrow doors to where tasks run, one file each."""

from vibepiper_interpreter.executors.inline import InlineExecutor
from vibepiper_interpreter.executors.protocol import Executor
from vibepiper_interpreter.executors.threads import ThreadExecutor

__all__ = ["Executor", "InlineExecutor", "ThreadExecutor"]
