"""What one action does, one file for each way of making a version; `perform` picks by a table."""

from vibepiper_interpreter.run.tasks.perform import perform
from vibepiper_interpreter.run.tasks.task import Report, Task

__all__ = ["Report", "Task", "perform"]
