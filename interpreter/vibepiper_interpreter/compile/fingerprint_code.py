"""Which code computed a fingerprint. Each fingerprint says so itself: those of another code cannot be compared.

What was published by another version of this code is fingerprinted anew from its stored definition (`refingerprint`)
before anything is compared, so that an upgrade rebuilds nothing.
"""

from __future__ import annotations

import hashlib
import sys
from functools import cache
from pathlib import Path

import vibepiper_interpreter
from vibepiper_interpreter.engine_version import duckdb_version

# All code that decides what a fingerprint looks like; a test holds the list to what these modules import.
FINGERPRINT_MODULES = (
    "compile/build_settings.py",
    "compile/determinism.py",
    "compile/fingerprints.py",
    "compile/lineage.py",
    "compile/declaring.py",
    "compile/python_dynamic.py",
    "compile/python_fingerprint.py",
    "compile/python_source.py",
    "compile/renames.py",
    "compile/serial.py",
    "compile/sql_expressions.py",
    "compile/sql_from.py",
    "compile/sql_functions.py",
    "compile/sql_meaning.py",
    "compile/sql_queries.py",
    "compile/sql_references.py",
    "compile/sql_star.py",
    "compile/stub_names.py",
    "engines/duckdb/session.py",
    "engines/duckdb/syntax.py",
    "engines/duckdb/type_names.py",
)
_LENGTH = 12
# Ends the fingerprint of an asset whose removal is prevented: no other meaning, but to be remembered as well.
_PREVENTED = "+prevent_destroy"


@cache
def fingerprint_code() -> str:
    """A hash over that code, and the versions of DuckDB and Python, whose syntax trees it reads."""
    folder = Path(vibepiper_interpreter.__file__ or "").parent
    digest = hashlib.sha256(repr((sys.version_info[:2], duckdb_version())).encode())
    for path in FINGERPRINT_MODULES:
        digest.update((folder / path).read_bytes())
    return digest.hexdigest()[:_LENGTH]


def stamped(meaning: str, *, prevent_destroy: bool = False) -> str:
    """The fingerprint of a meaning: its hash behind the code that computed it."""
    return f"{fingerprint_code()}-{meaning}{_PREVENTED if prevent_destroy else ''}"


def meaning_in(fingerprint: str) -> str:
    """The hash that `stamped` was given, of a fingerprint of this code."""
    return fingerprint.removesuffix(_PREVENTED).partition("-")[2]


def same_meaning(one: str, other: str) -> bool:
    """Whether two fingerprints differ at most in whether removing the asset is prevented."""
    return one.removesuffix(_PREVENTED) == other.removesuffix(_PREVENTED)
