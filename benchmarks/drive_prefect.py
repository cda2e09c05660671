"""Runs in Prefect's own environment: a flow of so many tasks that do nothing, on its threads."""

import sys

from prefect import flow, task


@task
def nothing() -> None:
    return None


@flow
def tasks(many: int, width: int) -> None:
    done = []
    for number in range(many):
        before = [done[number - width]] if width and number >= width else []
        done.append(nothing.submit(wait_for=before))
    for each in done:
        each.result()


if __name__ == "__main__":
    tasks(int(sys.argv[1]), int(sys.argv[2]))
