"""Keeps secrets out of everything a run tells: logs and exceptions of user code, messages of the engine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from vibepiper_spec.diagnostics import DiagnosticError
from vibepiper_spec.model.settings import ProjectSettings
from vibepiper_spec.secrets import is_secret, resolve_secret

_LEAST_LINE = 8  # code points
_MASK = "•••"


class Redactor:
    """Replaces the values of secrets in text."""

    def __init__(self, secrets: Iterable[str]) -> None:
        found = {secret for secret in secrets if secret}
        # Who is given a URL may name the password alone.
        found |= {part for secret in found if "://" in secret for part in _passwords(secret)}
        # Logs are told line by line, and a key may have several lines; short ones (`}`) tell nothing.
        lines = {line.strip() for secret in found if "\n" in secret for line in secret.splitlines()}
        found |= {line for line in lines if len(line) >= _LEAST_LINE}
        # The longest first: one secret may be part of another.
        self._secrets = sorted(found, key=len, reverse=True)

    @classmethod
    def of(cls, root: Path, settings: ProjectSettings) -> Redactor:
        """The redactor of all secrets that `settings` names and that are set here."""
        return cls(_values(root, settings.model_dump()))

    def also(self, root: Path, names: Any) -> Redactor:
        """The same, and of all secrets that `names`, texts in lists and tables, name and that are set here."""
        found = frozenset(_values(root, names))
        return self if found <= frozenset(self._secrets) else Redactor((*self._secrets, *found))

    def __call__(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, _MASK)
        return text


def _passwords(url: str) -> set[str]:
    """The password in a URL, as it is written there and as it is meant."""
    try:
        password = urlsplit(url).password
    except ValueError:
        return set()  # no URL, and so no password in it
    return {password, unquote(password)} if password else set()


def _values(root: Path, value: Any) -> Iterator[str]:
    match value:
        case dict():
            for item in value.values():
                yield from _values(root, item)
        case list() | tuple():
            for item in value:
                yield from _values(root, item)
        case str() if is_secret(value):
            try:
                yield resolve_secret(root, value)
            except DiagnosticError:
                return  # what is not set cannot leak; whoever needs it will say that it is missing
