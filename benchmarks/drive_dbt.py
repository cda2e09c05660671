"""Runs in dbt's own environment: builds `state:modified+` at each line of input, and says what was built."""

import json
import shutil
import sys
from pathlib import Path


def main() -> None:
    # What it prints about itself goes where nobody reads answers.
    answers, sys.stdout = sys.stdout, sys.stderr
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    state = Path("state")
    for _ in sys.stdin:
        known = ["--select", "state:modified+", "--state", str(state)] if state.exists() else []
        done = dbtRunner().invoke(["--quiet", "run", *known])
        if not done.success:
            raise SystemExit(f"dbt failed: {done.exception or done.result}")
        results = done.result.results if done.result is not None else []
        built = sorted(result.node.name for result in results)
        # Else nobody could look into the file while this process lives.
        DuckDBConnectionManager.close_all_connections()
        state.mkdir(exist_ok=True)
        shutil.copy(Path("target", "manifest.json"), state / "manifest.json")
        answers.write(json.dumps(built) + "\n")
        answers.flush()


main()
