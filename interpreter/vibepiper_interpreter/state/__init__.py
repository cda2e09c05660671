"""What has been applied: environments, versions, runs, leases."""

from vibepiper_interpreter.state.applied_sources import applied_sources
from vibepiper_interpreter.state.lease import Lease
from vibepiper_interpreter.state.open import open_state, open_state_at
from vibepiper_interpreter.state.published import Confirmed, Proof, Published
from vibepiper_interpreter.state.records import AttemptRecord, Audit, Batch, Pointer
from vibepiper_interpreter.state.store import State

__all__ = [
    "AttemptRecord",
    "Audit",
    "Batch",
    "Confirmed",
    "Lease",
    "Pointer",
    "Proof",
    "Published",
    "State",
    "applied_sources",
    "open_state",
    "open_state_at",
]
