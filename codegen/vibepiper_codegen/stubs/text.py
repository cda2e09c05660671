"""How generated Python is written: literals, docstrings, and the imports that a text turns out to need."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

# Strings and comments; none goes over lines.
_NO_CODE = re.compile(r"""'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|\#.*""")
_IMPORTS = (
    ("datetime", "import datetime"),
    ("logging", "import logging"),
    ("Decimal", "from decimal import Decimal"),
)
_TYPING = ("TYPE_CHECKING", "Annotated", "Any", "Final", "Literal", "Protocol", "TypeAlias", "overload")
_DATACLASSES = ("dataclass",)
_PYDANTIC = ("BaseModel", "ConfigDict", "Field")
# Not from `typing`: pydantic asks for these before Python 3.12.
_EXTENSIONS = ("TypedDict",)

# What a field may not be called, for it would hide it.
IMPORTED = frozenset({*(name for name, _ in _IMPORTS), *_TYPING, *_DATACLASSES, *_PYDANTIC, *_EXTENSIONS})


def without_strings(text: str) -> str:
    """The code in `text`."""
    return _NO_CODE.sub("", text)


def literal(value: str | int) -> str:
    """As Python writes it, with the quotes that formatters want."""
    return json.dumps(value, ensure_ascii=False)


def literals(values: Iterable[str | int]) -> str:
    return f"Literal[{', '.join(map(literal, values))}]"


def docstring(text: str, indent: str = "") -> str:
    """`text` in triple quotes, whatever it holds; empty for none."""
    kept = " ".join("".join(each if each.isprintable() else " " for each in text).split())
    if not kept:
        return ""
    safe = kept.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    end = "\\" if safe.endswith('"') and not safe.endswith('\\"') else ""
    safe = f"{safe[:-1]}{end}{safe[-1]}"
    return f'{indent}"""{safe}"""\n'


def imports(text: str) -> str:
    """The imports of what `text` names, in the order of linters."""
    words = set(re.findall(r"\w+", without_strings(text)))
    plain = [line for name, line in _IMPORTS if name in words]
    first = [line for line in plain if line.startswith("import")]
    named = [
        f"from {module} import {', '.join(used)}"
        for module, names in (("dataclasses", _DATACLASSES), ("typing", _TYPING))
        if (used := [name for name in names if name in words])
    ]
    named += [line for line in plain if line.startswith("from")]
    third = [
        f"from {module} import {', '.join(used)}"
        for module, names in (("pydantic", _PYDANTIC), ("typing_extensions", _EXTENSIONS))
        if (used := [name for name in names if name in words])
    ]
    groups = ["\n".join(group) for group in ([*first, *sorted(named)], third) if group]
    return "\n\n".join(groups)
