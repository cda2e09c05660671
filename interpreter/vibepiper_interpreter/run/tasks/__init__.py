"""What one action does, one file for each way of making a version; `perform` picks by a table. `operate` does what
operators are for."""

from vibepiper_interpreter.run.tasks.operate import operate
from vibepiper_interpreter.run.tasks.operator_task import OperatorTask
from vibepiper_interpreter.run.tasks.perform import perform
from vibepiper_interpreter.run.tasks.task import Report, Task

__all__ = ["OperatorTask", "Report", "Task", "operate", "perform"]
