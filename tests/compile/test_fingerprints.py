"""Fingerprints: how an asset is written makes no difference, what it means does."""

from __future__ import annotations

import random
from pathlib import Path
from textwrap import dedent

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.compile.conftest import Project

from vibepiper_interpreter.compile.python_fingerprint import fingerprint_function
from vibepiper_interpreter.compile.python_source import PythonSources

QUERY = ("select", "id", ",", "amount", "*", "2", "as", "twice", "from", "orders", "where", "day", ">", "'2024-01-01'")


def of_query(project: Project, body: str) -> str:
    project.sources()
    project.pipeline(f"[sql.a]\n{body}\n")
    return project.asset("shop.a").fingerprint


gap = st.sampled_from([" ", "\n", "\n    ", " /* note */ ", " -- note\n"])


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(gaps=st.lists(gap, min_size=len(QUERY), max_size=len(QUERY)), upper=st.booleans(), seed=st.integers(0, 1000))
def test_layout_comments_case_key_order_and_file_make_no_difference(
    project: Project, gaps: list[str], upper: bool, seed: int
) -> None:
    plain = of_query(project, f'query = "{" ".join(QUERY)}"')
    words = [word.upper() if upper and word in ("select", "as", "from", "where", "orders") else word for word in QUERY]
    text = "".join(word + space for word, space in zip(words, gaps, strict=True))
    project.write("a.sql", text)
    keys = ['file = "a.sql"', 'description = "…"', 'tags = ["x"]', 'owner = "me"']
    random.Random(seed).shuffle(keys)
    assert of_query(project, "\n".join(keys)) == plain
    assert of_query(project, f"query = '''\n{text}'''") == plain


@pytest.mark.parametrize(
    "query",
    [
        "select id, amount * 3 as twice from orders where day > '2024-01-01'",
        "select id, amount * 2 as double from orders where day > '2024-01-01'",
        "select amount * 2 as twice, id from orders where day > '2024-01-01'",
        "select id, amount * 2 as twice from orders where day >= '2024-01-01'",
        "select id, amount * 2 as twice from orders",
        "select distinct id, amount * 2 as twice from orders where day > '2024-01-01'",
    ],
)
def test_a_change_of_meaning_is_one(project: Project, query: str) -> None:
    assert of_query(project, f'query = "{query}"') != of_query(project, f'query = "{" ".join(QUERY)}"')


def test_a_changed_column_is_told_apart_from_the_others(project: Project) -> None:
    of_query(project, 'query = "select id, amount as a, day as d from orders"')
    before = project.asset("shop.a")
    of_query(project, 'query = "select id, amount + 1 as a, day as d from orders"')
    after = project.asset("shop.a")
    assert before.shape == after.shape != ""
    changed = set(after.column_fingerprints) - set(before.column_fingerprints)
    assert {name for name, _ in changed} == {"a"}


def test_a_source_means_its_path_options_and_types_not_its_rows(project: Project) -> None:
    project.sources()
    before = project.asset("shop.orders").fingerprint
    project.write("data/orders.csv", "id,amount,day\n7,1.50,2025-01-01\n")
    assert project.asset("shop.orders").fingerprint == before
    project.pipeline('[source.file.orders]\npath = "data/orders.csv"\ncolumns.id = "int"\n', "sources.vp.toml")
    assert project.asset("shop.orders").fingerprint != before


MODULE = '''
"""A module."""
import math
from lib.rates import rate

FACTOR = 2
OTHER = 3


def helper(x):
    """Helps."""
    return x * FACTOR


def unrelated(x):
    return x + OTHER


class Model:
    def run(self, x):
        return rate(x)


def f(orders):
    # A comment.
    model = Model()
    return model.run(helper(orders))
'''
RATES = "LIMIT = 5\nUNUSED = 1\ndef rate(x):\n    return min(x, LIMIT)\ndef slow(x): ...\n"


def of_function(root: Path, module: str = MODULE, rates: str = RATES) -> str:
    (root / "lib").mkdir(exist_ok=True)
    (root / "m.py").write_text(module)
    (root / "lib" / "rates.py").write_text(rates)
    return fingerprint_function(PythonSources(root), "m", "f").fingerprint


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("    # A comment.\n", ""),
        ('    """Helps."""\n', ""),
        ('"""A module."""', '"""Another."""'),
        ("OTHER = 3", "OTHER = 4"),
        ("return x + OTHER", "return x - OTHER"),
        ("import math\n", ""),
        ("return x * FACTOR", "return (\n        x * FACTOR\n    )"),
        ("model.run(helper(orders))", "model.run(helper(orders,))"),
    ],
)
def test_python_code_that_the_function_does_not_reach_makes_no_difference(tmp_path: Path, old: str, new: str) -> None:
    assert old in MODULE
    assert of_function(tmp_path, MODULE.replace(old, new)) == of_function(tmp_path)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("FACTOR = 2", "FACTOR = 3"),
        ("return x * FACTOR", "return x + FACTOR"),
        ("return rate(x)", "return rate(x) + 1"),
        ("from lib.rates import rate", "from lib.rates import slow as rate"),
        ("model = Model()", "model = None or Model()"),
        ("OTHER = 3", "OTHER = 3\nfor _ in range(2):\n    FACTOR = 5"),
        ("OTHER = 3", "OTHER = 3\nModel_settings = {}\nModel_settings['x'] = 1"),
    ],
)
def test_python_code_that_the_function_reaches_makes_one(tmp_path: Path, old: str, new: str) -> None:
    assert old in MODULE
    assert of_function(tmp_path, MODULE.replace(old, new)) != of_function(tmp_path)


def test_other_modules_of_the_project_are_followed(tmp_path: Path) -> None:
    plain = of_function(tmp_path)
    assert of_function(tmp_path, rates=RATES.replace("UNUSED = 1", "UNUSED = 2")) == plain
    assert of_function(tmp_path, rates=RATES.replace("LIMIT = 5", "LIMIT = 6")) != plain


def test_a_module_that_is_used_whole_counts_whole(tmp_path: Path) -> None:
    by_attribute = MODULE.replace("from lib.rates import rate", "import lib.rates").replace(
        "rate(x)", "lib.rates.rate(x)"
    )
    changed = RATES.replace("UNUSED = 1", "UNUSED = 2")
    assert of_function(tmp_path, by_attribute) == of_function(tmp_path, by_attribute, changed)
    by_value = MODULE.replace("from lib.rates import rate", "from lib import rates").replace(
        "rate(x)", "getattr(rates, 'ra' + 'te')(x)"
    )
    assert of_function(tmp_path, by_value) != of_function(tmp_path, by_value, changed)


@pytest.mark.parametrize(
    "use",
    [
        "importlib.import_module('lib.dyn').g(x)",
        "loaded.import_module('lib.dyn').g(x)",
        "import_module('lib.dyn').g(x)",
        "__import__('lib.dyn').dyn.g(x)",
    ],
)
def test_a_module_imported_by_a_written_name_is_followed(tmp_path: Path, use: str) -> None:
    imports = "import importlib\nimport importlib as loaded\nfrom importlib import import_module\n"
    module = f"{imports}def f(x):\n    return {use}\n"
    (tmp_path / "lib").mkdir()
    dyn, other = tmp_path / "lib" / "dyn.py", tmp_path / "lib" / "other.py"
    dyn.write_text("def g(x):\n    return x\n")
    other.write_text("A = 1\n")
    before = of_function(tmp_path, module)
    other.write_text("A = 2\n")
    assert of_function(tmp_path, module) == before
    dyn.write_text("def g(x):\n    return -x\n")
    assert of_function(tmp_path, module) != before


@pytest.mark.parametrize(
    ("imports", "use"),
    [
        ("importlib", "importlib.import_module('lib.' + 'far').g(x)"),
        ("importlib", "importlib.import_module('.far', 'lib').g(x)"),
        ("importlib", "load(importlib)"),
        ("importlib.util", "importlib.util.find_spec('lib.far')"),
        ("runpy", "runpy.run_path('lib/far.py')"),
        ("sys", "sys.modules['lib.far'].g(x)"),
        ("math", "eval('x')"),
        ("math", "exec('x')"),
        ("math", "globals()['g'](x)"),
        ("math", "__import__('lib.' + x)"),
        ("lib.rates", "getattr(lib.rates, x)()"),
    ],
)
def test_code_that_may_reach_anything_counts_with_all_modules(tmp_path: Path, imports: str, use: str) -> None:
    module = f"import {imports}\ndef f(x):\n    return {use}\n"
    before = of_function(tmp_path, module)
    far = tmp_path / "lib" / "far.py"
    far.write_text("def g(x):\n    return x\n")
    there = of_function(tmp_path, module)
    far.write_text("def g(x):\n    return -x\n")
    assert len({before, there, of_function(tmp_path, module)}) == 3


@pytest.mark.parametrize(
    ("imports", "use"),
    [
        ("importlib.metadata", "importlib.metadata.version(x)"),
        ("re", "re.compile(x)"),
        ("sys", "sys.maxsize"),
        ("lib.rates", "getattr(lib.rates, 'rate')"),
    ],
)
def test_code_that_only_looks_dynamic_does_not(tmp_path: Path, imports: str, use: str) -> None:
    module = f"import {imports}\ndef f(x):\n    return {use}\n"
    before = of_function(tmp_path, module)
    (tmp_path / "lib" / "far.py").write_text("def g(x):\n    return x\n")
    assert of_function(tmp_path, module) == before


def test_a_module_that_makes_its_names_counts_with_how_it_makes_them(tmp_path: Path) -> None:
    module = "from lib import rates\ndef f(x):\n    return rates.made(x)\n"
    rates = "def __getattr__(name):\n    return abs\n"
    assert of_function(tmp_path, module, rates) != of_function(tmp_path, module, rates.replace("abs", "min"))


def test_dynamic_code_reaches_its_whole_module(tmp_path: Path) -> None:
    dynamic = MODULE.replace("return x * FACTOR", "return globals()['unre' + 'lated'](x)")
    assert of_function(tmp_path, dynamic) != of_function(tmp_path, dynamic.replace("OTHER = 3", "OTHER = 4"))


def test_a_registry_reaches_what_registers_itself(tmp_path: Path) -> None:
    registry = dedent(
        """
        RULES = []

        def rule(function):
            RULES.append(function)
            return function

        @rule
        def first(x):
            return x

        def f(orders):
            return [rule(orders) for rule in RULES]
        """
    )
    assert of_function(tmp_path, registry) != of_function(tmp_path, registry.replace("return x", "return -x"))


def test_circular_imports_end(tmp_path: Path) -> None:
    (tmp_path / "m.py").write_text("import n\ndef f(orders):\n    return n.g(orders)\n")
    (tmp_path / "n.py").write_text("import m\ndef g(x):\n    return m.f(x)\n")
    assert fingerprint_function(PythonSources(tmp_path), "m", "f").modules == ("m", "n")


def test_columns_that_a_function_sees_and_how_are_part_of_its_meaning(project: Project) -> None:
    project.sources()
    found = set()
    for module, inputs in (
        ("def f(orders): ...\n", ""),
        ("import polars as pl\ndef f(orders: pl.DataFrame): ...\n", ""),
        ("def f(orders): ...\n", 'inputs = { orders = ["id"] }'),
        ("def f(orders, context): ...\n", ""),
    ):
        project.write("m.py", module)
        project.pipeline(f'[python.a]\nfunction = "m:f"\n{inputs}\n')
        found.add(project.asset("shop.a").fingerprint)
    assert len(found) == 4
