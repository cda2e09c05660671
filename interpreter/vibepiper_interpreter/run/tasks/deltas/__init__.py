"""Brings new rows into what is published of an asset: one file for each mode that goes on with it."""

from vibepiper_interpreter.run.tasks.deltas.bring_in import bring_in
from vibepiper_interpreter.run.tasks.deltas.incoming import Brought, Incoming

__all__ = ["Brought", "Incoming", "bring_in"]
