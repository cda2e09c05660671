"""What DuckDB's binder says about a query, said again for the person who wrote it: one table of rules."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from vibepiper_interpreter.engines.duckdb.errors import listed, sentence
from vibepiper_interpreter.engines.duckdb.type_names import quote_if_needed
from vibepiper_spec.diagnostics import nearest

# Names less alike than this are not worth a guess: a list of what there is helps more.
_LIKELY = 0.7


@dataclass(frozen=True, slots=True)
class Sight:
    """What is known about the query around an error."""

    # The text that the error points at; empty where it points nowhere.
    written: str
    # The columns of every asset that the query reads.
    columns: Sequence[str]
    # Name of a table as it was written → the alias it goes by.
    aliases: Mapping[str, str]
    # Alias or name of a table, folded → its columns, where it is an asset.
    tables: Mapping[str, Sequence[str]]
    # Whether all that the user wrote is a condition on one row, as in a check.
    condition: bool = False


@dataclass(frozen=True, slots=True)
class Explanation:
    """An error in our words. Where DuckDB gives no place, `name` is the culprit, or `near` a pattern to find it by."""

    code: str
    message: str
    fix: str = ""
    suggestion: str | None = None
    name: str | None = None
    near: str | None = None


Rule = Callable[[re.Match[str], Sight], Explanation]


def explain(message: str, sight: Sight) -> Explanation:
    """The first rule that knows `message` explains it; what no rule knows is passed on as VP314."""
    for pattern, rule in _RULES:
        found = pattern.search(message)
        if found:
            return rule(found, sight)
    return Explanation("VP314", sentence(message.partition("\n")[0]))


def _quoted_names(text: str | None) -> list[str]:
    return [name.replace('""', '"') for name in re.findall(r'"((?:[^"]|"")*)"', text or "")]


def _unknown_column(match: re.Match[str], sight: Sight) -> Explanation:
    name = match["name"]
    candidates = _quoted_names(match.groupdict().get("candidates"))
    return _unknown(name, f"There is no column `{name}` here.", candidates or sight.columns, sight, "")


def _unknown_column_of_table(match: re.Match[str], sight: Sight) -> Explanation:
    table, name = match["table"], match["name"]
    known = sight.tables.get(table.casefold()) or _quoted_names(match["candidates"])
    message = f"`{table}` has no column `{name}`."
    return _unknown(name, message, known, sight, f"{quote_if_needed(table)}." if "." in sight.written else "")


def _unknown(name: str, message: str, known: Sequence[str], sight: Sight, prefix: str) -> Explanation:
    meant = nearest(name, known) or (None if prefix else nearest(name, _others(name, sight.columns)))
    if meant and SequenceMatcher(None, name.casefold(), meant.casefold()).ratio() >= _LIKELY:
        text = prefix + quote_if_needed(meant)
        return Explanation("VP302", message, f"Did you mean `{text}`?", text, name)
    if sight.written.startswith('"'):
        return Explanation("VP302", message, f"A text stands in single quotes: `'{name}'`.", f"'{name}'", name)
    if prefix and known:
        return Explanation("VP302", message, f"Its columns are {listed(known, 12)}.", name=name)
    reached = list(dict.fromkeys(sight.columns))
    fix = f"The assets read here have the columns {listed(reached, 12)}." if reached else ""
    return Explanation("VP302", message, fix, name=name)


def _others(name: str, columns: Sequence[str]) -> list[str]:
    """A column of the very name stands out of reach, so it is no near miss."""
    return [column for column in columns if column.casefold() != name.casefold()]


def _no_from(match: re.Match[str], sight: Sight) -> Explanation:
    name = match["name"]
    if sight.written.startswith('"'):
        return Explanation(
            "VP302", f"There is no column `{name}` here.", f"A text stands in single quotes: `'{name}'`."
        )
    return Explanation("VP302", f"`{name}` cannot be a column here: no table is read at this place.", name=name)


def _unknown_table(match: re.Match[str], sight: Sight) -> Explanation:
    table = match["table"]
    known = _quoted_names(match["candidates"])
    column = sight.written.rpartition(".")[2]
    columns = sight.tables.get(table.casefold())
    if columns is not None and column.casefold() not in (name.casefold() for name in columns):
        # DuckDB looks further out when a table has no such column, and then finds no table of the name there.
        message = f"`{table}` has no column `{column}`."
        return _unknown(column, message, columns, sight, f"{quote_if_needed(table)}.")
    alias = next((alias for name, alias in sight.aliases.items() if name.casefold() == table.casefold()), None)
    if alias:
        text = f"{quote_if_needed(alias)}.{column}"
        message = f"`{table}` goes by the alias `{alias}` in this query, so it cannot be called `{table}`."
        return Explanation("VP302", message, f"Write `{text}`.", text)
    message = f"No table is called `{table}` here."
    meant = nearest(table, known) or (known[0] if len(known) == 1 else None)
    if meant and column.casefold() in (name.casefold() for name in sight.tables.get(meant.casefold(), (column,))):
        text = f"{quote_if_needed(meant)}.{column}"
        return Explanation("VP302", message, f"Did you mean `{text}`?", text)
    return Explanation("VP302", message, f"The tables here are {listed(known)}." if known else "")


def _ambiguous(match: re.Match[str], sight: Sight) -> Explanation:
    choices = re.findall(r"'([^']+)'", match["choices"])
    tables = list(dict.fromkeys(choice.rpartition(".")[0] for choice in choices))
    if len(tables) == 1:
        message = f"Several tables are called `{tables[0]}` here, so it is not clear whose `{match['name']}` is meant."
        return Explanation("VP303", message, "Give each table an alias of its own.")
    return Explanation(
        "VP303",
        f"`{match['name']}` is a column of {' and of '.join(f'`{table}`' for table in tables)}, so it "
        "is not clear which one is meant.",
        f"Write {' or '.join(f'`{choice}`' for choice in dict.fromkeys(choices))}.",
    )


_LITERALS = {"INTEGER_LITERAL": "a whole number", "STRING_LITERAL": "a text", '"NULL"': "NULL"}


def _types_in_words(arguments: str) -> list[str]:
    return [_LITERALS.get(kind, kind) for kind in _split(arguments)]


def _split(arguments: str) -> list[str]:
    """`A, STRUCT(b C, d E)` → the two types."""
    parts, depth, start = [], 0, 0
    for index, sign in enumerate(arguments):
        depth += (sign in "([") - (sign in ")]")
        if sign == "," and depth == 0:
            parts.append(arguments[start:index].strip())
            start = index + 1
    last = arguments[start:].strip()
    return [*parts, last] if last else parts


def _no_matching_function(match: re.Match[str], sight: Sight) -> Explanation:
    name = match["function"]
    given = _split(match["arguments"])
    words = _types_in_words(match["arguments"])
    if not re.fullmatch(r"\w+", name):
        if len(words) == 1:
            return Explanation("VP304", f"`{name}` cannot be put before {words[0]}.", _operator_fix(given, sight))
        return Explanation("VP304", f"`{name}` does not work on {' and '.join(words)}.", _operator_fix(given, sight))
    candidates = [_signature(line) for line in match["candidates"].splitlines() if line.strip()]
    # Forms for nanoseconds are seldom meant, and not every version of the engine has them.
    signatures = [each for each in candidates if "_NS" not in each] or candidates
    counts = sorted({signature.count(",") + 1 if "()" not in signature else 0 for signature in signatures})
    shown = f"It takes {' or '.join(f'`{signature}`' for signature in signatures[:4])}"
    more = len(signatures) - 4
    shown += f" and {more} other form{'' if more == 1 else 's'}." if more > 0 else "."
    if counts and len(given) not in counts and not any("..." in signature for signature in signatures):
        takes = " or ".join(map(str, counts))
        noun = "argument" if counts == [1] else "arguments"
        return Explanation("VP304", f"`{name}` takes {takes} {noun}, not {len(given)}.", shown)
    return Explanation("VP304", f"`{name}` cannot take {', '.join(words) or 'nothing'}.", shown)


def _signature(line: str) -> str:
    """`sum(arg DECIMAL, /) -> DECIMAL` → `sum(DECIMAL)`."""
    name, _, rest = line.strip().partition("(")
    arguments = [part for part in _split(rest.rpartition(") ->")[0] or rest.rstrip(")")) if part != "/"]
    kinds = [part.rpartition(" ")[2] if " WITH TIME ZONE" not in part else "TIMESTAMPTZ" for part in arguments]
    return f"{name}({', '.join(kinds)})"


def _operator_fix(given: Sequence[str], sight: Sight) -> str:
    if any("VARCHAR" in kind for kind in given) and len(given) > 1:
        return "Cast the text to the type that is meant, as in `cast(x as bigint)`; to join texts, write `||`."
    return "Cast one side to the type that is meant."


def _unknown_function(match: re.Match[str], sight: Sight) -> Explanation:
    name = match["name"]
    meant = _quoted_names(match["candidates"])
    what = "table function" if match["kind"].startswith("Table") else "function"
    close = nearest(name, meant) if what == "function" else None
    if close:
        return Explanation("VP305", f"There is no {what} `{name}`.", f"Did you mean `{close}`?", close)
    return Explanation("VP305", f"There is no {what} `{name}`.")


def _unknown_type(match: re.Match[str], sight: Sight) -> Explanation:
    meant = nearest(match["name"], _quoted_names(match["candidates"]))
    fix = f"Did you mean `{meant}`?" if meant else ""
    return Explanation("VP108", f"`{match['name']}` is not a type.", fix, meant)


def _mixed(match: re.Match[str], sight: Sight) -> Explanation:
    where = match["where"].removesuffix(" expression").removesuffix(" operator").removesuffix(" clause")
    return Explanation(
        "VP304",
        f"{match['left']} and {match['right']} do not go together in {where}.",
        "Cast one of them to the type that is meant.",
    )


def _mixed_list(match: re.Match[str], sight: Sight) -> Explanation:
    kinds = list(dict.fromkeys(re.findall(r"- '([^']+)'", match["kinds"])))
    function = match["function"]
    what = "A list" if function == "list_value" else f"`{function}`"
    return Explanation(
        "VP304",
        f"{what} holds values of one type; here they are {' and '.join(_LITERALS.get(kind, kind) for kind in kinds)}.",
        "Cast them to one type.",
    )


def _not_grouped(match: re.Match[str], sight: Sight) -> Explanation:
    name = match["name"]
    return Explanation(
        "VP314",
        f"`{name}` is neither grouped nor inside an aggregate, so a group has many values of it.",
        f"Add `{quote_if_needed(name)}` to GROUP BY, or take one: `any_value({quote_if_needed(name)})`, `max(…)`.",
        name=name,
    )


def _misplaced(match: re.Match[str], sight: Sight) -> Explanation:
    clause, what = match["clause"], match["what"]
    if sight.condition:
        return _more_than_a_row(match, sight)
    place = {"aggregates": "HAVING", "window functions": "QUALIFY"}.get(what, "")
    return Explanation(
        "VP314",
        f"{clause} decides about single rows before they are grouped; {what} cannot stand there.",
        f"Move the condition to {place}." if clause == "WHERE" and place else "",
    )


def _more_than_a_row(match: re.Match[str], sight: Sight) -> Explanation:
    return Explanation(
        "VP314",
        f"`{sight.written or match[0]}` looks at more than one row, and this condition is asked of every row alone.",
        "Compute it in a subquery, as in `amount > (SELECT avg(amount) FROM asset)`, or write a check "
        '`query = "SELECT …"` that returns the rows that fail.',
    )


def _unnest_misplaced(match: re.Match[str], sight: Sight) -> Explanation:
    message = f"`{sight.written or 'UNNEST'}` makes several rows of one, and cannot stand where rows are chosen."
    return Explanation(
        "VP314", message, "Ask the list itself, as in `list_contains(tags, 'new')`, `len(list_filter(…)) > 0`."
    )


def _grouping_misplaced(match: re.Match[str], sight: Sight) -> Explanation:
    fix = "Use it in the SELECT list or behind HAVING of a query with GROUP BY ROLLUP, CUBE or GROUPING SETS."
    return Explanation("VP314", "GROUPING tells which columns a row is grouped by, and nothing is here.", fix)


def _window_without_over(match: re.Match[str], sight: Sight) -> Explanation:
    return Explanation(
        "VP314",
        f"`{sight.written or 'The window function'}` needs a window, or it stands where none can be.",
        "Write `OVER (PARTITION BY … ORDER BY …)` behind it.",
    )


def _struct_key(match: re.Match[str], sight: Sight) -> Explanation:
    name, known = match["name"], _quoted_names(match["candidates"])
    meant = nearest(name, known)
    fix = f"Did you mean `{meant}`?" if meant else f"Close to it is {listed(known)}." if known else ""
    return Explanation("VP302", f"The struct has no field `{name}`.", fix, name=name)


def _using(match: re.Match[str], sight: Sight) -> Explanation:
    name, side = match["name"], match["side"]
    meant = nearest(name, _others(name, sight.columns))
    return Explanation(
        "VP302",
        f"USING needs `{name}` on both sides, and the table on the {side} has none.",
        f"Did you mean `{meant}`?" if meant else "Write the condition with ON.",
        meant and quote_if_needed(meant),
        name,
    )


def _star_list(match: re.Match[str], sight: Sight) -> Explanation:
    name = match["name"]
    message = f"{match['list']} names `{name}`, which the star does not hold."
    return _unknown(name, message, _quoted_names(match["candidates"]), sight, "")


def _no_struct(match: re.Match[str], sight: Sight) -> Explanation:
    message = f"`{match['what']}` is not a struct, so it has no field `{match['name']}`."
    return Explanation("VP302", message, name=match["name"])


def _conversion(match: re.Match[str], sight: Sight) -> Explanation:
    return Explanation("VP304", sentence(match[0]), "Write a value of that type, or cast it.")


def _plain(code: str, message: str, fix: str = "", near: str | None = None) -> Rule:
    """A rule that only fills the match's groups into fixed sentences."""

    def rule(match: re.Match[str], sight: Sight) -> Explanation:
        groups = {key: value or "" for key, value in match.groupdict().items()}
        return Explanation(code, message.format(**groups), fix.format(**groups), near=near)

    return rule


def _rules(*rules: tuple[str, Rule]) -> tuple[tuple[re.Pattern[str], Rule], ...]:
    return tuple((re.compile(pattern, re.DOTALL), rule) for pattern, rule in rules)


_RULES = _rules(
    (r'Referenced column "(?P<name>.*?)" not found in FROM clause!(?P<candidates>.*)', _unknown_column),
    (r'Referenced column "(?P<name>.*?)" was not found because the FROM clause is missing', _no_from),
    (r'(?:Table|Values list) "(?P<table>.*?)" does not have a column named "(?P<name>.*?)"(?P<candidates>.*)',
     _unknown_column_of_table),
    (r'Referenced table "(?P<table>.*?)" not found!(?P<candidates>.*)', _unknown_table),
    (r'Ambiguous reference to (?:column name|alias) "(?P<name>.*?)" \(use: (?P<choices>.*)\)', _ambiguous),
    (r"No function matches the given name and argument types '(?P<function>.*?)\((?P<arguments>.*?)\)'\. You might"
     r"(?:.*?)functions:\n(?P<candidates>.*)", _no_matching_function),
    (r'Could not choose a best candidate function for the function call "(?P<function>.*?)\((?P<arguments>.*?)\)"\.'
     r"(?:.*?)functions:\n(?P<candidates>.*)", _no_matching_function),
    (r"(?P<kind>[A-Z][\w ]*Function) with name (?P<name>\S+) does not exist!(?P<candidates>.*)", _unknown_function),
    (r"Type with name (?P<name>\S+) does not exist!(?P<candidates>.*)", _unknown_type),
    (r"Cannot (?:mix|compare) values of type (?P<left>.*?) and (?P<right>.*?) in (?P<where>.*?) - an explicit", _mixed),
    (r"Cannot compare values of type (?P<left>.*?) and type (?P<right>.*?) - an explicit", _plain(
        "VP304", "{left} cannot be compared with {right}.", "Cast one of them to the type that is meant.")),
    (r"Cannot unpivot columns of types (?P<left>.*?) and (?P<right>.*?) - an explicit", _plain(
        "VP304", "UNPIVOT puts columns into one, and {left} and {right} do not go together.",
        "Cast them to one type in a subquery first.", r"\bunpivot\b")),
    (r"Cannot extract field '(?P<name>.*?)' from expression \"(?P<what>.*?)\" because", _no_struct),
    (r'[Ee]xtract specifier "(?P<part>.*?)" not recognized', _plain(
        "VP304", "`{part}` is no part of a date or time.", "Write `year`, `month`, `day`, `hour`, `minute` …",
        r"\b(?:extract|date_part|date_trunc|datepart|datetrunc|date_diff|datediff)\b")),
    (r"UNNEST\(\) can only be applied to (?P<takes>.*), not (?P<given>.*)", _plain(
        "VP304", "UNNEST takes lists and structs, not {given}.")),
    (r'Circular reference to CTE "(?P<name>.*?)"', _plain(
        "VP314", "`{name}` refers to itself where it is not defined yet.",
        "Write `WITH RECURSIVE`, and name it in the part behind UNION only.")),
    (r"DECIMAL type (?P<what>width|scale)", _plain(
        "VP108", "A decimal has 1 to 38 digits, and no more of them after the point.")),
    (r"Deprecated lambda arrow", _plain(
        "VP314", "The arrow of a lambda function was given up by DuckDB.", "Write `lambda x: …` for `x -> …`.", "->")),
    (r"Cannot deduce template type .*? in function: '(?P<function>\w+).*inferred to be:(?P<kinds>.*)", _mixed_list),
    (r'column "(?P<name>.*?)" must appear in the GROUP BY clause', _not_grouped),
    (r"(?P<clause>[A-Z ]+) clause cannot contain (?P<what>aggregates|window functions)", _misplaced),
    (r"Window functions are not supported here", _window_without_over),
    (r"UNNEST not supported here", _unnest_misplaced),
    (r"GROUPING (?:function is not supported here|statement cannot be used without groups)", _grouping_misplaced),
    (r"aggregate function calls cannot be nested", _plain(
        "VP314", "An aggregate cannot stand inside an aggregate.",
        "Compute the inner one in a subquery or a WITH clause first.")),
    (r"Set operations can only apply to expressions with the same number of result columns", _plain(
        "VP314", "The queries joined by UNION, EXCEPT or INTERSECT have different numbers of columns.",
        "Select the same columns in each, or use UNION BY NAME.", r"\b(?:union|except|intersect)\b")),
    (r"Subquery returns (?P<number>\d+) columns - expected (?P<expected>\d+)", _plain(
        "VP304", "The subquery gives {number} columns where {expected} is expected.")),
    (r'Could not find key "(?P<name>.*?)" in struct(?P<candidates>.*)', _struct_key),
    (r'Column "(?P<name>.*?)" does not exist on (?P<side>left|right) side of join', _using),
    (r'Column "(?P<name>.*?)" in (?P<list>EXCLUDE|REPLACE|RENAME) list not found in .*?(?P<candidates>\n.*|$)',
     _star_list),
    (r'No matching columns found that match regex "(?P<regex>.*?)"', _plain(
        "VP302", "No column matches `{regex}`.")),
    (r"(?P<clause>GROUP|ORDER)(?: BY)? term out of range - should be between 1 and (?P<last>\d+)", _plain(
        "VP314", "{clause} BY names a column of the result by its number, and the result has {last}.",
        "Write the column's name.", r"\bgroup\s+by\b")),
    (r"at least one window function must appear in the SELECT column or QUALIFY clause", _plain(
        "VP314", "QUALIFY filters by a window function, and there is none in this query.",
        "Use WHERE, or HAVING after a GROUP BY.", r"\bqualify\b")),
    (r'Duplicate alias "(?P<name>.*?)" in query', _plain(
        "VP303", "Two tables are called `{name}` in one FROM clause.", "Give one of them another alias.")),
    (r"(?:Could not convert|Could not cast|Failed to cast|Unimplemented type for cast|Cannot cast).*", _conversion),
)  # fmt: skip
