"""What a Python function means: a hash of it and of all the project's own code that it can reach.

Comments, docstrings and layout make no difference; neither does code of the same module that the function never
names. What a name may stand for is decided generously: too much in the hash costs a rebuild, too little a wrong skip.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from vibepiper_interpreter.compile.declaring import runs_pipeline, undecorated
from vibepiper_interpreter.compile.python_dynamic import dynamic_uses
from vibepiper_interpreter.compile.python_source import (
    Imported,
    PythonModule,
    PythonSources,
    bound_names,
    is_docstring,
)

# With one of these in reach, any name of the module may be: the whole module counts.
_WHOLE_MODULE = frozenset({"locals", "vars"})
# Names and types of fields that carry layout, not meaning, or that only some versions of Python write.
_MEANINGLESS_FIELDS = frozenset({"ctx", "kind", "type_comment", "type_ignores"})


@dataclass(frozen=True, slots=True)
class Reached:
    """The result: a hash, and the project's modules that take part in it, sorted."""

    fingerprint: str
    modules: tuple[str, ...]


def fingerprint_function(sources: PythonSources, module: str, function: str) -> Reached:
    """The meaning of `module:function`, which must exist."""
    reach = _Reach(sources)
    reach.name(module, function)
    digest = hashlib.sha256()
    for key in sorted(reach.found):
        digest.update(repr((key, reach.found[key])).encode())
    return Reached(digest.hexdigest(), tuple(sorted(reach.modules)))


def fingerprint_sources(sources: PythonSources, modules: Iterable[str]) -> str:
    """A hash over the text of everything of the project that importing these modules can bring in.

    Its form must stay: it is what tells, after an upgrade, that code is what it was.
    """
    digest = hashlib.sha256()
    for name in sorted({name for module in modules for name in import_closure(sources, module)}):
        module = sources.module(name)
        if module is not None:
            digest.update(f"{name} {module.sha256}\n".encode())
    return digest.hexdigest()


def import_closure(sources: PythonSources, module: str) -> tuple[str, ...]:
    """All of the project's modules that importing `module` may run, sorted."""
    found: set[str] = set()
    waiting = [module]
    while waiting:
        name = waiting.pop()
        known = sources.module(name)
        if known is None or name in found:
            continue
        found.add(name)
        waiting += known.imported_modules
        if known.dynamic.anything:
            waiting += sources.all_of_them()
        waiting.append(name.rpartition(".")[0])
    return tuple(sorted(found))


@dataclass(slots=True)
class _Reach:
    """A walk over names, from the function outward. `found` maps (module, name) to what it is bound to."""

    sources: PythonSources
    found: dict[tuple[str, str], str] = field(default_factory=dict)
    modules: set[str] = field(default_factory=set)

    def name(self, module_name: str, name: str) -> None:
        pending = [(module_name, name)]
        while pending:
            at, wanted = pending.pop()
            module = self.sources.module(at)
            if module is None or (at, wanted) in self.found:
                continue
            if module.is_generated and wanted not in {*module.bindings, "<all>"}:
                continue  # a table's type: what it says of columns is in the specs, and nothing of it runs
            pending.extend(self._enter(module))
            pending.extend(self._bind(module, wanted))

    def _enter(self, module: PythonModule) -> Iterator[tuple[str, str]]:
        """Importing a module runs its top-level statements, and those of every module it imports."""
        if module.name in self.modules:
            return
        self.modules.add(module.name)
        if module.is_generated:
            return
        yield module.name, "<effects>"
        for imported in module.imported_modules:
            if self.sources.module(imported) is not None:
                yield imported, "<effects>"
        package = module.name.rpartition(".")[0]
        if package:
            yield package, "<effects>"

    def _bind(self, module: PythonModule, name: str) -> Iterator[tuple[str, str]]:
        statements: tuple[ast.stmt, ...]
        if name == "<effects>":
            statements = self._effects(module)
        elif name == "<all>":
            statements = tuple(
                undecorated(module, statement)
                for statement in module.tree.body
                if not is_docstring(statement) and not runs_pipeline(module, statement)
            )
        else:
            statements = tuple(undecorated(module, statement) for statement in module.bindings.get(name, ()))
        key = (module.name, name)
        targets = module.imports.get(name, frozenset())
        self.found[key] = ";".join([*map(meaning, statements), *sorted(f"import {target}" for target in targets)])
        for target in targets:
            yield from self._follow(target)
        if not statements and not targets and not name.startswith("<"):
            # Not bound in plain sight: it may come with a star import.
            for starred in module.star_imports:
                yield starred, name
            # Or the module makes it when asked, or is asked for all it has.
            if "__getattr__" in module.bindings:
                yield module.name, "__getattr__"
            if name == "__dict__":
                yield module.name, "<all>"
        for statement in statements:
            yield from self._names_in(module, statement)

    def _names_in(self, module: PythonModule, statement: ast.stmt) -> Iterator[tuple[str, str]]:
        plain, attributes = _names_used(statement)
        dynamic = dynamic_uses(statement, module.imports)
        for reached in self.sources.all_of_them() if dynamic.anything else sorted(dynamic.modules):
            yield reached, "<all>"
        if plain & _WHOLE_MODULE:
            yield module.name, "<all>"
        for name in plain:
            yield module.name, name
        for base, attribute in attributes:
            for target in module.imports.get(base, ()):
                yield from self._attribute(module, target, attribute)
        for base in plain - {base for base, _ in attributes}:
            # A module used as a value may be asked for anything.
            for target in module.imports.get(base, ()):
                whole = self._module_of(target)
                if whole is not None:
                    yield whole, "<all>"

    def _attribute(self, module: PythonModule, target: Imported, chain: tuple[str, ...]) -> Iterator[tuple[str, str]]:
        """`a.b.c` where `a` is a module: walk down while there are submodules, then it is a name in the last one."""
        at = self._module_of(target)
        if at is None:
            return
        for attribute in chain:
            below = f"{at}.{attribute}"
            if self.sources.module(below) is None:
                yield at, attribute
                return
            at = below
        yield at, "<all>"

    def _effects(self, module: PythonModule) -> tuple[ast.stmt, ...]:
        """What importing the module does beside binding names, which may change what the project's other code means.

        A definition can do so too: by a decorator, a base class or a call of the project's own (registries).
        """
        return tuple(effect for effect in module.effects if not runs_pipeline(module, effect)) + tuple(
            statement
            for statement in (undecorated(module, each) for each in module.tree.body)
            if bound_names(statement)
            and any(self._is_own(module, called) for acting in _acting(statement) for called in _bases(acting))
        )

    def _is_own(self, module: PythonModule, name: str) -> bool:
        imported = module.imports.get(name, ())
        return name in module.bindings or any(
            self.sources.module(target.module) is not None or self._module_of(target) is not None for target in imported
        )

    def _follow(self, target: Imported) -> Iterator[tuple[str, str]]:
        whole = self._module_of(target)
        if whole is not None:
            yield whole, "<effects>"
        elif target.attribute is not None:
            yield target.module, target.attribute

    def _module_of(self, target: Imported) -> str | None:
        """The project's module that an imported name is, if it is one."""
        name = str(target)
        return name if self.sources.module(name) is not None else None


def _acting(statement: ast.stmt) -> Iterator[ast.expr]:
    """What runs, beside plain evaluation, when a definition or assignment is executed."""
    match statement:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            yield from statement.decorator_list
        case ast.ClassDef():
            yield from statement.decorator_list
            yield from statement.bases
            yield from (keyword.value for keyword in statement.keywords)
        case ast.Assign() | ast.AnnAssign():
            yield from (node.func for node in ast.walk(statement) if isinstance(node, ast.Call))


def _bases(expression: ast.expr) -> Iterator[str]:
    return (node.id for node in ast.walk(expression) if isinstance(node, ast.Name))


def _names_used(statement: ast.stmt) -> tuple[frozenset[str], frozenset[tuple[str, tuple[str, ...]]]]:
    """Names in `statement`, and the attribute chains that hang on names: `a.b.c` gives `a` and (`a`, (`b`, `c`))."""
    attributes: set[tuple[str, tuple[str, ...]]] = set()
    inside: set[int] = set()
    names: set[str] = set()
    bare: set[str] = set()
    for node in ast.walk(statement):
        if isinstance(node, ast.Expr) and is_docstring(node):
            inside.add(id(node.value))  # a docstring of one word is no name
        elif isinstance(node, ast.Attribute) and id(node) not in inside:
            chain: list[str] = []
            current: ast.expr = node
            while isinstance(current, ast.Attribute):
                chain.append(current.attr)
                inside.add(id(current))
                current = current.value
            if isinstance(current, ast.Name):
                inside.add(id(current))
                names.add(current.id)
                attributes.add((current.id, tuple(reversed(chain))))
        elif isinstance(node, ast.Name) and id(node) not in inside:
            bare.add(node.id)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inside:
            # A string annotation, or a name handed to `getattr`.
            names.update([node.value] if node.value.isidentifier() else [])
    return frozenset(names | bare), frozenset((base, chain) for base, chain in attributes if base not in bare)


def meaning(node: ast.AST) -> str:
    """A node as text that is the same for the same meaning, in every version of Python."""
    return f"{type(node).__name__}({','.join(_fields(node))})"


def _fields(node: ast.AST) -> Iterator[str]:
    for name, value in ast.iter_fields(node):
        if name in _MEANINGLESS_FIELDS or value is None or value == []:
            continue
        if name == "body" and isinstance(value, list):
            value = without_docstring(node, value)
        yield f"{name}={_value(value)}"


def without_docstring(node: ast.AST, body: list[ast.stmt]) -> list[ast.stmt]:
    documented = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Module)
    return body[1:] if documented and body and is_docstring(body[0]) else body


def _value(value: object) -> str:
    if isinstance(value, ast.AST):
        return meaning(value)
    if isinstance(value, list):
        return _listed(value)
    return repr(value)


def _listed(values: Iterable[object]) -> str:
    return "[" + ",".join(_value(value) for value in values) + "]"
