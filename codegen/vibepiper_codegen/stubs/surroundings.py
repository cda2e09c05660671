"""What is not of one asset: the context that functions are given, its variables, and the names of connections."""

from __future__ import annotations

from collections.abc import Mapping

from vibepiper_codegen.stubs.names import Names
from vibepiper_codegen.stubs.python_types import value_type
from vibepiper_codegen.stubs.text import docstring, imports, literals
from vibepiper_interpreter.engines.duckdb.type_names import DataType, parse_type
from vibepiper_spec.model.settings import ProjectSettings

_CONTEXT = '''

class Context(Protocol):
    """The run, as a parameter called `context` gets it."""

    @property
    def logger(self) -> logging.Logger: ...
    @property
    def environment(self) -> Environment: ...
    @property
    def variables(self) -> Variables: ...
    @property
    def now(self) -> datetime.datetime: ...
    @property
    def start(self) -> datetime.datetime | None: ...
    @property
    def end(self) -> datetime.datetime | None: ...
    @property
    def partition(self) -> str | None: ...


class IntervalContext(Context, Protocol):
    """The same for an asset that is built by interval: the stretch of time to build."""

    @property
    def start(self) -> datetime.datetime: ...
    @property
    def end(self) -> datetime.datetime: ...


class PartitionContext(Context, Protocol):
    """The same for an asset that is built by partition: the value."""

    @property
    def partition(self) -> str: ...
'''


def context_module(settings: ProjectSettings) -> str:
    code = f"\nEnvironment: TypeAlias = {literals(settings.environment_names())}\n\n\n{_variables(settings)}{_CONTEXT}"
    said = docstring("The context that functions are given: environments, variables, and the time.")
    return f"{said}\nfrom __future__ import annotations\n\n{imports(code)}\n{code}"


def _variables(settings: ProjectSettings) -> str:
    text = f"class Variables(Protocol):\n{docstring('The variables of `vp.toml`, by name.', '    ')}\n"
    types = {name: _type_of(variable.type) for name, variable in settings.variables.items()}
    overload = "    @overload\n" if len(types) > 1 else ""
    for name, kind in types.items():
        text += f"{overload}    def __getitem__(self, name: {literals([name])}, /) -> {kind}: ...\n"
    if overload:
        text += "    def __getitem__(self, name: Any, /) -> Any: ...\n"
    if not types:
        text += "    # None is declared.\n"
    return text


def _type_of(written: str) -> str:
    kind = parse_type(written)
    known = isinstance(kind, DataType) and kind.name not in ("DECIMAL", "BLOB", "UUID", "TIME")
    return value_type(kind, lambda _, __: "Any", (), nullable=False) if known and isinstance(kind, DataType) else "Any"


def connections_module(settings: ProjectSettings) -> str:
    """The names of connections by connector; empty where there is none."""
    connections: Mapping[str, Mapping[str, object]] = settings.connection.by_connector()
    there = {connector: list(names) for connector, names in connections.items() if names}
    if not there:
        return ""
    given = Names()
    code = f"\nConnection: TypeAlias = {literals(name for names in there.values() for name in names)}\n"
    for connector, names in there.items():
        code += f"{given.give(f'{connector.capitalize()}Connection')}: TypeAlias = {literals(names)}\n"
    said = docstring("The names of the connections of `vp.toml`.")
    return f"{said}\nfrom __future__ import annotations\n\n{imports(code)}\n{code}"
