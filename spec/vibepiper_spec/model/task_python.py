"""`[task.python.NAME]`: what a Python function does."""

from __future__ import annotations

from typing import ClassVar

from vibepiper_spec.model.function_name import FunctionName
from vibepiper_spec.model.task import TaskModel


class PythonTask(TaskModel):
    """What a Python function does. Its parameters are its `inputs`, variables, assets that it reads, or `context`."""

    is_code: ClassVar[bool] = True

    function: FunctionName
    """The function, as `module:function`. It returns nothing, or a mapping with the declared outputs."""
