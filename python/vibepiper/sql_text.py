"""The text that a function below `@sql_asset` returns: SQL in which `{{ name }}` is an input."""

from __future__ import annotations

import inspect
from collections.abc import Callable


class InputName(str):
    """What such a function gets for each parameter: in an f-string it becomes the braces."""

    __slots__ = ()


def call_for_text(function: Callable[..., object]) -> tuple[str, list[str]]:
    """What `function` returns, and its inputs. Raises TypeError where that is no text, or it cannot be called."""
    parameters = inspect.signature(function).parameters.values()
    for parameter in parameters:
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD, parameter.POSITIONAL_ONLY):
            raise TypeError(f"the parameter `{parameter.name}` of `{function.__name__}` names no asset")
    # One with a default keeps its value: it is no input.
    names = [parameter.name for parameter in parameters if parameter.default is parameter.empty]
    text = function(**{name: InputName(f"{{{{ {name} }}}}") for name in names})
    if not isinstance(text, str):
        raise TypeError(f"`{function.__name__}` returned {type(text).__name__}, and not the text of a query")
    return str(text), names
