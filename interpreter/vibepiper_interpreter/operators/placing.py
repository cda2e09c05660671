"""Puts values in the place of `$name` in texts, URLs and JSON. SQL and shells get values beside their text, not in it.

`$name` and `${name}` are a value, names without case; `$$` is a dollar sign; any other `$` stands for itself.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import quote

_PLACE = re.compile(r"\$(?:(?P<dollar>\$)|(?P<name>[A-Za-z_]\w*)|\{(?P<braced>[A-Za-z_]\w*)\})", re.ASCII)


@dataclass(frozen=True, slots=True)
class NamePlace:
    """Where a text names a value: `start` and `end` count code points, from the `$` on."""

    name: str
    start: int
    end: int


def names_in(text: str) -> Iterator[NamePlace]:
    """Every value that `text` names, in order; the names as they are written."""
    for found in _PLACE.finditer(text):
        name = found["name"] or found["braced"]
        if name:
            yield NamePlace(name, found.start(), found.end())


def place_in_text(text: str, values: Mapping[str, Any]) -> str:
    """`text` with every value as people write it. Raises KeyError for a name that `values` (lower case) lacks.

    >>> place_in_text("$rows rows in ${env}_1 cost $$5", {"rows": 3, "env": "dev"})
    '3 rows in dev_1 cost $5'
    """
    return _place(text, values, written)


def place_in_url(url: str, values: Mapping[str, Any]) -> str:
    """The same, with values quoted so that none can leave its place: not its path segment, not its parameter.

    A value that the URL begins with is a URL itself, to which the rest is added: that one is placed as it is.

    >>> place_in_url("$api/orders/$id", {"api": "https://api.example/v1", "id": "a/b?c"})
    'https://api.example/v1/orders/a%2Fb%3Fc'
    """
    begin = ""
    if (first := _PLACE.match(url)) and (name := first["name"] or first["braced"]):
        begin, url = written(values[name.lower()]), url[first.end() :]
    return begin + _place(url, values, lambda value: quote(written(value), safe=""))


def place_in_json(value: Any, values: Mapping[str, Any]) -> Any:
    """A JSON value with the texts in it filled. A text that is one name and nothing else becomes that value, typed.

    >>> place_in_json({"rows": "$rows", "text": "$rows rows"}, {"rows": 3})
    {'rows': 3, 'text': '3 rows'}
    """
    if isinstance(value, str):
        whole = _PLACE.fullmatch(value)
        if whole and (name := whole["name"] or whole["braced"]):
            return _jsonable(values[name.lower()])
        return place_in_text(value, values)
    if isinstance(value, Mapping):
        return {key: place_in_json(item, values) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [place_in_json(item, values) for item in value]
    return _jsonable(value)


def written(value: Any) -> str:
    """A value as text: what a shell gets in an environment variable, and what stands in a message."""
    match value:
        case None:
            return ""
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case date():
            return value.isoformat()
        case Mapping() | list() | tuple():
            return json.dumps(value, ensure_ascii=False, default=written)
    return str(value)


def _place(text: str, values: Mapping[str, Any], write: Callable[[Any], str]) -> str:
    def one(found: re.Match[str]) -> str:
        name = found["name"] or found["braced"]
        return write(values[name.lower()]) if name else "$"

    return _PLACE.sub(one, text)


def _jsonable(value: Any) -> Any:
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {key: _jsonable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_jsonable(item) for item in value]
    return written(value)
