"""Imports the user's modules from the project's folder, fresh in every run."""

from __future__ import annotations

import importlib
import sys
import sysconfig
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import SOURCE_SUFFIXES, FileFinder, ModuleSpec, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

# Called with a file's path and its content.
Imported = Callable[[str, bytes], None]

# Modules are a property of the process: two runs with Python assets in one process follow each other.
_LOCK = threading.RLock()


@contextmanager
def user_modules(root: Path, imported: Imported) -> Iterator[None]:
    """Within it, the project's own modules can be imported; what was imported is forgotten before and after.

    Without that a second apply in the same process would run the code that the first one had imported. `imported` is
    told of every file, with the content that is run.
    """
    folders = [str(root), str(root / "src")]
    finder = _FreshFinder(root, imported)
    with _LOCK:
        _forget(root)
        sys.path[:0] = folders
        sys.meta_path.insert(0, finder)
        try:
            yield
        finally:
            sys.meta_path.remove(finder)
            for folder in folders:
                sys.path.remove(folder)
            _forget(root)


@contextmanager
def shared_modules(root: Path) -> Iterator[None]:
    """Within it, the project's modules are those of everyone in the process: what a test has imported, or put something
    else into, is what an asset runs. Those of another project that have the same names are forgotten before."""
    folders = [root, root / "src"]
    with _LOCK:
        _forget_others(folders)
        sys.path[:0] = map(str, folders)
        try:
            yield
        finally:
            for folder in map(str, folders):
                sys.path.remove(folder)


def load_function(module: str, function: str) -> Callable[..., Any]:
    """`module:function`. Raises whatever the import raises, and AttributeError where there is no such function."""
    found: Any = importlib.import_module(module)
    for name in function.split("."):
        found = getattr(found, name)
    loaded: Callable[..., Any] = found
    return loaded


def is_user_code(file: str, root: Path) -> bool:
    """Whether a source file is the project's own, and not of a package installed below its folder."""
    # Asked of every module that is imported, and nearly always answered by this.
    if root.name not in file:
        return False
    path = Path(file)
    if not path.is_relative_to(root):
        return False
    return not {"site-packages", "dist-packages"} & set(path.relative_to(root).parts)


def _forget(root: Path) -> None:
    for name, module in list(sys.modules.items()):
        if _belongs_to(module, root):
            del sys.modules[name]
    importlib.invalidate_caches()


def _forget_others(folders: Sequence[Path]) -> None:
    """Modules that stand for others than `import` would find in these folders."""
    own = {path.stem for folder in folders if folder.is_dir() for path in folder.iterdir() if _can_be_imported(path)}
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] in own and not any(_belongs_to(module, folder) for folder in folders):
            file = getattr(module, "__file__", None)
            # One of Python's own or of a package comes first for everyone.
            if isinstance(file, str) and not {"site-packages", "dist-packages"} & set(Path(file).parts):
                if Path(file).is_relative_to(sysconfig.get_path("stdlib")) or name == "__main__":
                    continue
                del sys.modules[name]
    importlib.invalidate_caches()


def _can_be_imported(path: Path) -> bool:
    return path.stem.isidentifier() and (path.suffix == ".py" or path.is_dir())


def _belongs_to(module: ModuleType | None, root: Path) -> bool:
    file = getattr(module, "__file__", None)
    if isinstance(file, str):
        return is_user_code(file, root) and getattr(module, "__name__", "") != "__main__"
    # A namespace package has no file, only folders.
    folders = [folder for folder in getattr(module, "__path__", ()) if isinstance(folder, str)]
    return bool(folders) and all(is_user_code(folder, root) for folder in folders)


class _SourceOnly(SourceFileLoader):
    """Never takes bytecode from a cache: a change within one second that keeps the file's size would go unseen."""

    def __init__(self, fullname: str, path: str, imported: Imported) -> None:
        super().__init__(fullname, path)
        self._imported = imported

    def get_code(self, fullname: str) -> CodeType | None:
        path = self.get_filename(fullname)
        content = self.get_data(path)
        self._imported(path, content)
        return self.source_to_code(content, path)


class _FreshFinder(MetaPathFinder):
    """Finds the project's own modules; everything else is left to Python."""

    def __init__(self, root: Path, imported: Imported) -> None:
        self._root = root
        self._imported = imported

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        for folder in [str(self._root), str(self._root / "src")] if path is None else path:
            if is_user_code(folder, self._root):
                spec = FileFinder(folder, (SourceFileLoader, SOURCE_SUFFIXES)).find_spec(fullname)
                if spec is not None and spec.origin is not None and spec.loader is not None:
                    spec.loader = _SourceOnly(fullname, spec.origin, self._imported)
                    return spec
        return None
