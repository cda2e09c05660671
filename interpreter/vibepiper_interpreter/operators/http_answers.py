"""Finds the outputs of a task in what a server answered."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vibepiper_interpreter.operators.call import OperatorFailed, OutputDefinition
from vibepiper_spec.diagnostics import Diagnostic, Fix, did_you_mean

_MOST_KEYS = 20


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answered. `headers` by lower-case name."""

    status: int
    headers: Mapping[str, str]
    text: str


def outputs_of(answer: Answer, declared: Mapping[str, OutputDefinition]) -> dict[str, Any]:
    """The declared outputs, and `status`. Raises OperatorFailed (VP814) where the answer has nothing at a place.

    A place is a JSON pointer (RFC 6901), `header:NAME`, `text` or `status`. Without one an output is at the top of the
    JSON, under its own name.
    """
    found: dict[str, Any] = {"status": answer.status}
    for name, definition in declared.items():
        source = definition.source
        if name == "status" and source is None:
            continue
        found[name] = _at(answer, name, f"/{name}" if source is None else source)
    return found


def _at(answer: Answer, name: str, source: str) -> Any:
    if source == "status":
        return answer.status
    if source == "text":
        return answer.text
    if source.startswith("header:"):
        header = source.removeprefix("header:").strip()
        if header.lower() not in answer.headers:
            near = did_you_mean(header, answer.headers)
            raise _nothing(name, f"it has no header `{header}`.{near}")
        return answer.headers[header.lower()]
    try:
        document = json.loads(answer.text)
    except ValueError:
        kind = answer.headers.get("content-type", "no type")
        what = f"it is no JSON ({kind})" if answer.text else "it is empty"
        raise _nothing(name, f"{what}.", 'Take the whole answer by `from = "text"`.') from None
    return pointed_at(document, name, source)


def pointed_at(document: Any, name: str, pointer: str) -> Any:
    """The value at a JSON pointer. Raises OperatorFailed (VP814) where there is none."""
    current, passed = document, ""
    for raw in pointer.split("/")[1:]:
        key = raw.replace("~1", "/").replace("~0", "~")
        if isinstance(current, dict):
            if key not in current:
                keys = ", ".join(f"`{known}`" for known in list(current)[:_MOST_KEYS])
                there = f"there are {keys}" if keys else "the object there is empty"
                raise _nothing(name, f"`{passed or '/'}` holds no `{key}`: {there}.{did_you_mean(key, current)}")
            current = current[key]
        elif isinstance(current, list):
            # Digits without a leading zero, says the standard.
            if not (key.isascii() and key.isdigit() and (key == "0" or key[0] != "0")) or int(key) >= len(current):
                raise _nothing(name, f"`{passed or '/'}` is a list of {len(current)}, which has no `{key}`.")
            current = current[int(key)]
        else:
            raise _nothing(name, f"`{passed or '/'}` is a single value, so there is no `{key}` in it.")
        passed += f"/{raw}"
    return current


def _nothing(name: str, why: str, fix: str = "") -> OperatorFailed:
    fix = fix or "Write the JSON pointer of the value, such as `/job/id`."
    return OperatorFailed(
        Diagnostic("VP814", f"The answer holds nothing for the output `{name}`: {why}", fix=Fix(fix)), "data"
    )
