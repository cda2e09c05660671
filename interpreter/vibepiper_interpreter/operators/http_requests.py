"""Sends one HTTP request and reads its answer, whole and bounded, unless the attempt is to end before."""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from vibepiper_interpreter.operators.call import Call, OperatorCancelled, OperatorFailed
from vibepiper_interpreter.operators.certificates import trusting
from vibepiper_interpreter.operators.ending import LOOK_EVERY, is_to_end, seconds_left
from vibepiper_interpreter.operators.failing import extra_missing
from vibepiper_interpreter.operators.http_answers import Answer
from vibepiper_spec.diagnostics import Diagnostic, Fix

if TYPE_CHECKING:
    import httpx

    from vibepiper_spec.model.retry import FailureClass

# Seconds to wait for a connection; and for the next bytes of an answer, where the task has no time-out.
_CONNECT_TIMEOUT = 10.0
_READ_TIMEOUT = 60.0
_MOST_REDIRECTS = 5
_LARGEST = 10_000_000  # bytes of an answer, unpacked
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True, slots=True)
class Request:
    """A request with all values and secrets in it."""

    method: str
    url: str
    # How the URL is told: without parameters, and by the name of the secret if it is one.
    shown: str
    headers: Mapping[str, str] = field(default_factory=dict)
    # Parameters that are added to those of the URL.
    query: Mapping[str, str] = field(default_factory=dict)
    content: bytes | None = None
    # User and password.
    basic: tuple[str, str] | None = None
    # A file of authorities that are trusted beside those that the system trusts, relative to the project's folder.
    certificates: str | None = None
    # Statuses of redirection that are answers, and are not followed.
    kept_statuses: tuple[int, ...] = ()


def send(call: Call, request: Request) -> Answer:
    """The answer, whatever its status; redirects are followed. Raises OperatorFailed (VP813, VP814, VP606)."""
    try:
        import httpx
    except ImportError as error:
        raise extra_missing("http", "httpx", f"`{call.address}`") from error
    if is_to_end(call):
        raise OperatorCancelled
    try:
        return _run(_until_it_is_to_end(call, request))
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError, OSError) as error:
        if is_to_end(call):
            raise OperatorCancelled from error
        raise _no_answer(request, error) from error


def _run(work: Coroutine[Any, Any, Answer]) -> Answer:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    # A notebook has a loop of its own in this thread, and a thread takes one only.
    with ThreadPoolExecutor(1) as other:
        return other.submit(asyncio.run, work).result()


async def _until_it_is_to_end(call: Call, request: Request) -> Answer:
    """A coroutine that is cancelled closes its socket at once, which no blocking call does."""
    work = asyncio.create_task(_answer(call, request))
    while not (await asyncio.wait({work}, timeout=LOOK_EVERY))[0]:
        if is_to_end(call):
            work.cancel()
            await asyncio.wait({work})
            raise OperatorCancelled
    return work.result()


async def _answer(call: Call, request: Request) -> Answer:
    import httpx

    try:
        urlsplit(request.url)
    except ValueError as error:
        raise httpx.InvalidURL(str(error)) from error
    left = seconds_left(call)
    timeout = httpx.Timeout(left if left is not None else _READ_TIMEOUT, connect=_CONNECT_TIMEOUT)
    # Only a file of one's own needs a context of one's own: the library keeps to the variables of the environment.
    trusted = trusting(call.root, request.certificates, "VP813") if request.certificates else True
    async with httpx.AsyncClient(timeout=timeout, verify=trusted) as client:
        current = client.build_request(
            request.method,
            httpx.URL(request.url).copy_merge_params(dict(request.query)) if request.query else request.url,
            headers=dict(request.headers),
            content=request.content,
        )
        if request.basic is not None:
            current = next(httpx.BasicAuth(*request.basic).auth_flow(current))
        for _ in range(_MOST_REDIRECTS + 1):
            response = await client.send(current, stream=True)
            try:
                if response.status_code not in _REDIRECTS or response.status_code in request.kept_statuses:
                    return Answer(
                        response.status_code,
                        {name.lower(): value for name, value in response.headers.items()},
                        await _text(response, request),
                    )
                following = response.next_request
            finally:
                await response.aclose()
            if following is None:
                raise _refused(request, f"It answered {response.status_code} without saying where to go.")
            current = _followed(request, current, following)
        raise _refused(request, f"It redirected more than {_MOST_REDIRECTS} times.")


def _followed(request: Request, before: httpx.Request, following: httpx.Request) -> httpx.Request:
    """The request that a redirection asks for. The task's headers may be secrets: another server gets none of them."""
    if before.url.scheme == "https" and following.url.scheme != "https":
        raise _refused(request, "It redirected from https to a URL that is not: that is not followed.")
    same = (before.url.scheme, before.url.host, before.url.port) == (
        following.url.scheme,
        following.url.host,
        following.url.port,
    )
    if not same:
        for name in (*request.headers, "authorization"):
            following.headers.pop(name, None)
    return following


async def _text(response: httpx.Response, request: Request) -> str:
    content = bytearray()
    async for chunk in response.aiter_bytes():
        content += chunk
        if len(content) > _LARGEST:
            raise OperatorFailed(
                Diagnostic(
                    "VP814",
                    f"The answer of {request.shown} is larger than {_LARGEST:,} bytes.",
                    fix=Fix("Ask for less. Rows belong into a source, not into an output."),
                ),
                "data",
            )
    return bytes(content).decode(response.charset_encoding or "utf-8", errors="replace")


def _refused(request: Request, why: str) -> OperatorFailed:
    return OperatorFailed(Diagnostic("VP813", f"{request.method} {request.shown} got no answer. {why}"))


def _no_answer(request: Request, error: Exception) -> OperatorFailed:
    """VP813 in our own words: what a library says may hold the whole URL."""
    import httpx

    what = f"{request.method} {request.shown} got no answer."
    tls = _cause(error, ssl.SSLError)
    if isinstance(tls, ssl.SSLError):
        reason = getattr(tls, "verify_message", "") or (tls.reason or "").replace("_", " ").lower() or "it failed"
        return OperatorFailed(
            Diagnostic(
                "VP813",
                f"{what} No secure connection (TLS) could be made: {reason}.",
                fix=Fix(
                    "See whether the URL names the right host. An authority of your own is trusted by `certificates`."
                    if isinstance(tls, ssl.SSLCertVerificationError)
                    else "See whether the server speaks TLS at that port: `https://` where it should be `http://`?"
                ),
            ),
            "infrastructure",
        )
    failure: FailureClass = "transient"
    fix = "See whether the service runs and this machine may reach it; `retry` tries again."
    system = _cause(error, OSError)
    if isinstance(error, httpx.ConnectTimeout):
        why = f"It could not be reached within {_CONNECT_TIMEOUT:g} s."
    elif isinstance(error, httpx.TimeoutException):
        why = "It said nothing for too long."
    elif isinstance(error, httpx.InvalidURL | httpx.UnsupportedProtocol):
        failure, why = "code", "This is no URL that can be asked."
        fix = "Write `https://` or `http://`, a host, and a path."
    elif isinstance(error, httpx.LocalProtocolError | UnicodeError):
        failure, why = "code", "A header holds characters that no header may hold."
        fix = "Leave out line breaks and letters beyond ASCII; the body may hold them."
    elif isinstance(error, httpx.DecodingError):
        failure, why, fix = "data", "What it sent cannot be unpacked.", "See what the service sends."
    elif isinstance(error, httpx.RemoteProtocolError | httpx.ReadError | httpx.WriteError):
        why = "The connection broke before the answer was there."
    elif isinstance(system, OSError):
        why = f"{_reason(system)}."
    else:
        why = "It could not be reached."
    return OperatorFailed(Diagnostic("VP813", f"{what} {why}", fix=Fix(fix)), failure)


def _reason(error: OSError) -> str:
    """`Connection refused`, `Name or service not known`."""
    if error.errno is None:
        return "It could not be reached"
    # Numbers of name look-ups are no numbers of the system.
    return str(error.strerror) if error.errno < 0 else os.strerror(error.errno)


def _cause(error: BaseException, kind: type[BaseException]) -> BaseException | None:
    """The deepest of its causes that is a `kind`: the one that a system or a library told."""
    found = None
    current: BaseException | None = error
    seen: set[int] = set()
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        if isinstance(current, kind):
            found = current
        if isinstance(current, BaseExceptionGroup):
            current = current.exceptions[0]
        else:
            current = current.__cause__ or current.__context__
    return found
