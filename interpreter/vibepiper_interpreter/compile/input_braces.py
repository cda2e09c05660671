"""The text of a query that was written in Python: `{{ name }}` becomes an asset's name, another dialect DuckDB's."""

from __future__ import annotations

import re
from collections.abc import Mapping

# Braces with the name in them; strings, quoted names and comments go before, for what is in them is left alone.
_BRACES = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`|--[^\n]*|/\*.*?\*/|\{\{\s*(\w+)\s*\}\}""", re.DOTALL)
# What PostgreSQL is also called; sqlglot knows the others by our names.
_OTHER_NAMES = {"postgresql": "postgres"}


class MissingTranslator(Exception):
    """sqlglot is not installed."""


def put_names(text: str, assets: Mapping[str, str]) -> tuple[str, list[str]]:
    """`text` with the names of assets, by parameter, where the braces stand; and what in braces is no parameter.

    A name never takes more room than the braces did where it is that of the parameter: what follows keeps its place.
    """
    unknown: list[str] = []

    def name(match: re.Match[str]) -> str:
        parameter = match.group(1)
        if parameter is None:
            return match.group()
        if parameter not in assets:
            unknown.append(parameter)
            return match.group()
        return _quoted(assets[parameter]).ljust(len(match.group()))

    return _BRACES.sub(name, text), unknown


def translate(text: str, assets: Mapping[str, str], dialect: str) -> str:
    """The same in DuckDB's dialect. Raises MissingTranslator, and ValueError with words for the user."""
    try:
        import sqlglot  # only who writes another dialect needs it
        from sqlglot.errors import SqlglotError
    except ImportError as error:
        raise MissingTranslator(f"Translating a query from `{dialect}` needs sqlglot.") from error
    known = _OTHER_NAMES.get(dialect.lower(), dialect.lower())
    if known not in {each.value for each in sqlglot.Dialects}:
        raise ValueError(f"There is no dialect `{dialect}` that could be translated")
    # Names that no dialect keeps for itself, so that none has to be quoted in one that quotes otherwise.
    stand_ins = {parameter: f"vp_input_{number}" for number, parameter in enumerate(assets)}
    query = _BRACES.sub(lambda match: stand_ins.get(match.group(1), match.group()), text)
    try:
        statements = sqlglot.transpile(query, read=known, write="duckdb", unsupported_level=sqlglot.ErrorLevel.RAISE)
    except SqlglotError as error:
        words = str(error).splitlines()[0].rstrip(".")
        raise ValueError(f"The query cannot be translated from `{dialect}` to DuckDB's dialect: {words}") from error
    if len(statements) != 1:
        raise ValueError(f"The text holds {len(statements)} statements, and a query is one")
    translated = statements[0]
    for parameter, stand_in in stand_ins.items():
        translated = re.sub(rf"\b{stand_in}\b", _quoted(assets[parameter]), translated)
    return translated


def _quoted(asset: str) -> str:
    return ".".join(f'"{part}"' for part in asset.split("."))
