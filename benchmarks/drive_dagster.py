"""Runs in Dagster's own environment: a job of so many operations that do nothing, in this process."""

import sys

from dagster import DagsterInstance, In, Nothing, Out, job, op


def main() -> None:
    many, width = int(sys.argv[1]), int(sys.argv[2])

    def nothing(number: int):
        @op(
            name=f"t{number}",
            ins={"a": In(Nothing), "b": In(Nothing)} if width and number >= width else {},
            out=Out(Nothing),
        )
        def does_nothing() -> None:
            return None

        return does_nothing

    operations = [nothing(number) for number in range(many)]

    @job
    def tasks() -> None:
        done = []
        for number, operation in enumerate(operations):
            if width and number >= width:
                other = number - width + (1 if number % width < width - 1 else 0)
                done.append(operation(a=done[number - width], b=done[other]))
            else:
                done.append(operation())

    with DagsterInstance.local_temp() as instance:
        if not tasks.execute_in_process(instance=instance).success:
            raise SystemExit("Dagster failed")


main()
