"""Writes the text of a pipeline file from its data, as a person would have written it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time
from typing import Any

from vibepiper_spec.fmt.format import format_text
from vibepiper_spec.load.scan import PIPELINE_SUFFIX
from vibepiper_spec.model.document import NAMED_KINDS

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}
_TO_ESCAPE = re.compile(r'["\\\x00-\x1f\x7f]')
# What no text between ''' and ''' may hold; a single ' at its end would come too close to them.
_NOT_LITERAL = re.compile(r"'''|'\Z|[\x00-\x08\x0b-\x1f\x7f]")
_NOT_IN_SINGLE = re.compile(r"['\x00-\x1f\x7f]")
# Tables whose keys get a line each.
_DOTTED = ("columns", "given", "expect_cte")
_LONG = 100  # characters of a list of tables, above which each of them gets a line
_HEADERS = ("pipeline",), *(kind.header for kind in NAMED_KINDS)


def write_text(data: Mapping[str, Any]) -> str:
    """The canonical text of a file that holds `data`, the plain values that TOML gives: reading it gives them back."""
    blocks = [_block(header, table) for header, table in _blocks(data, ())]
    return format_text("\n".join(blocks), f"written{PIPELINE_SUFFIX}")


def _blocks(table: Mapping[str, Any], above: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    """The tables that get a header: the pipeline's, and those whose header ends in a name."""
    for key, below in table.items():
        header = (*above, key)
        if header == ("pipeline",) or above in _HEADERS:
            yield header, below
        else:
            yield from _blocks(below, header)


def _block(header: tuple[str, ...], table: Mapping[str, Any]) -> str:
    lines = [f"[{'.'.join(map(_key, header))}]"]
    for key, value in table.items():
        if key in _DOTTED and isinstance(value, Mapping) and value:
            lines += [f"{key}.{_key(name)} = {_value(each)}" for name, each in value.items()]
        else:
            lines.append(f"{_key(key)} = {_value(value)}")
    return "\n".join(lines) + "\n"


def _key(name: str) -> str:
    return name if _BARE_KEY.fullmatch(name) else _basic(name)


def _value(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return _string(value)
        case datetime() | date() | time():
            return value.isoformat()
        case Mapping():
            pairs = ", ".join(f"{_key(str(key))} = {_value(each)}" for key, each in value.items())
            return f"{{ {pairs} }}" if pairs else "{}"
        case list() | tuple():
            text = f"[{', '.join(map(_value, value))}]"
            if len(text) > _LONG and all(isinstance(each, Mapping) for each in value):
                return "\n".join(["[", *(f"  {_value(each)}," for each in value), "]"])
            return text
    return repr(value)


def _string(text: str) -> str:
    if "\n" in text and not _NOT_LITERAL.search(text):
        return f"'''\n{text}'''"  # the line end behind the quotes is not part of it
    if _TO_ESCAPE.search(text) and not _NOT_IN_SINGLE.search(text):
        return f"'{text}'"
    return _basic(text)


def _basic(text: str) -> str:
    return '"' + _TO_ESCAPE.sub(lambda found: _ESCAPES.get(found[0], f"\\u{ord(found[0]):04x}"), text) + '"'
