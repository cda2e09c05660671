"""`$name` in SQL for a server: bound where it is a parameter, left alone where it is text."""

from __future__ import annotations

import sqlite3

import pytest

from vibepiper_interpreter.operators.statements import MYSQL, POSTGRES, SQLITE, SqlText, bind, parameters_in

VALUES = {"a": 1, "b": 2}


@pytest.mark.parametrize(
    ("text", "statement", "bound"),
    [
        (POSTGRES, "select $a::int, $B", "select %(a)s::int, %(b)s"),
        (POSTGRES, "select '$a' || $a, \"$b\" -- $b\n, $a", "select '$a' || %(a)s, \"$b\" -- $b\n, %(a)s"),
        (POSTGRES, "select 'it''s $a', $a", "select 'it''s $a', %(a)s"),
        (POSTGRES, r"select E'it\'s $a', $a", r"select E'it\'s $a', %(a)s"),
        (POSTGRES, r"select 'back\', $a, '$b'", r"select 'back\', %(a)s, '$b'"),
        (POSTGRES, "select /* $a /* $a */ $a */ $a", "select /* $a /* $a */ $a */ %(a)s"),
        (POSTGRES, "do $$ begin $a; end $$; $a", "do $$ begin $a; end $$; %(a)s"),
        (POSTGRES, "do $x$ begin $a $$ $a $x$; $a", "do $x$ begin $a $$ $a $x$; %(a)s"),
        (POSTGRES, "select sys$a, $a, $1", "select sys$a, %(a)s, $1"),
        (POSTGRES, "select $a where x like '50%'", "select %(a)s where x like '50%%'"),
        (POSTGRES, "select 10 % 3", "select 10 % 3"),
        (POSTGRES, "select ':a', x::text, @x, $a", "select ':a', x::text, @x, %(a)s"),
        (POSTGRES, "select '$a", "select '$a"),
        (MYSQL, r"select 'it\'s $a', $a", r"select 'it\'s $a', %(a)s"),
        (MYSQL, 'select "say \\"$a\\"", `$a`, $a', 'select "say \\"$a\\"", `$a`, %(a)s'),
        (MYSQL, "select $a # $b\n, 5--$b", "select %(a)s # $b\n, 5--%(b)s"),
        (MYSQL, "select $a -- $b\n, /* $b /* */ $b", "select %(a)s -- $b\n, /* $b /* */ %(b)s"),
        (SQLITE, "select $a, [$b], `$b`, '50%', x$b", "select :a, [$b], `$b`, '50%', x$b"),
    ],
)
def test_binding(text: SqlText, statement: str, bound: str) -> None:
    written, used = bind(statement, text, VALUES)
    assert written == bound
    names = {place.name.lower() for place in parameters_in(statement, text)}
    assert used == ({name: VALUES[name] for name in names} or None)


def test_places_of_parameters() -> None:
    statement = "select '$x', $one + $two"
    assert [statement[place.start : place.end] for place in parameters_in(statement, POSTGRES)] == ["$one", "$two"]


def test_a_value_is_never_sql() -> None:
    statement, used = bind("select $a", SQLITE, {"a": "1; drop table t --"})
    assert sqlite3.connect(":memory:").execute(statement, used or {}).fetchone() == ("1; drop table t --",)
