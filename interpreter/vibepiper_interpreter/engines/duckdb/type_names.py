"""The names of DuckDB's column types: taken apart, and in the one spelling DuckDB prints."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from vibepiper_interpreter.engines.duckdb.errors import SqlProblem
from vibepiper_interpreter.engines.duckdb.keywords import KEYWORDS, RESERVED
from vibepiper_interpreter.engines.duckdb.session import quote
from vibepiper_spec.diagnostics import did_you_mean, nearest

# Every spelling of a type without arguments, by the name DuckDB prints.
_SPELLINGS: dict[str, str] = {
    "BIGINT": "bigint int8 int64 long oid",
    "BIGNUM": "bignum varint",
    "BIT": "bit bitstring",
    "BLOB": "blob bytea binary varbinary",
    "BOOLEAN": "boolean bool logical",
    "DATE": "date",
    "DOUBLE": "double float8",
    "FLOAT": "float float4 real",
    "GEOMETRY": "geometry",
    "HUGEINT": "hugeint int128",
    "INTEGER": "integer int int4 int32 signed integral",
    "INTERVAL": "interval",
    "JSON": "json",
    '"NULL"': "null",
    "SMALLINT": "smallint int2 int16 short",
    "TIME": "time",
    "TIME WITH TIME ZONE": "timetz",
    "TIME_NS": "time_ns",
    "TIMESTAMP": "timestamp datetime timestamp_us",
    "TIMESTAMP WITH TIME ZONE": "timestamptz",
    "TIMESTAMPTZ_NS": "timestamptz_ns",
    "TIMESTAMP_MS": "timestamp_ms",
    "TIMESTAMP_NS": "timestamp_ns",
    "TIMESTAMP_S": "timestamp_s",
    "TINYINT": "tinyint int1",
    "UBIGINT": "ubigint uint64",
    "UHUGEINT": "uhugeint uint128",
    "UINTEGER": "uinteger uint32",
    "USMALLINT": "usmallint uint16",
    "UTINYINT": "utinyint uint8",
    "UUID": "uuid guid",
    "VARCHAR": "varchar text string char bpchar nvarchar nchar character",
    "VARIANT": "variant",
}
_CANONICAL = {spelling: name for name, spellings in _SPELLINGS.items() for spelling in spellings.split()}
_WITH_ARGUMENTS = ("decimal", "numeric", "dec", "struct", "row", "map", "union", "enum", "tuple")
_DECIMAL = frozenset({"decimal", "numeric", "dec"})
_TIMESTAMP_PRECISION = {0: "TIMESTAMP_S", 3: "TIMESTAMP_MS", 6: "TIMESTAMP", 9: "TIMESTAMP_NS"}
# Numbers that add up to the same in any order.
EXACT_NUMBERS = frozenset(
    {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT"}
    | {"BOOLEAN", "DECIMAL"}
)
_INTERVAL_UNITS = frozenset({"year", "month", "day", "hour", "minute", "second", "to"})


@dataclass(frozen=True, slots=True)
class DataType:
    """A type, taken apart. `name` is DuckDB's, or LIST, ARRAY, STRUCT, MAP, UNION, TUPLE, DECIMAL, ENUM."""

    name: str
    # Element types: one of a list or array, key and value of a map, the fields of a struct or union.
    children: tuple[DataType, ...] = ()
    # Names of the fields of a struct or union; the values of an enum; the coordinate system of a geometry.
    labels: tuple[str, ...] = ()
    # Width and scale of a decimal; length of an array.
    numbers: tuple[int, ...] = ()

    def __str__(self) -> str:
        match self.name:
            case "LIST":
                return f"{self.children[0]}[]"
            case "ARRAY":
                return f"{self.children[0]}[{self.numbers[0]}]"
            case "STRUCT" | "UNION":
                fields = zip(self.labels, self.children, strict=True)
                return f"{self.name}({', '.join(f'{_field_name(label)} {child}' for label, child in fields)})"
            case "MAP" | "TUPLE":
                return f"{self.name}({', '.join(map(str, self.children))})"
            case "DECIMAL":
                return f"DECIMAL({self.numbers[0]},{self.numbers[1]})"
            case "ENUM":
                return f"ENUM({', '.join(map(_string, self.labels))})"
            case "GEOMETRY" if self.labels:
                return f"GEOMETRY({_string(self.labels[0])})"
        return self.name

    def parts(self) -> Iterator[DataType]:
        """This type and every type inside it."""
        yield self
        for child in self.children:
            yield from child.parts()


def canonical_type(text: str) -> str | SqlProblem:
    """A type in DuckDB's own spelling (`int` → `INTEGER`), or VP108 with its place in `text`."""
    parsed = parse_type(text)
    return str(parsed) if isinstance(parsed, DataType) else parsed


@lru_cache(maxsize=4096)
def parse_type(text: str) -> DataType | SqlProblem:
    """A type name taken apart, or VP108 with its place in `text`."""
    try:
        return _Parser(text).whole()
    except _Misfit as misfit:
        return misfit.problem


def quote_if_needed(identifier: str) -> str:
    """An identifier as a person would write it: quoted only where it must be."""
    plain = re.fullmatch(r"[^\W\d]\w*", identifier) and identifier.lower() not in RESERVED
    return identifier if plain else quote(identifier)


def _field_name(label: str) -> str:
    plain = re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", label) and label.lower() not in KEYWORDS
    return label if plain else quote(label)


def _string(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


class _Misfit(Exception):
    def __init__(self, problem: SqlProblem) -> None:
        self.problem = problem


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str  # word, quoted, string, number, sign, end
    text: str
    start: int
    end: int


_TOKENS = re.compile(
    r"""\s*(?:(?P<word>[^\W\d]\w*)|(?P<quoted>"(?:[^"]|"")*")|(?P<string>'(?:[^']|'')*')|(?P<number>\d+)"""
    r"""|(?P<sign>[()\[\],])|(?P<other>\S))"""
)


class _Parser:
    """A recursive descent over one type name."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = [
            _Token(match.lastgroup or "", match.group(match.lastgroup or 0), *match.span(match.lastgroup or 0))
            for match in _TOKENS.finditer(text)
        ]
        self.position = 0

    def whole(self) -> DataType:
        if not self.tokens:
            raise self.misfit("A column type is missing.", fix="Write one, such as `bigint` or `varchar`.")
        kind = self.type()
        if self.peek().kind != "end":
            raise self.misfit(f"`{self.peek().text}` does not belong to a column type.")
        return kind

    def type(self) -> DataType:
        kind = self.base()
        while True:
            if self.take("["):
                length = self.number() if self.peek().kind == "number" else None
                self.expect("]")
                kind = self.list_or_array(kind, length)
            elif self.take_word("array"):
                length = None
                if self.take("["):
                    length = self.number()
                    self.expect("]")
                kind = self.list_or_array(kind, length)
            else:
                return kind

    def list_or_array(self, element: DataType, length: int | None) -> DataType:
        if length is None:
            return DataType("LIST", (element,))
        if length < 1:
            raise self.misfit("An array holds at least 1 element.", back=2)
        return DataType("ARRAY", (element,), numbers=(length,))

    def base(self) -> DataType:
        token = self.next()
        if token.kind not in ("word", "quoted"):
            raise self.misfit(f"`{token.text}` is not a column type." if token.text else "A type is missing.", back=1)
        word = _unquoted(token).lower()
        if word in _DECIMAL:
            return self.decimal()
        match word:
            case "struct" | "row":
                return self.fields("STRUCT")
            case "union":
                return self.fields("UNION")
            case "map" | "tuple":
                return self.plain_children(word)
            case "enum":
                return DataType("ENUM", labels=self.strings())
            case "double":
                self.take_word("precision")
                return DataType("DOUBLE")
            case "timestamp" | "time":
                return self.moment(word)
            case "national":
                self.take_word("character") or self.take_word("char")
                word = "varchar"
        # NULL is a value wherever it stands without quotes.
        name = _CANONICAL.get(word) if word != "null" or token.kind == "quoted" else None
        if name is None:
            start, end = token.start, token.end
            known = [spelling for spelling in (*_CANONICAL, *_WITH_ARGUMENTS) if spelling != "null"]
            meant = nearest(word, known)
            hint = did_you_mean(word, known).strip()
            raise _Misfit(
                SqlProblem("VP108", f"`{token.text}` is not a column type.", start, end, suggestion=meant, fix=hint)
            )
        return self.simple(name, word)

    def simple(self, name: str, word: str) -> DataType:
        if name in ("VARCHAR", "BIT"):
            self.take_word("varying")
        if name == "INTERVAL":
            while self.peek().kind == "word" and self.peek().text.lower() in _INTERVAL_UNITS:
                self.next()
        if name == "GEOMETRY" and self.peek().text == "(":
            return DataType(name, labels=self.strings()[:1])
        if name == "VARCHAR" and self.take("("):  # a length, which DuckDB reads and ignores
            self.number()
            self.expect(")")
        elif word == "float" and self.take("("):
            bits = self.number()
            self.expect(")")
            return DataType("FLOAT" if bits <= 24 else "DOUBLE")
        elif self.peek().text == "(":
            raise self.misfit(f"{name} takes nothing in brackets.", fix=f"Write `{word}`.")
        return DataType(name)

    def moment(self, word: str) -> DataType:
        precision = None
        if word == "timestamp" and self.take("("):
            precision = self.number()
            self.expect(")")
            if precision > 9:
                raise self.misfit("A timestamp has at most 9 digits of a second.", back=2)
        if self.take_word("with"):
            self.words("time", "zone")
            return DataType(f"{word.upper()} WITH TIME ZONE")
        if self.take_word("without"):
            self.words("time", "zone")
        if precision is not None:
            return DataType(next(name for digits, name in _TIMESTAMP_PRECISION.items() if precision <= digits))
        return DataType(word.upper())

    def decimal(self) -> DataType:
        if not self.take("("):
            return DataType("DECIMAL", numbers=(18, 3))
        width = self.number()
        scale = self.number() if self.take(",") else 0
        self.expect(")")
        if not 1 <= width <= 38:
            raise self.misfit(f"A decimal has 1 to 38 digits, not {width}.", back=2)
        if scale > width:
            raise self.misfit(f"A decimal of {width} digits cannot have {scale} of them after the point.", back=2)
        return DataType("DECIMAL", numbers=(width, scale))

    def fields(self, name: str) -> DataType:
        self.expect("(", f"a {name} lists its fields, as in `{name.lower()}(id bigint, name varchar)`")
        labels: list[str] = []
        children: list[DataType] = []
        while True:
            token = self.next()
            if token.kind not in ("word", "quoted"):
                raise self.misfit(f"The name of a field is missing in the {name}.", back=1)
            label = _unquoted(token)
            if label.casefold() in {other.casefold() for other in labels}:
                raise self.misfit(f"Field `{label}` stands twice in the {name}.", back=1)
            labels.append(label)
            children.append(self.type())
            if not self.take(","):
                break
        self.expect(")")
        return DataType(name, tuple(children), tuple(labels))

    def plain_children(self, word: str) -> DataType:
        self.expect("(", "a map says the types of its keys and values, as in `map(varchar, bigint)`")
        children = [self.type()]
        while self.take(","):
            children.append(self.type())
        self.expect(")")
        if word == "map" and len(children) != 2:
            raise self.misfit(f"A map has two types, of its keys and of its values, not {len(children)}.", back=1)
        return DataType(word.upper(), tuple(children))

    def strings(self) -> tuple[str, ...]:
        self.expect("(", "an enum lists its values, as in `enum('open', 'closed')`")
        values = []
        while True:
            token = self.next()
            if token.kind != "string":
                raise self.misfit("A value in single quotes is missing.", back=1)
            values.append(token.text[1:-1].replace("''", "'"))
            if not self.take(","):
                break
        self.expect(")")
        return tuple(values)

    def number(self) -> int:
        token = self.next()
        if token.kind != "number":
            raise self.misfit("A whole number is missing.", back=1)
        return int(token.text)

    def words(self, *expected: str) -> None:
        for word in expected:
            if not self.take_word(word):
                raise self.misfit(f"`{word}` is missing.")

    def peek(self) -> _Token:
        if self.position < len(self.tokens):
            return self.tokens[self.position]
        return _Token("end", "", len(self.text), len(self.text))

    def next(self) -> _Token:
        token = self.peek()
        self.position += 1
        return token

    def take(self, sign: str) -> bool:
        taken = self.peek().kind == "sign" and self.peek().text == sign
        self.position += taken
        return taken

    def take_word(self, word: str) -> bool:
        taken = self.peek().kind == "word" and self.peek().text.lower() == word
        self.position += taken
        return taken

    def expect(self, sign: str, because: str = "") -> None:
        if not self.take(sign):
            raise self.misfit(f"`{sign}` is missing{': ' + because if because else ''}.")

    def misfit(self, message: str, *, back: int = 0, fix: str = "") -> _Misfit:
        self.position -= back
        token = self.peek()
        start = min(token.start, max(len(self.text) - 1, 0))
        return _Misfit(SqlProblem("VP108", message, start, max(token.end, min(start + 1, len(self.text))), fix=fix))


def _unquoted(token: _Token) -> str:
    return token.text[1:-1].replace('""', '"') if token.kind == "quoted" else token.text
