"""Requests to a real service on this machine: what is sent, what is found in answers, and every way to fail."""

from __future__ import annotations

import asyncio
import json
import pickle
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import trustme
from tests.operators.services import Service, running_service

from vibepiper_interpreter.operators.call import OperatorCancelled, OperatorFailed
from vibepiper_interpreter.operators.http import HttpSettings, http, retry_after


@pytest.fixture
def service() -> Iterator[Service]:
    with running_service() as found:
        yield found


@pytest.fixture
def ask(make_call: Any, service: Service) -> Callable[..., dict[str, Any]]:
    """Send a request to a path of the service, and give the outputs."""

    def ask(path: str, settings: HttpSettings | None = None, values: Any = None, **given: Any) -> dict[str, Any]:
        chosen = replace(settings or HttpSettings(""), url=service.url + path)
        return dict(http(make_call(values, **given), chosen).outputs)

    return ask


def failure(work: Callable[..., Any], *given: Any, **named: Any) -> OperatorFailed:
    with pytest.raises(OperatorFailed) as failed:
        work(*given, **named)
    return failed.value


def test_outputs_are_found_by_their_places(ask: Any, said: list[Any], service: Service) -> None:
    found = ask(
        "/jobs?x=hidden",
        outputs={
            "id": ("bigint", "/job/id"),
            "odd": ("varchar", "/job/a~1b"),
            "first": ("varchar", "/items/0/n"),
            "nothing": ("varchar", "/none"),
            "whole": ("json", ""),
            "trace": ("varchar", "header:x-trace"),
            "words": ("varchar", "text"),
            "code": ("bigint", "status"),
            "top": "double",
        },
    )
    assert (found["status"], found["code"]) == (200, 200)
    assert (found["id"], found["odd"], found["first"], found["top"]) == (7, "x", "first", 1.5)
    assert found["nothing"] is None
    assert found["whole"]["job"]["ok"] is True
    assert found["trace"] == "abc"
    assert json.loads(found["words"])["top"] == 1.5
    assert said == [("info", f"GET `{service.url}/jobs`: 200")]


@pytest.mark.parametrize(
    ("place", "why"),
    [
        ("/job/ids", "`/job` holds no `ids`: there are `id`, `a/b`, `ok`. Did you mean `id`?"),
        ("/items/1/n", "`/items` is a list of 1, which has no `1`."),
        ("/items/00", "which has no `00`"),
        ("/top/x", "`/top` is a single value"),
        ("header:X-Trac", "it has no header `X-Trac`. Did you mean `x-trace`?"),
    ],
)
def test_a_place_with_nothing_is_told(ask: Any, place: str, why: str) -> None:
    failed = failure(ask, "/jobs", outputs={"x": ("bigint", place)})
    assert failed.diagnostic.code == "VP814"
    assert why in failed.diagnostic.detail
    assert failed.failure == "data"


def test_what_is_no_json_is_told(ask: Any) -> None:
    assert "it is no JSON (text/plain" in failure(ask, "/text", outputs={"x": "bigint"}).diagnostic.detail
    assert "it is empty" in failure(ask, "/empty", outputs={"x": "bigint"}).diagnostic.detail
    assert ask("/text", outputs={"x": ("varchar", "text")})["x"] == "grüße"
    assert ask("/empty") == {"status": 204}


def test_values_are_quoted_where_they_stand(ask: Any, service: Service) -> None:
    values = {"id": "a/b?c", "rows": 3, "q": "x&y=z"}
    settings = HttpSettings(
        "",
        "POST",
        {"X-Rows": "$rows rows"},
        {"q": "$q", "n": 1},
        {"rows": "$rows", "text": "$rows of $id", "l": [True]},
    )
    ask("/o/$id?in=$q", settings, values)
    (came,) = service.requests
    assert came["path"] == "/o/a%2Fb%3Fc"
    assert came["query"] == {"in": "x&y=z", "q": "x&y=z", "n": "1"}
    assert json.loads(came["body"]) == {"rows": 3, "text": "3 of a/b?c", "l": [True]}
    assert (came["headers"]["x-rows"], came["headers"]["content-type"]) == ("3 rows", "application/json")


def test_a_url_may_begin_with_a_value(make_call: Any, service: Service) -> None:
    http(make_call({"api": f"{service.url}/v1", "id": 7}), HttpSettings("$api/orders/$id"))
    assert service.requests[0]["path"] == "/v1/orders/7"


def test_a_body_of_text(ask: Any, service: Service) -> None:
    ask("/", HttpSettings("", "PUT", body="$env: ü"))
    ask("/", HttpSettings("", "PUT", headers={"content-type": "text/csv"}, body="a,b"))
    assert [came["body"] for came in service.requests] == ["dev: ü", "a,b"]
    assert service.requests[0]["headers"]["content-type"] == "text/plain; charset=utf-8"
    assert service.requests[1]["headers"]["content-type"] == "text/csv"


def test_secrets_go_where_they_are_named(ask: Any, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN_OF_TEST", "planted-5f1c")
    ask(
        "/",
        HttpSettings(
            "", "POST", {"X-Key": "secret:TOKEN_OF_TEST"}, {"k": "secret:TOKEN_OF_TEST"}, {"k": "secret:TOKEN_OF_TEST"}
        ),
    )
    ask("/", HttpSettings("", token="secret:TOKEN_OF_TEST"))
    ask("/", HttpSettings("", user="ann", password="secret:TOKEN_OF_TEST"))
    first, bearer, basic = service.requests
    assert first["headers"]["x-key"] == first["query"]["k"] == json.loads(first["body"])["k"] == "planted-5f1c"
    assert bearer["headers"]["authorization"] == "Bearer planted-5f1c"
    assert basic["headers"]["authorization"] == "Basic YW5uOnBsYW50ZWQtNWYxYw=="


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 599])
def test_what_may_pass_by_itself_is_transient(ask: Any, status: int) -> None:
    failed = failure(ask, f"/status/{status}")
    assert failed.diagnostic.code == "VP813"
    assert f"was answered with {status}; 200 to 299 are expected. It said:" in failed.diagnostic.detail
    assert failed.diagnostic.notes == ("it says why",)
    assert (failed.failure, failed.retry_after) == ("transient", None)


@pytest.mark.parametrize("status", [400, 401, 404, 409, 304])
def test_what_is_wrong_will_be_wrong_again(ask: Any, status: int) -> None:
    assert failure(ask, f"/status/{status}").failure == "code"


def test_statuses_that_are_fine_are_listed(ask: Any) -> None:
    assert ask("/status/404", HttpSettings("", expect=(200, 404))) == {"status": 404}
    assert "; 201 is expected" in failure(ask, "/status/200", HttpSettings("", expect=(201,))).diagnostic.detail
    assert ask("/redirect?to=/x", HttpSettings("", expect=(302,)), outputs={"to": ("varchar", "header:Location")}) == {
        "status": 302,
        "to": "/x",
    }


def test_retry_after_comes_with_the_failure(ask: Any) -> None:
    assert failure(ask, "/status/429?after=30").retry_after == 30
    date = failure(ask, "/status/503?after=Fri,%2031%20Dec%202100%2023:59:59%20GMT").retry_after
    assert date == 86_400


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (None, None),
        ("120", 120),
        (" 0 ", 0),
        ("Sun, 01 Mar 2026 12:00:30 GMT", 30),
        ("Sun, 01 Mar 2026 13:00:30 +0100", 30),
        ("Sun, 01 Mar 2026 11:00:00 GMT", 0),
        ("99999999999", 86_400),
        ("soon", None),
        ("-5", None),
        ("٣", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(text: str | None, seconds: float | None) -> None:
    assert retry_after(text, datetime(2026, 3, 1, 12, tzinfo=UTC)) == seconds


def test_redirects_are_followed(ask: Any, service: Service) -> None:
    ask("/redirect?to=/there", HttpSettings("", "POST", json={"a": 1}))
    ask("/redirect?status=307&to=/there", HttpSettings("", "POST", headers={"X-Key": "k"}, json={"a": 1}))
    assert [(came["method"], came["path"], came["body"]) for came in service.requests] == [
        ("POST", "/redirect", '{"a": 1}'),
        ("GET", "/there", ""),
        ("POST", "/redirect", '{"a": 1}'),
        ("POST", "/there", '{"a": 1}'),
    ]
    assert service.requests[-1]["headers"]["x-key"] == "k"


def test_another_server_gets_no_headers_of_ours(make_call: Any) -> None:
    with running_service() as other, running_service(elsewhere=f"{other.url}/x") as first:
        settings = HttpSettings(f"{first.url}/elsewhere", "POST", {"X-Key": "k"}, json={"a": 1}, token="t")
        http(make_call(), settings)
    (came,) = other.requests
    assert "x-key" not in came["headers"] and "authorization" not in came["headers"]
    assert first.requests[0]["headers"]["x-key"] == "k"


def test_redirects_without_end_are_told(ask: Any) -> None:
    failed = failure(ask, "/loop")
    assert "redirected more than 5 times" in failed.diagnostic.detail
    assert failed.failure == "code"


def test_large_answers_are_refused_also_when_they_come_packed(ask: Any) -> None:
    failed = failure(ask, "/bomb")
    assert failed.diagnostic.code == "VP814"
    assert "larger than 10,000,000 bytes" in failed.diagnostic.detail
    assert "cannot be unpacked" in failure(ask, "/broken-gzip").diagnostic.detail


def test_a_connection_that_breaks_may_hold_next_time(ask: Any) -> None:
    failed = failure(ask, "/drop")
    assert failed.failure == "transient"
    assert "broke before the answer" in failed.diagnostic.detail


def test_nobody_listens(make_call: Any, free_port: int) -> None:
    settings = HttpSettings(f"http://ann:planted@127.0.0.1:{free_port}/x?key=planted")
    failed = failure(http, make_call(), settings)
    assert failed.failure == "transient"
    assert f"GET `http://127.0.0.1:{free_port}/x` got no answer. Connection refused." in failed.diagnostic.detail
    assert "planted" not in repr(failed.diagnostic)


def test_an_unknown_host(make_call: Any) -> None:
    failed = failure(http, make_call(), HttpSettings("http://nowhere.invalid/"))
    assert failed.failure == "transient"
    assert "`http://nowhere.invalid/` got no answer" in failed.diagnostic.detail


@pytest.mark.parametrize("url", ["ftp://x.example/", "no url", "http://", "http://[", "http://x.example:port/"])
def test_what_is_no_url_is_told(make_call: Any, url: str) -> None:
    failed = failure(http, make_call(), HttpSettings(url))
    assert (failed.diagnostic.code, failed.failure) == ("VP813", "code")
    assert "This is no URL that can be asked." in failed.diagnostic.detail


def test_headers_that_cannot_be_sent_are_told(ask: Any) -> None:
    for value in ("a\nb: c", "grüße 中"):
        failed = failure(ask, "/", HttpSettings("", headers={"X-Text": value}))
        assert "A header holds characters" in failed.diagnostic.detail
        assert failed.failure == "code"


def test_a_secret_url_is_told_by_its_name(
    make_call: Any, said: list[Any], service: Service, monkeypatch: pytest.MonkeyPatch, free_port: int
) -> None:
    monkeypatch.setenv("HOOK_OF_TEST", f"{service.url}/status/500?key=planted-5f1c")
    with pytest.raises(OperatorFailed) as failed:
        http(make_call(), HttpSettings("secret:HOOK_OF_TEST", expect=(999,)))
    assert "GET `secret:HOOK_OF_TEST` was answered with" in failed.value.diagnostic.detail
    monkeypatch.setenv("HOOK_OF_TEST", f"http://127.0.0.1:{free_port}/planted-5f1c")
    assert "planted" not in repr(failure(http, make_call(), HttpSettings("secret:HOOK_OF_TEST")).diagnostic)
    assert "planted" not in repr(said)


@pytest.mark.parametrize("how", ["cancel", "deadline"])
def test_a_request_that_hangs_is_ended(ask: Any, service: Service, how: str) -> None:
    cancelled = threading.Event()
    outcome: list[BaseException] = []

    def work() -> None:
        try:
            ask("/hang", cancelled=cancelled, seconds=1 if how == "deadline" else None)
        except BaseException as error:
            outcome.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    assert service.hanging.wait(60)
    if how == "cancel":
        cancelled.set()
    thread.join(60)
    assert not thread.is_alive()
    assert [type(error) for error in outcome] == [OperatorCancelled]


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def secure_service(authority: trustme.CA) -> Iterator[Service]:
    """Speaks TLS with a certificate that only those trust who know its authority."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with running_service(context) as found:
        yield found


def test_a_certificate_that_nobody_trusts(make_call: Any, secure_service: Service) -> None:
    failed = failure(http, make_call(), HttpSettings(f"{secure_service.url}/x"))
    assert (failed.diagnostic.code, failed.failure) == ("VP813", "infrastructure")
    assert "No secure connection (TLS) could be made: " in failed.diagnostic.detail
    assert "certificate" in failed.diagnostic.detail
    assert secure_service.requests == []


def test_an_authority_of_ones_own(
    make_call: Any, secure_service: Service, authority: trustme.CA, tmp_path: Path
) -> None:
    authority.cert_pem.write_to_path(str(tmp_path / "company.pem"))
    settings = HttpSettings(f"{secure_service.url}/x", certificates="company.pem")
    assert http(make_call(), settings).outputs == {"status": 200}
    (tmp_path / "company.pem").write_text("not a certificate")
    assert "holds no certificates" in failure(http, make_call(), settings).diagnostic.detail
    (tmp_path / "company.pem").unlink()
    assert "holds no certificates" in failure(http, make_call(), settings).diagnostic.detail


def test_a_certificate_of_another_host(make_call: Any, authority: trustme.CA, tmp_path: Path) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("other.example").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "company.pem"))
    with running_service(context) as other:
        failed = failure(http, make_call(), HttpSettings(other.url, certificates="company.pem"))
    assert "127.0.0.1" in failed.diagnostic.detail and "(TLS)" in failed.diagnostic.detail


def test_a_server_without_tls(make_call: Any, service: Service) -> None:
    failed = failure(http, make_call(), HttpSettings(service.url.replace("http:", "https:")))
    assert failed.failure == "infrastructure"
    assert "(TLS)" in failed.diagnostic.detail


def test_where_a_loop_runs_already(make_call: Any, service: Service) -> None:
    """As in a notebook."""

    async def cell() -> dict[str, Any]:
        return dict(http(make_call(), HttpSettings(service.url)).outputs)

    assert asyncio.run(cell()) == {"status": 200}


def test_without_the_extra_the_command_is_named() -> None:
    program = """
import sys, threading
from datetime import datetime
from pathlib import Path
sys.modules["httpx"] = None
from vibepiper_interpreter.operators.call import Call, OperatorFailed
from vibepiper_interpreter.operators.http import HttpSettings, http
from vibepiper_spec.address import Address
call = Call(Address("a", "b"), Path("."), "dev", "r", datetime.now(), {}, (), {}, print, str, str, threading.Event(),
            lambda *_: None, datetime.now(), None)
try:
    http(call, HttpSettings("http://127.0.0.1/"))
except OperatorFailed as failed:
    print(failed.diagnostic.code, failed.diagnostic.detail, failed.diagnostic.fix.title)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
    assert done.stdout.startswith("VP606"), done.stdout + done.stderr
    assert "`httpx`" in done.stdout and "pip install 'vibepiper[http]'" in done.stdout


def test_settings_travel_to_other_processes() -> None:
    settings = HttpSettings("http://x", "POST", {"a": "b"}, {}, {"x": [1]})
    assert pickle.loads(pickle.dumps(settings)) == settings
