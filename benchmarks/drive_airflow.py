"""Runs in Airflow's own environment: `dag.test()` of so many tasks that do nothing.

Airflow takes a DAG only from a file in its folder of DAGs, which this file therefore writes. Its database is there.
"""

import os
import sys
from pathlib import Path

DAG_FILE = """
from datetime import datetime

from airflow.sdk import DAG, task

with DAG("tasks", start_date=datetime(2024, 1, 1), schedule=None) as dag:

    @task
    def nothing() -> None:
        return None

    done = []
    for number in range({many}):
        done.append(nothing.override(task_id=f"t{{number}}")())
        if {width} and number >= {width}:
            done[number - {width}] >> done[number]
"""


def main() -> None:
    folder = Path("dags")
    folder.mkdir(exist_ok=True)
    (folder / "tasks_dag.py").write_text(DAG_FILE.format(many=int(sys.argv[1]), width=int(sys.argv[2])))
    # Read when Airflow is imported.
    os.environ["AIRFLOW__CORE__DAGS_FOLDER"] = str(folder.absolute())
    sys.path.insert(0, str(folder))
    from tasks_dag import dag

    run = dag.test()
    if run.state != "success":
        raise SystemExit(f"Airflow failed: {run.state}")


main()
