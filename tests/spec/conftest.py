"""Generated TOML documents, for every law about texts."""

from __future__ import annotations

from datetime import timedelta, timezone

import pytest
from hypothesis import settings
from hypothesis import strategies as st

# No test asserts a time, and this machine may be busy.
settings.register_profile("no-deadline", deadline=None)
settings.load_profile("no-deadline")

plain_text = st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=20)


def escaped(text: str) -> str:
    special = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t"}
    return "".join(
        special.get(c, c) if (c >= " " and c != "\x7f") or c in special else f"\\u{ord(c):04x}" for c in text
    )


def basic(text: str) -> str:
    return f'"{escaped(text)}"'


def multiline_basic(text: str) -> str:
    """With real line breaks, and one line-ending backslash."""
    lines = [escaped(line).replace('\\"', '"').replace('"""', '""\\"') for line in text.split("\n")]
    body = "\n".join(lines)
    if body.endswith('"'):
        body = body[:-1] + '\\"'
    return '"""\n\\\n   ' + ("" if body[:1] in (" ", "\t", "\n") else body) + '"""'


def literal(text: str) -> str:
    return "'" + "".join(c for c in text if (c >= " " and c not in "'\x7f") or c == "\t") + "'"


def multiline_literal(text: str) -> str:
    return "'''\n" + "".join(c for c in text if (c >= " " and c not in "'\x7f") or c in "\t\n") + "'''"


strings = st.builds(
    lambda text, form: form(text),
    plain_text,
    st.sampled_from([basic, multiline_basic, literal, multiline_literal]),
)
zones = st.builds(lambda minutes: timezone(timedelta(minutes=minutes)), st.integers(-23 * 60, 23 * 60))
datetimes = st.datetimes(timezones=st.none() | zones).map(lambda value: value.isoformat(sep="T"))
numbers = st.one_of(
    st.integers().map(str),
    st.integers(0).map(hex),
    st.integers(0).map(oct),
    st.integers(0).map(bin),
    st.integers(1000, 999_999).map(lambda value: f"+{value:_}"),
    st.floats().map(lambda value: repr(value)),
    st.sampled_from(["1e5", "-2E-3", "6.02e+23", "inf", "-nan", "+0.0"]),
)
scalars = st.one_of(
    strings,
    numbers,
    st.sampled_from(["true", "false"]),
    st.dates().map(str),
    st.times().map(str),
    datetimes,
    datetimes.map(lambda text: text.replace("T", " ")),
)
bare_keys = st.text("abcXYZ019_-", min_size=1, max_size=6)
keys = st.one_of(bare_keys, bare_keys, plain_text.map(basic), plain_text.map(literal))
blanks = st.sampled_from(["", " ", "\t", "  "])
breaks = st.sampled_from(["", " ", "\n", "\n  ", " # a [comment] = '''\n"])


def dotted(parts: list[str], blank: str) -> str:
    return f"{blank}.{blank}".join(parts)


dotted_keys = st.builds(dotted, st.lists(keys, min_size=1, max_size=3), blanks)


def array(items: list[str], between: str, comma: bool) -> str:
    inner = f"{between},{between}".join(items)
    return f"[{between}{inner}{between}{',' if comma and items else ''}{between}]"


def inline_table(items: list[tuple[str, str]], blank: str) -> str:
    return "{" + blank + f",{blank}".join(f"{key}{blank}={blank}{value}" for key, value in items) + blank + "}"


values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.builds(array, st.lists(inner, max_size=4), breaks, st.booleans()),
        st.builds(inline_table, st.lists(st.tuples(dotted_keys, inner), max_size=3), blanks),
    ),
    max_leaves=6,
)
statements = st.builds(lambda key, blank, value: f"{blank}{key}{blank}={blank}{value}", dotted_keys, blanks, values)
headers = st.one_of(
    dotted_keys.map(lambda key: f"[{key}]"),
    dotted_keys.map(lambda key: f"[[ {key} ]]"),
    st.lists(st.sampled_from("abc"), min_size=1, max_size=3).map(lambda parts: f"[{'.'.join(parts)}]"),
    st.lists(st.sampled_from("abc"), min_size=1, max_size=3).map(lambda parts: f"[[{'.'.join(parts)}]]"),
)
lines = st.one_of(statements, statements, headers, st.sampled_from(["", "# a comment with ' and \"", "  \t"]))


def join(parts: list[str], line_break: str, last: bool) -> str:
    text = "\n".join(parts) + ("\n" if last else "")
    return text.replace("\n", line_break)


documents = st.builds(join, st.lists(lines, max_size=12), st.sampled_from(["\n", "\n", "\r\n"]), st.booleans())


@pytest.fixture(scope="session")
def toml_documents() -> st.SearchStrategy[str]:
    """Texts that are TOML mostly; a few define something twice."""
    return documents


@pytest.fixture(scope="session")
def toml_values() -> st.SearchStrategy[str]:
    """Values in all their forms, nested."""
    return values
