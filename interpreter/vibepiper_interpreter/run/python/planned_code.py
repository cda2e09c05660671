"""Holds the project's own code that a run executes against the code its plan was made from."""

from __future__ import annotations

import threading
from pathlib import Path

from vibepiper_interpreter.compile.compiled import PythonDefinition
from vibepiper_interpreter.compile.python_fingerprint import fingerprint_function
from vibepiper_interpreter.compile.python_references import find_function
from vibepiper_interpreter.compile.python_source import PythonSources


class PlannedCode:
    """What was imported in this run, as it was then; for what was not, the files as they are. Safe to use from threads.

    A module stays as it was imported, whatever becomes of its file, so the text that counts is the one that was run.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._lock = threading.Lock()
        self._imported: dict[str, str] = {}  # text by path, relative to the root
        self._imports = 0
        self._sources = PythonSources(root)
        # The count of imports at which a function was last found to be what was planned.
        self._held: dict[tuple[str, str], int] = {}

    def imported(self, file: str, content: bytes) -> None:
        """To be told of every file of the project at the moment its content is run."""
        path = Path(file).relative_to(self._root).as_posix()
        with self._lock:
            # Text that is not UTF-8 cannot be encoded again: it parses no more here than it did for the plan.
            self._imported[path] = content.decode("utf-8", "surrogateescape")
            self._imports += 1
            self._sources = PythonSources(self._root, dict(self._imported))

    def differs(self, definition: PythonDefinition) -> bool:
        """Whether the function means something else than what was planned."""
        function = definition.module, definition.function
        with self._lock:
            if self._held.get(function) == self._imports:
                return False
            found = find_function(self._sources, *function)
            if found is None:
                return True
            module, defined = found
            if fingerprint_function(self._sources, module.name, defined.name).fingerprint != definition.code:
                return True
            self._held[function] = self._imports
            return False
