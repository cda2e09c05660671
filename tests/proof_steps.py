"""How long the long proofs are: `VIBEPIPER_PROOF_STEPS`, some hundreds unless told otherwise."""

from __future__ import annotations

import os

PROOF_STEPS = int(os.environ.get("VIBEPIPER_PROOF_STEPS", "400"))
