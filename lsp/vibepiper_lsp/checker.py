"""Checks one project in the background, always as it stands now; what has been overtaken is never told."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from vibepiper_lsp.snapshot import Snapshot, Unsaved, check

# While someone types, the text between two keys is nobody's.
_PAUSE = 0.05


class Checker:
    """`tell` is called from the checker's own thread, with the result of each check that nothing has overtaken."""

    def __init__(
        self, root: Path, environment: str, tell: Callable[[Snapshot], None], failed: Callable[[BaseException], None]
    ) -> None:
        self.root = root
        self.last: Snapshot | None = None
        self._environment, self._tell, self._failed = environment, tell, failed
        self._unsaved: dict[str, Unsaved] = {}
        self._asked = self._done = 0
        self._changed = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name=f"checks {root.name}", daemon=True)
        self._thread.start()

    def change(self, path: str, unsaved: Unsaved | None) -> None:
        """A document was opened or edited; with None it was closed, and its file counts again."""
        with self._changed:
            if unsaved is None:
                self._unsaved.pop(path, None)
            else:
                self._unsaved[path] = unsaved
            self._ask()

    def again(self) -> None:
        """Something else has changed: a file on the disk."""
        with self._changed:
            self._ask()

    def text(self, path: str) -> str | None:
        """The text of an open document."""
        with self._changed:
            found = self._unsaved.get(path)
            return None if found is None else found.text

    def close(self) -> None:
        """Ends the thread, after the check that it may be at."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _ask(self) -> None:
        self._asked += 1
        self._changed.notify_all()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closed or self._asked > self._done)
                # The next key may come at once.
                while not self._closed and self._changed.wait(_PAUSE):
                    pass
                if self._closed:
                    return
                self._done, unsaved = self._asked, dict(self._unsaved)
            try:
                found = check(self.root, unsaved, self._environment)
            except Exception as error:
                self._failed(error)
                continue
            with self._changed:
                overtaken = self._asked > self._done
                if not overtaken:
                    self.last = found
            if not overtaken:
                self._tell(found)
