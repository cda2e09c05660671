"""Whether a state is sound, and the storage holds what it says: every reference, every part, every checksum."""

from vibepiper_interpreter.verify.finding import Finding, Verified
from vibepiper_interpreter.verify.verify import verify_state

__all__ = ["Finding", "Verified", "verify_state"]
