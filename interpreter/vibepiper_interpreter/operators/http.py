"""`[task.http.NAME]`: a request to a service."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from vibepiper_interpreter.operators.call import Call, Done, OperatorFailed
from vibepiper_interpreter.operators.failing import whole_notes
from vibepiper_interpreter.operators.http_answers import Answer, outputs_of
from vibepiper_interpreter.operators.http_requests import Request, send
from vibepiper_interpreter.operators.placing import place_in_json, place_in_text, place_in_url, written
from vibepiper_spec.diagnostics import Diagnostic, Fix

if TYPE_CHECKING:
    from vibepiper_spec.model.retry import FailureClass

_TRANSIENT = frozenset({408, 425, 429})
_SHOWN = 2_000  # characters of an answer that is shown with a failure
_LONGEST_WAIT = 86_400.0  # seconds that a server may ask to wait; who asks for more is asked again then


@dataclass(frozen=True, slots=True)
class HttpSettings:
    """`$name` stands for a value in every text; a text that is `secret:NAME` is the secret."""

    url: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, Any] = field(default_factory=dict)
    # A body as JSON, or as text; not both.
    json: Any = None
    body: str | None = None
    # Statuses that are fine; all of 200 to 299 if there are none.
    expect: tuple[int, ...] = ()
    # A token to bear, or a user and a password.
    token: str | None = None
    user: str | None = None
    password: str | None = None
    # Relative to the project's folder.
    certificates: str | None = None


def http(call: Call, settings: HttpSettings) -> Done:
    """Send the request, and find the outputs in the answer. Raises OperatorFailed (VP813, VP814, VP606)."""
    request = request_of(call, settings)
    answer = send(call, request)
    call.say("info", f"{request.method} {request.shown}: {answer.status}")
    if not is_expected(answer.status, settings.expect):
        raise unexpected(request, answer, settings.expect)
    return Done(outputs_of(answer, call.outputs))


def request_of(call: Call, settings: HttpSettings) -> Request:
    """The request with its values and secrets."""
    headers = {name: _filled(call, text) for name, text in settings.headers.items()}
    content = None
    if settings.json is not None:
        content = json.dumps(_json(call, settings.json), ensure_ascii=False).encode()
        headers = _with_default(headers, "Content-Type", "application/json")
    elif settings.body is not None:
        content = _filled(call, settings.body).encode()
        headers = _with_default(headers, "Content-Type", "text/plain; charset=utf-8")
    if settings.token is not None:
        headers["Authorization"] = f"Bearer {_filled(call, settings.token)}"
    secret = settings.url.startswith("secret:")
    url = call.secret(settings.url) if secret else place_in_url(settings.url, call.values)
    return Request(
        settings.method,
        url,
        shown=f"`{settings.url}`" if secret else _shown(url),
        headers=headers,
        query={name: _filled(call, value) for name, value in settings.query.items()},
        content=content,
        basic=None if settings.user is None else (_filled(call, settings.user), _filled(call, settings.password or "")),
        certificates=settings.certificates,
        kept_statuses=settings.expect,
    )


def is_expected(status: int, expect: tuple[int, ...]) -> bool:
    return status in expect if expect else 200 <= status < 300


def unexpected(request: Request, answer: Answer, expect: tuple[int, ...]) -> OperatorFailed:
    """VP813 for a status that is not fine."""
    failure: FailureClass = "transient" if answer.status in _TRANSIENT or answer.status >= 500 else "code"
    wanted = ", ".join(map(str, expect)) if expect else "200 to 299"
    text = answer.text.strip()
    said = whole_notes(text.splitlines()) if 0 < len(text) <= _SHOWN else ()
    return OperatorFailed(
        Diagnostic(
            "VP813",
            f"{request.method} {request.shown} was answered with {answer.status}; {wanted} "
            f"{'is' if len(expect) == 1 else 'are'} expected.{' It said:' if said else ''}",
            fix=Fix(
                "It may pass by itself: `retry` tries again."
                if failure == "transient"
                else "Correct the request; where that status is fine, name it in `expect`."
            ),
            notes=said,
        ),
        failure,
        retry_after=retry_after(answer.headers.get("retry-after"), datetime.now(UTC)),
    )


def retry_after(text: str | None, now: datetime) -> float | None:
    """The seconds that `Retry-After` asks for: a number of them, or a date. None where it is neither."""
    if text is None:
        return None
    text = text.strip()
    if text.isascii() and text.isdigit():
        return min(float(text), _LONGEST_WAIT)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max(0.0, (moment - now).total_seconds()), _LONGEST_WAIT)


def _filled(call: Call, value: Any) -> str:
    if not isinstance(value, str):
        return written(value)
    return call.secret(value) if value.startswith("secret:") else place_in_text(value, call.values)


def _json(call: Call, value: Any) -> Any:
    if isinstance(value, str):
        return call.secret(value) if value.startswith("secret:") else place_in_json(value, call.values)
    if isinstance(value, Mapping):
        return {key: _json(call, item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_json(call, item) for item in value]
    return place_in_json(value, call.values)


def _with_default(headers: dict[str, str], name: str, value: str) -> dict[str, str]:
    return headers if any(given.lower() == name.lower() for given in headers) else {**headers, name: value}


def _shown(url: str) -> str:
    """Without a user, parameters and a fragment, any of which may be a secret."""
    try:
        parts = urlsplit(url)
        return f"`{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}`"
    except ValueError:
        return "the URL"
