"""`[task.wait.http.NAME]`: waits until a service answers as it should."""

from __future__ import annotations

from vibepiper_interpreter.operators.call import Call, Done, NotYet, OperatorFailed
from vibepiper_interpreter.operators.http import HttpSettings, is_expected, request_of, unexpected
from vibepiper_interpreter.operators.http_answers import outputs_of
from vibepiper_interpreter.operators.http_requests import send

# Who may not ask will not be let in by waiting.
_NEVER = frozenset({400, 401, 403, 405, 407})


def wait_http(call: Call, settings: HttpSettings) -> Done | NotYet:
    """Whether the service answers with an expected status. Outputs are found in that answer, as those of `http`.

    A service that does not answer is not yet there. Raises OperatorFailed (VP813, VP814, VP606) for what no waiting
    mends: a URL that is none, a certificate that is not trusted, a request that is not allowed.
    """
    request = request_of(call, settings)
    try:
        answer = send(call, request)
    except OperatorFailed as failed:
        if failed.failure != "transient":
            raise
        return NotYet(failed.diagnostic.detail.removesuffix("."))
    if is_expected(answer.status, settings.expect):
        return Done(outputs_of(answer, call.outputs))
    if answer.status in _NEVER:
        raise unexpected(request, answer, settings.expect)
    return NotYet(f"{request.method} {request.shown} was answered with {answer.status}")
