"""Reads the project's own Python modules without running them: where they are, what they define, what they import."""

from __future__ import annotations

import ast
import hashlib
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import MappingProxyType

from vibepiper_interpreter.compile.python_dynamic import Dynamic, dynamic_uses
from vibepiper_interpreter.compile.stub_names import GENERATED
from vibepiper_spec.diagnostics import Place, Range

Function = ast.FunctionDef | ast.AsyncFunctionDef
_Binding = Function | ast.ClassDef | ast.Assign | ast.AnnAssign


@dataclass(frozen=True, slots=True)
class Imported:
    """What an imported name stands for: a module, or `attribute` of one."""

    module: str
    attribute: str | None = None

    def __str__(self) -> str:
        return self.module if self.attribute is None else f"{self.module}.{self.attribute}"


@dataclass(frozen=True)
class PythonModule:
    """A parsed module of the project. `path` is relative to the root, with `/`."""

    name: str
    path: str
    content: bytes = field(repr=False)
    text: str = field(repr=False)
    tree: ast.Module = field(repr=False)

    @property
    def is_package(self) -> bool:
        return self.path.endswith("/__init__.py")

    @cached_property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()

    @property
    def is_generated(self) -> bool:
        """Whether it is one of the stubs: it defines types, and importing it does nothing else."""
        return self.text.startswith(GENERATED)

    @cached_property
    def bindings(self) -> Mapping[str, tuple[_Binding, ...]]:
        """Top-level definitions and assignments by the name they bind, in order."""
        found: dict[str, list[_Binding]] = {}
        for statement in self.tree.body:
            for name in bound_names(statement):
                assert isinstance(statement, _Binding)
                found.setdefault(name, []).append(statement)
        return MappingProxyType({name: tuple(statements) for name, statements in found.items()})

    @cached_property
    def effects(self) -> tuple[ast.stmt, ...]:
        """Top-level statements that do something else than define, assign a name, import or document."""
        return tuple(
            statement
            for statement in self.tree.body
            if not bound_names(statement)
            and not isinstance(statement, ast.Import | ast.ImportFrom | ast.Pass)
            and not is_docstring(statement)
        )

    @cached_property
    def imports(self) -> Mapping[str, frozenset[Imported]]:
        """Every name that an import anywhere in the module binds; a name imported twice keeps both meanings."""
        found: dict[str, set[Imported]] = {}
        for node in ast.walk(self.tree):
            for name, imported in self._imported(node):
                found.setdefault(name, set()).add(imported)
        return MappingProxyType({name: frozenset(targets) for name, targets in found.items()})

    @cached_property
    def imported_modules(self) -> tuple[str, ...]:
        """Every module that an import names, sorted; of `from a import b` both `a` and `a.b`, which may be a module."""
        found: set[str] = set(self.dynamic.modules)
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                found.update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                base = self._base(node)
                found.add(base)
                found.update(f"{base}.{alias.name}" for alias in node.names if alias.name != "*")
        return tuple(sorted(found))

    @cached_property
    def dynamic(self) -> Dynamic:
        """What any of its code reaches in ways that names do not show."""
        return dynamic_uses(self.tree, self.imports)

    @cached_property
    def star_imports(self) -> tuple[str, ...]:
        return tuple(
            self._base(node)
            for node in ast.walk(self.tree)
            if isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names)
        )

    def place(self, node: ast.expr | ast.stmt | ast.arg) -> Place:
        """Where `node` stands; a definition is shown by its first line."""
        line, start = node.lineno, self._column(node.lineno, node.col_offset)
        if node.end_lineno == line and node.end_col_offset is not None:
            return Place(self.path, Range(line, start, line, self._column(line, node.end_col_offset)))
        return Place(self.path, Range(line, start, line, len(self._lines[line - 1]) + 1))

    @cached_property
    def _lines(self) -> list[str]:
        return self.text.splitlines() or [""]

    def _column(self, line: int, byte_offset: int) -> int:
        """`ast` counts columns in UTF-8 bytes; places count code points."""
        return len(self._lines[line - 1].encode()[:byte_offset].decode(errors="replace")) + 1

    def _imported(self, node: ast.AST) -> Iterator[tuple[str, Imported]]:
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.asname:
                    yield alias.asname, Imported(alias.name)
                else:  # `import a.b` binds `a`
                    top = alias.name.partition(".")[0]
                    yield top, Imported(top)
        elif isinstance(node, ast.ImportFrom):
            base = self._base(node)
            for alias in node.names:
                if alias.name != "*":
                    yield alias.asname or alias.name, Imported(base, alias.name)

    def _base(self, node: ast.ImportFrom) -> str:
        """The module that `from … import` names, with leading dots resolved."""
        if not node.level:
            return node.module or ""
        parts = self.name.split(".")
        package = parts if self.is_package else parts[:-1]
        above = package[: len(package) - (node.level - 1)]
        return ".".join([*above, *(node.module.split(".") if node.module else [])])


def bound_names(statement: ast.stmt) -> tuple[str, ...]:
    """The names that a plain definition or assignment binds; nothing for every other statement."""
    match statement:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return (name,)
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr()):
            return (name,)
        case ast.Assign(targets=targets):
            names = [name for target in targets for name in _target_names(target)]
            return () if None in names else tuple(name for name in names if name is not None)
    return ()


def _target_names(target: ast.expr) -> Iterator[str | None]:
    """Names in an assignment's target; None for what binds no name (`x.a = …`, `x[0] = …`)."""
    match target:
        case ast.Name(id=name):
            yield name
        case ast.Tuple(elts=elements) | ast.List(elts=elements):
            for element in elements:
                yield from _target_names(element)
        case ast.Starred(value=value):
            yield from _target_names(value)
        case _:
            yield None


def is_docstring(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


class PythonSources:
    """The Python modules below a project's root, parsed when first asked for.

    A module is the project's own ("first party") if a file for it lies below the root or the root's `src`.
    """

    def __init__(self, root: Path, texts: Mapping[str, str] = MappingProxyType({})) -> None:
        """`texts`: unsaved text of the editor, by path relative to the root."""
        self._root = root
        self._texts = texts
        self._modules: dict[str, PythonModule | SyntaxError | None] = {}
        # Every file that was looked for, and whether it was there: what was found hangs on that.
        self.looked_for: dict[str, bool] = {}
        # The names of all modules there are, once something was found that may reach any of them.
        self.every: tuple[str, ...] | None = None

    def module(self, name: str) -> PythonModule | None:
        """The project's module of that dotted name; None if there is none or it does not parse."""
        found = self._look_up(name)
        return found if isinstance(found, PythonModule) else None

    def syntax_error(self, name: str) -> SyntaxError | None:
        found = self._look_up(name)
        return found if isinstance(found, SyntaxError) else None

    def path_of(self, name: str) -> str | None:
        """Where the module's file lies, relative to the root."""
        relative = name.replace(".", "/")
        for folder in ("", "src/"):
            for candidate in (f"{folder}{relative}/__init__.py", f"{folder}{relative}.py"):
                if self._exists(candidate):
                    return candidate
        return None

    def names(self) -> tuple[str, ...]:
        """The dotted names of all the project's modules."""
        found = set()
        for folder in (self._root / "src", self._root):
            for path in folder.glob("**/*.py"):
                parts = path.relative_to(folder).with_suffix("").parts
                if parts[0] != "src" and all(part.isidentifier() for part in parts):
                    found.add(".".join(parts).removesuffix(".__init__"))
        return tuple(sorted(found))

    def all_of_them(self) -> tuple[str, ...]:
        """The names of all modules, for code that may reach any: what is found hangs on there being no others."""
        if self.every is None:
            self.every = self.names()
        return self.every

    def read(self) -> tuple[PythonModule, ...]:
        """Every module that was parsed so far, by name."""
        return tuple(module for _, module in sorted(self._modules.items()) if isinstance(module, PythonModule))

    def _exists(self, path: str) -> bool:
        if path not in self.looked_for:
            self.looked_for[path] = path in self._texts or (self._root / path).is_file()
        return self.looked_for[path]

    def _look_up(self, name: str) -> PythonModule | SyntaxError | None:
        if name not in self._modules:
            self._modules[name] = self._parse(name)
        return self._modules[name]

    def _parse(self, name: str) -> PythonModule | SyntaxError | None:
        path = self.path_of(name)
        if path is None:
            return None
        try:
            content = self._texts[path].encode() if path in self._texts else (self._root / path).read_bytes()
            text = content.decode("utf-8-sig")
            with warnings.catch_warnings():
                # The user's own linter tells about odd escapes; here they are no matter.
                warnings.simplefilter("ignore", SyntaxWarning)
                return PythonModule(name, path, content, text, ast.parse(text, path))
        except SyntaxError as error:
            return error
        except (OSError, ValueError) as error:  # unreadable, not UTF-8, or a null byte
            return SyntaxError(str(error), (path, 1, 1, ""))
