"""The cache: an unchanged project is recalled as it was, and whatever changes is seen."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Collection
from pathlib import Path

import pytest
from tests.compile.conftest import Project

from vibepiper_interpreter.compile import compile_root
from vibepiper_interpreter.compile.applied_sources import AppliedSource
from vibepiper_interpreter.compile.compiled import Compiled, FileDefinition
from vibepiper_interpreter.compile.project_bytes import compiled_from_bytes, compiled_to_bytes
from vibepiper_interpreter.local_cache import LocalCache
from vibepiper_spec import Address


@pytest.fixture
def whole(project: Project) -> Project:
    """A project with a source, a query in a file, a Python asset, checks, a variable, and a warning."""
    project.sources()
    project.write("vp.toml", '[project]\nname = "t"\n[variables]\nleast = 1\nsince = 2024-01-01\n')
    project.write("lib.py", "def g(x):\n    return x\n")
    project.write("jobs/m.py", "import lib\ndef f(orders, context):\n    return lib.g(orders)\n")
    project.write("sql/b.sql", "select id, amount from orders where id >= $least order by day limit 1\n")
    project.pipeline(
        """
        [sql.b]
        file = "sql/b.sql"
        columns.id.checks = ["not_null", { between = [1, 9.5], severity = "warn" }, { references = "orders.id" }]
        checks = [{ expression = "amount > 0", where = "id > 0", description = "…" }]
        [python.c]
        function = "jobs.m:f"
        columns.id = "bigint"
        """
    )
    return project


def test_what_is_recalled_is_what_was_compiled(whole: Project) -> None:
    first = whole.recall()
    assert [diagnostic.code for diagnostic in first.diagnostics] in (["VP313"], [])
    assert whole.recall() == first
    written = compiled_to_bytes(first)
    assert compiled_from_bytes(written.frame, lambda names: {name: written.pieces[name] for name in names}) == first


def touch(project: Project) -> None:
    os.utime(project.root / "shop.vp.toml")


def replace(path: str, old: str, new: str) -> Callable[[Project], None]:
    """An edit that keeps the file's size and times, as the nastiest tool would."""

    def edit(project: Project) -> None:
        target = project.root / path
        before, text = target.stat(), target.read_text()
        assert old in text
        target.write_text(text.replace(old, new))
        os.utime(target, ns=(before.st_atime_ns, before.st_mtime_ns))

    return edit


@pytest.mark.parametrize(
    "edit",
    [
        replace("vp.toml", "least = 1", "least = 2"),
        replace("shop.vp.toml", "amount > 0", "amount > 1"),
        replace("sql/b.sql", "limit 1", "limit 2"),
        replace("jobs/m.py", "lib.g(orders)", "lib.g(0 or 1)"),
        replace("lib.py", "return x", "return 1"),
        replace("data/orders.csv", "id,amount", "id,amuont"),
        lambda project: project.pipeline("[sql.z]\nquery = 'select 1 as a'\n", "more/z.vp.toml"),
        lambda project: project.write("sources.vp.toml", '[pipeline]\nname = "shop"\n'),
        lambda project: project.write("lib/__init__.py", "def g(x):\n    return 5\n"),
        lambda project: (project.root / "data/orders.csv").unlink(),
    ],
)
def test_every_change_is_seen(whole: Project, edit: Callable[[Project], None]) -> None:
    before = whole.recall()
    edit(whole)
    after = whole.recall()
    assert after != before
    assert after == fresh(whole)


def test_touching_or_reformatting_changes_nothing(whole: Project) -> None:
    before = whole.recall()
    touch(whole)
    assert whole.recall() == before


def fresh(project: Project) -> Compiled:
    """Compiled without any cache."""
    for path in (project.root / ".vp" / "cache").iterdir():
        path.unlink()
    return project.recall()


def test_environments_are_remembered_apart(whole: Project) -> None:
    whole.write(
        "vp.toml", '[project]\nname = "t"\n[variables]\nleast = 1\n[environment.x]\nvariables = { least = 2 }\n'
    )
    dev, other = whole.recall(), whole.recall("x")
    assert dev.project.variables != other.project.variables
    assert (whole.recall(), whole.recall("x")) == (dev, other)


def test_a_project_with_errors_is_told_again(whole: Project) -> None:
    whole.write("sql/b.sql", "select idd from orders")
    first = whole.recall()
    assert [diagnostic.code for diagnostic in first.diagnostics] == ["VP302"]
    assert whole.recall() == first


@pytest.mark.parametrize("damage", [b"", b"not a database", b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_damaged_cache_is_rebuilt(whole: Project, damage: bytes) -> None:
    before = whole.recall()
    for path in (whole.root / ".vp" / "cache").iterdir():
        path.write_bytes(damage)
    assert whole.recall() == before
    assert whole.recall() == before


def test_damaged_entries_are_compiled_anew(whole: Project) -> None:
    before = whole.recall()
    with LocalCache(whole.root) as cache:
        cache.put("project", "dev", b'{"name": 1}')
    assert whole.recall() == before
    with LocalCache(whole.root) as cache:
        cache.put("project_witness", "dev", b"[]")
    assert whole.recall() == before


def test_the_cache_keeps_itself_out_of_version_control(whole: Project) -> None:
    whole.recall()
    assert (whole.root / ".vp" / ".gitignore").read_text() == "*\n"


def test_a_folder_that_cannot_be_written_to_only_costs_time(project: Project) -> None:
    project.sources()
    (project.root / ".vp").write_text("a file stands where the folder would be")
    assert len(project.recall().project.assets) == 1


def test_recalling_needs_neither_the_engine_nor_the_model(whole: Project) -> None:
    whole.recall()
    code = (
        "import sys\nfrom pathlib import Path\nfrom vibepiper_interpreter.compile import compile_root\n"
        f"assert len(compile_root(Path({str(whole.root)!r}), 'dev').project.assets) == 3\n"
        "heavy = {'duckdb', 'pydantic', 'pyarrow', 'pandas', 'polars', 'sqlalchemy', 'tomlkit', 'rich'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_digest_does_not_know_where_the_project_lies(tmp_path: Path) -> None:
    digests = set()
    for folder in ("one", "two"):
        project = Project(tmp_path / folder)
        project.sources()
        digests.add(compile_root(project.root, "dev").project.digest)
    assert len(digests) == 1


def test_code_that_may_reach_any_module_sees_one_come(whole: Project) -> None:
    whole.write("jobs/any.py", "def f(b, name='x'):\n    return __import__(name)\n")
    whole.pipeline('[python.any]\nfunction = "jobs.any:f"\n', "any.vp.toml")
    before = whole.recall().project.assets[Address("shop", "any")].fingerprint
    assert whole.recall().project.assets[Address("shop", "any")].fingerprint == before
    whole.write("x.py", "A = 1\n")
    assert whole.recall().project.assets[Address("shop", "any")].fingerprint != before


def test_a_source_without_rows_follows_what_is_published(project: Project) -> None:
    """What the state says of it is all that changes here."""
    project.write("data/orders.csv", "id,amount,day\n")
    project.sources()
    published: dict[Address, AppliedSource] = {}
    asked: list[Address] = []

    def applied(
        root: Path, state_url: str | None, environment: str, addresses: Collection[Address]
    ) -> dict[Address, AppliedSource]:
        asked.extend(addresses)
        return {address: published[address] for address in addresses if address in published}

    def types() -> tuple[list[str], list[str]]:
        compiled = compile_root(project.root, "dev", applied)
        columns = compiled.project.assets[Address("shop", "orders")].columns
        return [column.type for column in columns], [diagnostic.code for diagnostic in compiled.diagnostics]

    def publish(**kinds: str) -> None:
        definition = FileDefinition(
            ("data/orders.csv",), "csv", (("delim", ","), ("header", True)), tuple(kinds.items())
        )
        published[Address("shop", "orders")] = AppliedSource(definition, ())

    assert types() == (["VARCHAR", "VARCHAR", "VARCHAR"], ["VP511"])
    publish(id="VARCHAR", amount="VARCHAR", day="VARCHAR")  # as they were assumed
    assert types() == (["VARCHAR", "VARCHAR", "VARCHAR"], ["VP511"])
    publish(id="BIGINT", amount="DOUBLE", day="DATE")
    assert types() == types() == (["BIGINT", "DOUBLE", "DATE"], [])
    publish(id="BIGINT", AMOUNT="DECIMAL(10,2)", old="DATE")
    assert types() == (["BIGINT", "DECIMAL(10,2)", "VARCHAR"], ["VP511"])
    published.clear()
    assert types() == (["VARCHAR", "VARCHAR", "VARCHAR"], ["VP511"])
    asked.clear()
    project.write("data/orders.csv", "id,amount,day\n1,2,2024-01-01\n")
    assert types() == (["BIGINT", "BIGINT", "DATE"], [])
    asked.clear()
    assert types() == (["BIGINT", "BIGINT", "DATE"], [])
    assert not asked  # with rows, nobody opens the state for it


def test_the_state_is_opened_once_for_all_sources_that_go_on(project: Project) -> None:
    delivered = 'path = "data/orders.csv"\nwrite = { mode = "merge", key = [\'id\'] }\n'
    project.pipeline("\n".join(f"[source.file.{name}]\n{delivered}" for name in ("one", "two", "three")))
    asked: list[Collection[Address]] = []

    def applied(
        root: Path, state_url: str | None, environment: str, addresses: Collection[Address]
    ) -> dict[Address, AppliedSource]:
        asked.append(addresses)
        return {}

    assert not compile_root(project.root, "dev", applied).diagnostics
    assert [sorted(each.name for each in addresses) for addresses in asked] == [["one", "three", "two"]]
