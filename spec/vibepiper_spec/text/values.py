"""Numbers, booleans, dates and times: what stands bare, without quotes or brackets."""

from __future__ import annotations

import re
import tomllib
from functools import lru_cache
from typing import Any

_INTEGER = re.compile(r"[+-]?(?:0|[1-9][0-9]{0,17})")
# A date and a time may be parted by one blank.
_BARE = re.compile(r"\d{4}-\d{2}-\d{2} \d{2}:[^\s,\]}#=]*|[^\s,\[\]{}#=\"']+")


class NoValue(Exception):
    """The text is no TOML value; `detail` and `fix` say so to the user."""

    def __init__(self, detail: str, fix: str) -> None:
        super().__init__(detail)
        self.detail = detail
        self.fix = fix


def match_bare(text: str, position: int) -> re.Match[str] | None:
    return _BARE.match(text, position)


@lru_cache(maxsize=4096)
def bare_value(token: str) -> Any:
    """The value that `token` stands for. Raises NoValue.

    >>> bare_value("1_000"), bare_value("true")
    (1000, True)
    """
    if token == "true":
        return True
    if token == "false":
        return False
    if _INTEGER.fullmatch(token):
        return int(token)
    try:
        return tomllib.loads(f"value = {token}")["value"]
    except ValueError:
        raise _reason(token) from None


def shortened(text: str) -> str:
    """A user's text for use in a message: a whole file can stand where a word was meant."""
    return text if len(text) <= 40 else text[:39] + "…"


def _reason(token: str) -> NoValue:
    token = shortened(token)
    if token.lower() in ("true", "false"):
        return NoValue(f"`{token}` is no value: booleans are lower case.", f"Write `{token.lower()}`.")
    if token.lower() in ("yes", "no", "on", "off"):
        return NoValue(f"`{token}` is no value: booleans are `true` and `false`.", "Write `true` or `false`.")
    if token.lower() in ("null", "none", "nil"):
        return NoValue(f"`{token}` is no value: TOML has no missing values.", "Remove the whole line.")
    if re.match(r"\d{4}-\d|\d{1,2}:\d", token) or re.match(r"\d{1,2}-\d{1,2}-\d", token):
        return NoValue(
            f"`{token}` is no date or time.",
            "Write dates as `2024-01-31`, times as `06:30:00`, both as `2024-01-31T06:30:00`.",
        )
    if re.match(r"[+-]?0\d", token):
        return NoValue(f"`{token}` is no number: none starts with a zero.", "Remove the zero, or put it in quotes.")
    if re.match(r"[+-]?[\d.]", token):
        return NoValue(
            f"`{token}` is no number.", "Write numbers as `1000`, `1_000`, `0.5` or `1e9`; put other text in quotes."
        )
    return NoValue(f"`{token}` is no value: text needs quotes.", f'Write `"{token}"`.')
