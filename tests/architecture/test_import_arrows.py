"""Imports run one way: spec ← interpreter ← codegen ← lsp and python ← cli."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# What each package may import of the others. An arrow that is missing here means: a type wants to move down.
MAY_IMPORT = {
    "vibepiper_spec": set(),
    "vibepiper_interpreter": {"vibepiper_spec"},
    "vibepiper_codegen": {"vibepiper_spec", "vibepiper_interpreter"},
    "vibepiper_lsp": {"vibepiper_spec", "vibepiper_interpreter", "vibepiper_codegen"},
    "vibepiper": {"vibepiper_spec", "vibepiper_interpreter", "vibepiper_codegen"},
    "vibepiper_cli": {"vibepiper_spec", "vibepiper_interpreter", "vibepiper_codegen", "vibepiper_lsp", "vibepiper"},
}
# Inside the interpreter the road is compile → plan → run: a stage may know the types of an earlier one, not its reader.
INTERPRETER_MAY_NOT = {
    "compile": {"plan", "run", "state", "executors"},
    "plan": {"run", "executors"},
    "state": {"run.apply", "executors", "engines"},
    "storage": {"run", "executors", "state"},
    "engines": {"plan", "run", "state", "executors"},
    "executors": {"plan", "state"},
    "operators": {"compile", "plan", "run", "storage", "state", "executors"},
}
# Only the folder of the state may speak to SQLAlchemy: nothing else knows where the state is kept.
OWNER_OF_LIBRARY = {
    "sqlalchemy": "interpreter/vibepiper_interpreter/state",
    "alembic": "interpreter/vibepiper_interpreter/state",
}


def source_files(package: str) -> list[Path]:
    (folder,) = [path for path in ROOT.glob(f"*/{package}") if (path / "__init__.py").exists()]
    return sorted(folder.rglob("*.py"))


def imported_modules(path: Path) -> set[str]:
    """Every module that `path` imports, wherever the statement stands."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import; write the package's name"
            assert node.module is not None
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_packages_import_only_what_lies_below_them(package: str) -> None:
    forbidden = MAY_IMPORT.keys() - MAY_IMPORT[package] - {package}
    wrong = [
        f"{path.relative_to(ROOT)} imports {module}"
        for path in source_files(package)
        for module in sorted(imported_modules(path))
        if module.partition(".")[0] in forbidden
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("stage", INTERPRETER_MAY_NOT)
def test_stages_of_the_interpreter_do_not_look_ahead(stage: str) -> None:
    prefixes = tuple(f"vibepiper_interpreter.{later}" for later in INTERPRETER_MAY_NOT[stage])
    wrong = [
        f"{path.relative_to(ROOT)} imports {module}"
        for path in source_files("vibepiper_interpreter")
        if path.relative_to(ROOT / "interpreter" / "vibepiper_interpreter").parts[0] == stage
        for module in sorted(imported_modules(path))
        if any(module == prefix or module.startswith(prefix + ".") for prefix in prefixes)
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("library", OWNER_OF_LIBRARY)
def test_a_library_behind_a_door_is_imported_only_there(library: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {module}"
        for package in MAY_IMPORT
        for path in source_files(package)
        if not path.relative_to(ROOT).as_posix().startswith(OWNER_OF_LIBRARY[library])
        for module in sorted(imported_modules(path))
        if module.partition(".")[0] == library
    ]
    assert not wrong, "\n".join(wrong)


def test_no_module_is_called_after_nothing() -> None:
    """`utils` and its kin say that an idea has no name yet."""
    nameless = {"utils", "util", "helpers", "helper", "common", "misc", "base2"}
    wrong = [path for package in MAY_IMPORT for path in source_files(package) if path.stem in nameless]
    assert not wrong


def test_every_module_says_in_its_docstring_what_it_owns() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for package in MAY_IMPORT
        for path in source_files(package)
        if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert not silent, "\n".join(silent)
