"""Writes invented models as the input of the hand-written script."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from benchmarks.models import KINDS, Model, base_names

SCRIPT = Path(__file__).parent / "handwritten.py"


def write_models(root: Path, models: Sequence[Model]) -> None:
    description = {
        "bases": base_names(),
        "kinds": KINDS,
        "models": [(model.name, model.query(str)) for model in models],
    }
    (root / "models.json").write_text(json.dumps(description), encoding="utf-8")
