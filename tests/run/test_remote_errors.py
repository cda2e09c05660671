"""What a task of Ray's own raised is told like what a function raises itself."""

from __future__ import annotations

from vibepiper_interpreter.run.python.remote_errors import RemoteError, RemoteFrame, remote_error

TOLD = """\x1b[36mray::Map(fails)()\x1b[39m (pid=7, ip=192.0.2.1)
  File "/shop/code.py", line 13, in fails
    raise ValueError("too many")
    ^^^^^^^^^^^^^^^^^^^^^^^^^^^^
ValueError: too many
of them

The above exception was the direct cause of the following exception:

\x1b[36mray::Map(fails)()\x1b[39m (pid=7, ip=192.0.2.1)
ray.exceptions.UserCodeException: UDF failed to process a data block."""


def test_the_first_exception_and_its_frames_are_told() -> None:
    from ray.exceptions import RayTaskError

    frame = RemoteFrame("/shop/code.py", 13, "fails", 'raise ValueError("too many")')
    cause = RuntimeError("UDF failed")
    for error in (RayTaskError("fails", TOLD, cause), RayTaskError("fails", TOLD, cause).as_instanceof_cause()):
        assert remote_error(error) == RemoteError("ValueError: too many\nof them", (frame,))


def test_what_is_told_in_another_way_stays_as_it_is() -> None:
    from ray.exceptions import RayTaskError

    assert remote_error(RayTaskError("fails", "The worker's memory was full", RuntimeError())) is None
    assert remote_error(ValueError(TOLD)) is None
