"""Finds where Python code reaches other code in ways that its names do not show."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

# Builtins with which code can reach anything that is loaded, and load more.
_BUILTINS = frozenset({"globals", "eval", "exec", "compile", "__import__"})
# What of the standard library does the same: modules, and names in them.
_LIBRARY = ("runpy", "pkgutil", "importlib", "imp", "builtins", "sys.modules", "sys.path", "inspect.getmodule")
# Parts of those that only read: what is installed, and files beside the code.
_HARMLESS = ("importlib.metadata", "importlib.resources")
_IMPORTERS = frozenset({"__import__", "importlib.import_module", "builtins.__import__"})


@dataclass(frozen=True, slots=True)
class Dynamic:
    """`modules`: those imported by a call with a written name. `anything`: there is no telling what is reached."""

    modules: frozenset[str] = frozenset()
    anything: bool = False


def dynamic_uses(tree: ast.AST, imports: Mapping[str, Iterable[object]]) -> Dynamic:
    """What `tree` reaches dynamically. `imports`: what its module's imported names stand for, written with dots."""
    modules: set[str] = set()
    settled: set[int] = set()
    anything = False
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            named = set(_meanings(node.func, imports))
            if named & _IMPORTERS:
                name = _written_name(node)
                if name is not None:
                    modules.add(name)
                    settled.update(id(part) for part in ast.walk(node.func))
            elif isinstance(node.func, ast.Name) and node.func.id == "getattr":
                anything |= _asks_for_anything(node, imports)
        if id(node) not in settled and isinstance(node, ast.Attribute | ast.Name):
            chain = _chain(node)
            # A chain is judged as a whole: `importlib` in `importlib.metadata` is no use of `importlib`.
            settled.update(id(part) for part in ast.walk(node) if chain)
            anything |= any(_is_open(meaning) for meaning in _meanings(node, imports))
    return Dynamic(frozenset(modules), anything)


def _is_open(meaning: str) -> bool:
    if meaning in _BUILTINS:
        return True
    return _below(meaning, _LIBRARY) and not _below(meaning, _HARMLESS)


def _below(name: str, parents: Iterable[str]) -> bool:
    return any(name == parent or name.startswith(f"{parent}.") for parent in parents)


def _meanings(node: ast.expr, imports: Mapping[str, Iterable[object]]) -> Iterator[str]:
    """What `a.b.c` may stand for, with the imported name `a` spelled out."""
    base, *rest = _chain(node) or ("",)
    if base in _BUILTINS and base not in imports:
        yield base
    for target in imports.get(base, ()):
        yield ".".join((str(target), *rest))


def _chain(node: ast.expr) -> tuple[str, ...]:
    """`a.b.c` as its names; nothing where it does not begin with a name."""
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    return (node.id, *reversed(names)) if isinstance(node, ast.Name) else ()


def _written_name(call: ast.Call) -> str | None:
    """The absolute name of a module that is written as the only argument."""
    match call:
        case ast.Call(args=[ast.Constant(value=str(name))], keywords=[]) if not name.startswith("."):
            return name
    return None


def _asks_for_anything(call: ast.Call, imports: Mapping[str, Iterable[object]]) -> bool:
    """Whether this is `getattr(x, name)` where `x` was imported and the name is made while running."""
    if len(call.args) < 2 or isinstance(call.args[1], ast.Constant):
        return False
    chain = _chain(call.args[0])
    return bool(chain) and bool(imports.get(chain[0]))
