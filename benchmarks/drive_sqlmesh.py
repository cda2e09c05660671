"""Runs in SQLMesh's own environment: plans and applies the project at each line of input, and says what was built."""

import json
import logging
import sys
from pathlib import Path


def main() -> None:
    # What it prints about itself goes where nobody reads answers.
    answers, sys.stdout = sys.stdout, sys.stderr
    logging.disable(logging.CRITICAL)
    from sqlmesh import Context

    for _ in sys.stdin:
        context = Context(paths=[Path.cwd()])
        plan = context.plan_builder(skip_tests=True, no_gaps=False).build()
        built = sorted({interval.snapshot_id.name for interval in plan.missing_intervals})
        context.apply(plan)
        context.close()
        answers.write(json.dumps([name.replace('"', "").rpartition(".")[2] for name in built]) + "\n")
        answers.flush()


main()
