"""Statements on real databases: values are bound, a failure undoes all, and what blocks can be ended."""

from __future__ import annotations

import pickle
import secrets
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, nullcontext
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.operators.databases import new_mysql, new_postgres

from vibepiper_interpreter.operators.call import OperatorCancelled, OperatorFailed
from vibepiper_interpreter.operators.databases import database_of
from vibepiper_interpreter.operators.sql import SqlSettings, sql


@pytest.fixture(params=["sqlite", "postgres", "mysql"])
def fields(request: pytest.FixtureRequest) -> Iterator[dict[str, Any]]:
    """The fields of a connection to a new database of each kind."""
    if request.param == "sqlite":
        yield {"connector": "sqlite", "path": "shop.db"}
        return
    with new_postgres() if request.param == "postgres" else new_mysql() as found:
        yield found


@pytest.fixture
def run(make_call: Any, fields: dict[str, Any]) -> Callable[..., dict[str, Any]]:
    """Run statements as a task on the connection, and give the outputs."""

    def run(*statements: str, values: Any = None, transaction: bool = True, **others: Any) -> dict[str, Any]:
        call = make_call(values, connections={"db": fields}, **others)
        return dict(sql(call, SqlSettings("db", statements, transaction)).outputs)

    return run


def failure(run: Callable[..., Any], *statements: str, **given: Any) -> OperatorFailed:
    with pytest.raises(OperatorFailed) as failed:
        run(*statements, **given)
    return failed.value


def test_outputs_are_the_first_row_of_the_last_statement(run: Any, said: list[Any]) -> None:
    found = run(
        "create table t (id int, name varchar(20))",
        "insert into t values (1, 'a'), (2, 'b')",
        "select id as ID, name from t order by id",
    )
    assert found == {"id": 1, "name": "a"}
    assert ("info", "statement 2 of 3: 2 rows") in said
    assert run("select id from t where id > 5") == {}
    assert run("update t set name = 'c'") == {}


def test_several_statements_in_one_text(make_call: Any) -> None:
    with new_postgres() as fields:
        call = make_call(connections={"db": fields})
        assert sql(call, SqlSettings("db", ("select 1 as one; select 2 as two",))).outputs == {"two": 2}


def test_values_are_bound(run: Any) -> None:
    name = "a'; drop table t; -- \\' %s 100%"
    found = run(
        "create table t (name varchar(100), number int, price decimal(10,2), day date)",
        "insert into t values ($name, $number, $price, $day)",
        "select name, number, price, day, '$name 100%' as text from t where name = $name /* $nothing */",
        values={"name": name, "number": 3, "price": Decimal("1.50"), "day": date(2024, 1, 2)},
    )
    assert (found["name"], found["number"], found["text"]) == (name, 3, "$name 100%")
    assert (float(found["price"]), str(found["day"])) == (1.5, "2024-01-02")


def test_every_type_of_value_can_be_bound(run: Any) -> None:
    values = {"ok": True, "none": None, "share": 0.5, "at": datetime(2024, 1, 2, 3, tzinfo=UTC), "all": {"a": [1]}}
    for name in values:
        run(f"create table t_{name} (x varchar(100))")
        run(f"insert into t_{name} values (${name})", values=values)
    assert run("select x from t_none") == {"x": None}
    assert run("select x from t_all") == {"x": '{"a": [1]}'}


def test_one_failure_undoes_all(run: Any) -> None:
    run("create table t (id int primary key)")
    failed = failure(run, "insert into t values (1)", "insert into t values (2)", "insert into t values (1)")
    assert failed.diagnostic.code == "VP816"
    assert "Statement 3 of 3 failed on connection `db`" in failed.diagnostic.detail
    assert "was undone" in failed.diagnostic.detail
    assert failed.failure == "data"
    assert run("select count(*) as n from t") == {"n": 0}


def test_without_a_transaction_each_counts(run: Any) -> None:
    run("create table t (id int primary key)")
    failed = failure(run, "insert into t values (1)", "insert into t values (1)", transaction=False)
    assert "The ones before it are done." in failed.diagnostic.detail
    assert run("select count(*) as n from t") == {"n": 1}


def test_a_mistake_is_told_in_the_databases_words(run: Any) -> None:
    failed = failure(run, "select missing from nowhere_at_all")
    assert failed.diagnostic.code == "VP816"
    assert "nowhere_at_all" in failed.diagnostic.detail
    assert failed.failure == "code"


def test_a_cancelled_statement_ends_and_counts_for_nothing(run: Any, fields: dict[str, Any]) -> None:
    endless = {
        "sqlite": "with recursive n(i) as (select 1 union all select i + 1 from n) select max(i) from n",
        "postgres": "select pg_sleep(1000)",
        "mysql": "select sleep(1000)",
    }[fields["connector"]]
    run("create table t (id int)")
    cancelled = threading.Event()
    outcome: list[BaseException] = []

    def work() -> None:
        try:
            run("insert into t values (1)", endless, cancelled=cancelled)
        except BaseException as error:
            outcome.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    cancelled.set()
    thread.join(60)
    assert not thread.is_alive()
    assert [type(error) for error in outcome] == [OperatorCancelled]
    with pytest.raises(OperatorCancelled):
        run("insert into t values (1)", endless, seconds=0.5)
    assert run("select count(*) as n from t") == {"n": 0}


def test_a_lock_that_is_not_given_may_be_given_later(run: Any, fields: dict[str, Any], tmp_path: Path) -> None:
    """Two who wait for each other, or one who waits for too long: worth another attempt."""
    run("create table t (id int primary key)", "insert into t values (1)")
    impatient = {
        "sqlite": "pragma busy_timeout = 1",
        "postgres": "set local lock_timeout = '50ms'",
        "mysql": "set innodb_lock_wait_timeout = 1",
    }[fields["connector"]]
    with closing(database_of(fields, tmp_path).connect(None)) as other:
        other.begin()
        other.execute("update t set id = 2", None)
        failed = failure(run, impatient, "update t set id = 3")
    assert failed.failure == "transient"


def test_sql_for_reading_cannot_write(fields: dict[str, Any], run: Any, tmp_path: Path) -> None:
    run("create table t (id int)")
    database = database_of(fields, tmp_path)
    with closing(database.connect(None, read_only=True)) as session:
        with pytest.raises(Exception, match=r"(?i)read.?only") as failed:
            session.execute("insert into t values (1)", None)
        assert database.refusal(failed.value) is not None


@pytest.mark.parametrize("connector", ["postgres", "mysql"])
def test_a_server_that_does_not_answer_may_answer_later(make_call: Any, connector: str, free_port: int) -> None:
    fields = {"connector": connector, "host": "127.0.0.1", "port": free_port, "password": "hush", "user": "ann"}
    failed = failure(lambda: sql(make_call(connections={"db": fields}), SqlSettings("db", ("select 1",))))
    assert failed.diagnostic.code == "VP815"
    assert failed.failure == "transient"
    assert "hush" not in str(failed.diagnostic)


@pytest.mark.parametrize("server", [new_postgres, new_mysql])
def test_a_server_that_refuses_will_refuse_again(make_call: Any, server: Any) -> None:
    with server() as fields:
        wrong = {**fields, "database": "vibepiper_test_no_such_database"}
        failed = failure(lambda: sql(make_call(connections={"db": wrong}), SqlSettings("db", ("select 1",))))
    assert failed.diagnostic.code == "VP815"
    assert "vibepiper_test_no_such_database" in failed.diagnostic.detail
    assert failed.failure == "code"


@pytest.mark.parametrize(("server", "scheme"), [(new_postgres, "postgresql"), (new_mysql, "mysql")])
def test_a_connection_may_be_one_url(make_call: Any, server: Any, scheme: str) -> None:
    with server() as fields:
        url = f"{scheme}://{fields['user']}@{fields['host']}:{fields['port']}/{fields['database']}"
        call = make_call(connections={"db": {"connector": fields["connector"], "url": url}})
        assert sql(call, SqlSettings("db", ("select 1 as one",))).outputs == {"one": 1}


@pytest.mark.parametrize("connector", ["postgres", "mysql"])
@pytest.mark.parametrize(
    "url",
    ["planted", "http://planted@x/", "{0}://u:planted@h:port/x", "{0}://[planted/x", "{0}://u:x@planted@localhost/x"],
)
def test_what_is_no_url_is_told_without_it(make_call: Any, connector: str, url: str) -> None:
    scheme = {"postgres": "postgresql", "mysql": "mysql"}[connector]
    call = make_call(connections={"db": {"connector": connector, "url": url.format(scheme)}})
    failed = failure(lambda: sql(call, SqlSettings("db", ("select 1",))))
    assert (failed.diagnostic.code, failed.failure) == ("VP815", "code")
    assert "planted" not in repr(failed.diagnostic)


@pytest.mark.parametrize("server", [new_postgres, new_mysql])
def test_a_server_without_tls_will_not_learn_it(make_call: Any, server: Any) -> None:
    with server() as fields:
        call = make_call(connections={"db": {**fields, "ssl": "verify-full"}})
        failed = failure(lambda: sql(call, SqlSettings("db", ("select 1",))))
    assert "SSL" in failed.diagnostic.detail or "certificate" in failed.diagnostic.detail
    assert failed.failure in ("code", "infrastructure")


def test_a_file_that_is_no_database_is_told(make_call: Any, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("not a database, but long enough to look at" * 100)
    call = make_call(connections={"db": {"connector": "sqlite", "path": "notes.txt"}})
    failed = failure(lambda: sql(call, SqlSettings("db", ("select * from t",))))
    assert "not a database" in failed.diagnostic.detail
    assert failed.failure == "infrastructure"


@pytest.mark.parametrize(
    ("connector", "package", "extra"), [("postgres", "psycopg", "postgres"), ("mysql", "pymysql", "mysql")]
)
def test_a_missing_driver_names_the_command(connector: str, package: str, extra: str) -> None:
    """In a process that finds no such package."""
    program = f"""
import sys, threading
from datetime import datetime
from pathlib import Path
sys.modules[{package!r}] = None
from vibepiper_interpreter.operators.call import Call, OperatorFailed
from vibepiper_interpreter.operators.sql import SqlSettings, sql
from vibepiper_spec.address import Address
fields = {{"connector": {connector!r}, "host": "127.0.0.1"}}
call = Call(Address("a", "b"), Path("."), "dev", "r", datetime.now(), {{}}, (), {{}}, print, str, lambda name: fields,
            threading.Event(),
            lambda *_: None, datetime.now(), None)
try:
    sql(call, SqlSettings("db", ("select 1",)))
except OperatorFailed as failed:
    print(failed.diagnostic.code, failed.diagnostic.detail, failed.diagnostic.fix.title)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
    assert done.stdout.startswith("VP606"), done.stdout + done.stderr
    assert f"`{package}`" in done.stdout and f"pip install 'vibepiper[{extra}]'" in done.stdout


@pytest.mark.parametrize(("connector", "value"), [("sqlite", 2**70), ("postgres", "a\0b")])
def test_a_value_that_the_database_cannot_hold_is_a_fault_of_the_data(
    make_call: Any, connector: str, value: Any
) -> None:
    with (
        new_postgres() if connector == "postgres" else nullcontext({"connector": "sqlite", "path": "shop.db"}) as fields
    ):
        call = make_call({"it": value}, connections={"db": fields})
        with pytest.raises(OperatorFailed) as failed:
            sql(call, SqlSettings("db", ("select $it",)))
    assert (failed.value.diagnostic.code, failed.value.failure) == ("VP816", "data")


@pytest.mark.parametrize(
    ("server", "statement"),
    [(new_postgres, "select pg_cancel_backend(pg_backend_pid())"), (new_mysql, "kill query connection_id()")],
)
def test_a_statement_that_somebody_ended_may_be_tried_again(make_call: Any, server: Any, statement: str) -> None:
    with server() as fields, pytest.raises(OperatorFailed) as failed:
        sql(make_call(connections={"db": fields}), SqlSettings("db", (statement, "select 1")))
    assert (failed.value.diagnostic.code, failed.value.failure) == ("VP816", "transient")


def test_a_password_may_hold_any_letters(make_call: Any) -> None:
    user, password = f"vp_{secrets.token_hex(4)}", "pä€ß-пароль"
    with new_mysql() as fields:
        admin = make_call(connections={"db": fields})
        sql(admin, SqlSettings("db", (f"create user {user}@'%' identified by '{password}'",), transaction=False))
        try:
            known = make_call(connections={"db": {**fields, "database": None, "user": user, "password": password}})
            found = sql(known, SqlSettings("db", ("select current_user() as name",))).outputs
            assert found == {"name": f"{user}@%"}
        finally:
            sql(admin, SqlSettings("db", (f"drop user {user}@'%'",), transaction=False))


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_file_without_certificates_is_told(make_call: Any, tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "ca.pem").write_text(content)
    with new_mysql() as fields, pytest.raises(OperatorFailed) as failed:
        call = make_call(connections={"db": {**fields, "ssl": "verify-full", "certificates": "ca.pem"}})
        sql(call, SqlSettings("db", ("select 1",)))
    assert (failed.value.diagnostic.code, failed.value.failure) == ("VP815", "code")
    assert "`ca.pem`" in failed.value.diagnostic.detail


@pytest.mark.parametrize("connector", ["postgres", "mysql"])
def test_a_host_that_cannot_be_is_told(make_call: Any, connector: str) -> None:
    call = make_call(connections={"db": {"connector": connector, "host": "db..example", "user": "u"}})
    with pytest.raises(OperatorFailed) as failed:
        sql(call, SqlSettings("db", ("select 1",)))
    assert (failed.value.diagnostic.code, failed.value.failure) == ("VP815", "code")


def test_settings_travel_to_other_processes() -> None:
    settings = SqlSettings("db", ("select 1",))
    assert pickle.loads(pickle.dumps(settings)) == settings
