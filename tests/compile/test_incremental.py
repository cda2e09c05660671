"""The law of the remembered compile: after any edits it gives just what compiling everything gives."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vibepiper_interpreter.compile import compile_project, compile_root
from vibepiper_interpreter.compile.compiled import Compiled
from vibepiper_interpreter.compile.project import in_order_of_place
from vibepiper_spec import load_project

NAMES = ("a", "b", "c", "d")
READABLE = ("orders", "a", "b", "c", "d", "p.orders", "p.a", "p.b", "q.a", "q.b")
QUERIES = (
    "select id, amount from {0}",
    "select id, amount + 1 as amount from {0}",
    "select * from {0}",
    "select * from {0} limit 1",
    "select id, amount from {0} where id > $least",
    "select count(*) as id from {0}",
    "select x.id, y.amount from {0} as x join {1} as y on x.id = y.id",
    "select id, lost from {0}",
    "select id from",
)
CHECKS = (
    "",
    'columns.id.checks = ["not_null"]\n',
    'columns.id.checks = [{{ references = "{0}.id" }}]\n',
    'columns.id = {{ description = "which one" }}\n',
    'columns.id.type = "bigint"\n',
    'checks = [{{ expression = "amount > 0" }}]\n',
    'checks = [{{ query = "select * from {0} where id > 3" }}]\n',
)
BUILDS = ('build = "append"\n', 'build = { mode = "merge", key = ["id"] }\n')
HEADERS = ("", 'owner = "me"\n', 'owner = "you"\n', 'tags = ["x"]\n', 'publish = "each"\n', "unknown = 1\n")
PROJECTS = (
    "[variables]\nleast = 1\n",
    "[variables]\nleast = 2\n",
    "",
    '[variables]\nleast = 1\n[defaults]\nowner = "all"\n',
    '[variables]\nleast = 1\n[defaults]\nbuild = "view"\n',
    '[variables]\nleast = 1\n[defaults.check]\nseverity = "warn"\n',
)
MODULES = (
    "import lib\ndef f(orders):\n    return lib.g(orders)\ndef h(a, context):\n    return a\n",
    "def f(orders):\n    return orders\ndef h(a, context):\n    return a\n",
    "import lib\ndef f(a):\n    return lib.g(a)\ndef h(b):\n    return lib.g(b)\n",
    "def f(orders):\n    return orders\n",
)
LIBRARIES = ("def g(x):\n    return x\n", "def g(x):\n    return x.slice(0)\n", None)
SQL_FILES = ("select id, amount from orders\n", "select id from orders limit 2\n", "select * from a\n", None)
DATA = (
    "id,amount\n1,2.5\n",
    "id,amount\n1,2.5\n2,3.5\n",
    "id,amount\n1,two\n",
    "id,cost\n1,2.5\n",
    "id,amount,extra\n1,2.5,x\n",
    None,
)
PATHS = ("a.vp.toml", "m.vp.toml", "sub/b.vp.toml", "z.vp.toml")


@dataclass(frozen=True)
class World:
    """What stands on the disk; None is a file that is not there."""

    specs: tuple[str | None, ...]
    project: str = PROJECTS[0]
    module: str = MODULES[0]
    library: str | None = LIBRARIES[0]
    sql: str | None = SQL_FILES[0]
    data: str | None = DATA[0]

    def write(self, root: Path) -> None:
        texts = dict(zip(PATHS, self.specs, strict=True))
        texts |= {"vp.toml": '[project]\nname = "t"\n' + self.project, "jobs.py": self.module, "lib.py": self.library}
        texts |= {"x.sql": self.sql, "orders.csv": self.data}
        for path, text in texts.items():
            target = root / path
            target.parent.mkdir(exist_ok=True)
            if text is None:
                target.unlink(missing_ok=True)
            elif not target.exists() or target.read_text() != text:
                target.write_text(text)


@st.composite
def blocks(draw: st.DrawFn) -> str:
    name = draw(st.sampled_from(NAMES))
    reads = [draw(st.sampled_from(READABLE)) for _ in range(2)]
    kind = draw(st.sampled_from(["sql"] * 6 + ["file", "python", "python", "source", "nothing"]))
    checks = draw(st.sampled_from(CHECKS)).format(*reads)
    match kind:
        case "sql":
            query = draw(st.sampled_from(QUERIES)).format(*reads)
            build = draw(st.sampled_from(["", "", "", *BUILDS]))
            return f'\n[sql.{name}]\nquery = "{query}"\n{build}{checks}'
        case "file":
            return f'\n[sql.{name}]\nfile = "x.sql"\n{checks}'
        case "python":
            columns = draw(st.sampled_from(["", 'columns.amount = "double"\n', "columns.amount = {}\n"]))
            return f'\n[python.{name}]\nfunction = "jobs:{draw(st.sampled_from("fh"))}"\n{columns}{checks}'
        case "source":
            write = draw(st.sampled_from(["", 'write = "append"\n']))
            return f'\n[source.file.orders]\npath = "orders.csv"\n{write}'
    return draw(st.sampled_from(["\n# nothing\n", "\n[sql\n", "\n\n\n"]))


@st.composite
def specs(draw: st.DrawFn) -> str | None:
    if draw(st.integers(0, 7)) == 0:
        return None
    header = draw(st.sampled_from(HEADERS)) if draw(st.integers(0, 3)) == 0 else ""
    text = f'[pipeline]\nname = "{draw(st.sampled_from("ppq"))}"\n{header}'
    return text + "".join(draw(st.lists(blocks(), max_size=3)))


@st.composite
def histories(draw: st.DrawFn) -> list[World]:
    """A sound project, and what becomes of it edit by edit."""
    sound = (
        '[pipeline]\nname = "p"\n[source.file.orders]\npath = "orders.csv"\n'
        '[python.d]\nfunction = "jobs:f"\ncolumns.id = "bigint"\n',
        '[pipeline]\nname = "p"\n[sql.a]\nquery = "select id, amount from orders"\ncolumns.id.checks = ["unique"]\n'
        '[sql.b]\nquery = "select * from a limit 1"\n',
        '[pipeline]\nname = "p"\n[sql.c]\nfile = "x.sql"\ncolumns.id.checks = [{ references = "b.id" }]\n',
        '[pipeline]\nname = "q"\n[sql.a]\nquery = "select id from p.b where id > $least"\n'
        '[sql.b]\nquery = "select id from a"\n',
    )
    worlds = [World(sound)]
    for _ in range(draw(st.integers(1, 4))):
        world = worlds[-1]
        for _ in range(draw(st.integers(1, 2))):
            world = draw(edited(world, sound))
        worlds.append(world)
        if draw(st.integers(0, 3)) == 0:  # mended
            worlds.append(worlds[-2])
    return worlds


@st.composite
def edited(draw: st.DrawFn, world: World, sound: Sequence[str]) -> World:
    part = draw(st.sampled_from(["specs"] * 6 + ["move", "project", "module", "library", "sql", "data"]))
    match part:
        case "specs":
            index = draw(st.integers(0, len(PATHS) - 1))
            new = draw(st.one_of(specs(), st.just(sound[index])))
            return replace(world, specs=(*world.specs[:index], new, *world.specs[index + 1 :]))
        case "move":  # files renamed
            return replace(world, specs=tuple(draw(st.permutations(world.specs))))
        case "project":
            return replace(world, project=draw(st.sampled_from(PROJECTS)))
        case "module":
            return replace(world, module=draw(st.sampled_from(MODULES)))
        case "library":
            return replace(world, library=draw(st.sampled_from(LIBRARIES)))
        case "sql":
            return replace(world, sql=draw(st.sampled_from(SQL_FILES)))
    return replace(world, data=draw(st.sampled_from(DATA)))


def compiled_anew(root: Path) -> Compiled:
    """All passes over everything. (Only what was found out about single queries and modules is remembered.)"""
    loaded = load_project(root)
    compiled = compile_project(loaded, "dev")
    return replace(compiled, diagnostics=in_order_of_place((*loaded.diagnostics, *compiled.diagnostics)))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(histories())
def test_after_any_edits_it_is_as_if_compiled_anew(worlds: list[World]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for world in worlds:
            world.write(root)
            found, expected = compile_root(root, "dev"), compiled_anew(root)
            assert found.diagnostics == expected.diagnostics
            assert list(found.project.assets) == list(expected.project.assets)
            assert found == expected
            assert compile_root(root, "dev") == expected
