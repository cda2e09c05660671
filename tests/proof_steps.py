"""How long the long proofs are, and where their chance begins.

`VIBEPIPER_PROOF_STEPS`: `make prove` asks for hundreds; where nobody asks, as in `make test`, they are short.
`VIBEPIPER_PROOF_SEED`: new in each run unless told otherwise; continuous integration fixes it, as hypothesis does
there, so that a change is judged by itself.
"""

from __future__ import annotations

import os
from random import SystemRandom

PROOF_STEPS = int(os.environ.get("VIBEPIPER_PROOF_STEPS", "10"))
PROOF_SEED = int(os.environ.get("VIBEPIPER_PROOF_SEED") or SystemRandom().randrange(2**32))
