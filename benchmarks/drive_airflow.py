"""Runs in Airflow's own environment: `dag.test()` of so many tasks that do nothing."""

import sys
from datetime import datetime

from airflow.sdk import DAG, task


def main() -> None:
    many, width = int(sys.argv[1]), int(sys.argv[2])
    with DAG("tasks", start_date=datetime(2024, 1, 1), schedule=None) as dag:

        @task
        def nothing() -> None:
            return None

        done = []
        for number in range(many):
            done.append(nothing.override(task_id=f"t{number}")())
            if width and number >= width:
                done[number - width] >> done[number]
    run = dag.test()
    if run.state != "success":
        raise SystemExit(f"Airflow failed: {run.state}")


main()
