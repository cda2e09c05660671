"""The JSON Schemas are fresh, and judge the structure of a document as the loader does."""

from __future__ import annotations

import copy
import shutil
import subprocess
import sys
import tomllib
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from vibepiper_spec import load_project
from vibepiper_spec.schema import SCHEMAS, pipeline_schema, project_schema, schema_text

REPOSITORY = Path(__file__).parents[2]
PIPELINE = jsonschema.Draft7Validator(pipeline_schema())
PROJECT = jsonschema.Draft7Validator(project_schema())


@pytest.mark.parametrize("name", SCHEMAS)
def test_committed_schemas_are_what_the_model_says(name: str) -> None:
    committed = (REPOSITORY / "schemas" / name).read_text(encoding="utf-8")
    assert committed == schema_text(SCHEMAS[name]()), "run `make schemas`"


def test_every_key_is_described() -> None:
    for generate in SCHEMAS.values():
        schema = generate()
        for owner, table in {"document": schema, **schema["$defs"]}.items():
            for choice in (table, *table.get("anyOf", ())):
                for key, value in choice.get("properties", {}).items():
                    referred = schema["$defs"].get(value.get("$ref", "").rpartition("/")[2], {})
                    assert value.get("description") or referred.get("description"), f"{owner}.{key}"


CASE = """
[project]
name = "case"
[connection.sqlite.base]
path = "base.db"
[connection.smtp.office]
host = "mail.example"
"""


def optional(required: dict[str, Any], **others: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(required, optional=others)


words = st.text("abc xyzäß.,:'\"", max_size=8)
names = st.from_regex(r"\A[a-z_][a-z0-9_]{0,5}\Z")
strings = st.lists(words, max_size=2)
scalars = st.one_of(words, st.integers(-5, 5), st.booleans(), st.just(0.5), st.just(date(2024, 1, 31)))
conditions = words.filter(str.strip)
ranges = st.one_of(st.integers(-5, 5).map(lambda least: [least, least + 1]), st.lists(words, min_size=2, max_size=2))
bounds = st.fixed_dictionaries({"min": st.integers(0, 3)}, optional={"max": st.integers(3, 9)})
extras = {"severity": st.sampled_from(["error", "warn"]), "where": conditions, "name": words, "description": words}
column_checks = st.one_of(
    st.sampled_from(["not_null", "unique"]),
    optional({"not_null": st.just(True)}, **extras),
    optional({"between": ranges}, **extras),
    optional({"min": scalars}, **extras),
    optional({"max": scalars}, **extras),
    ranges.map(lambda pair: {"min": pair[0], "max": pair[1]}),
    optional({"accepted_values": st.lists(scalars, min_size=1, max_size=3)}, **extras),
    optional({"pattern": words}, **extras),
    optional({"length": bounds}, **extras),
    optional({"references": st.just("orders.id")}, **extras),
    optional({"expression": conditions}, **extras),
)
columns = st.one_of(words, optional({}, type=words, description=words, checks=st.lists(column_checks, max_size=2)))
asset_checks = st.one_of(
    optional({"row_count": bounds}, **extras),
    optional({"unique": st.lists(words, min_size=1, max_size=2, unique_by=str.casefold)}, **extras),
    optional({"query": conditions}, **extras),
)
crons = st.sampled_from(["0 6 * * *", "@hourly"])
schedules = st.one_of(
    crons,
    optional({"cron": crons}, timezone=st.sampled_from(["UTC", "Europe/Berlin"])),
    st.just({"every": "2h"}),
)
common = {
    "description": words,
    "owner": words,
    "tags": strings,
    "columns": st.dictionaries(names, columns, max_size=2),
    "checks": st.lists(asset_checks, max_size=2),
    "order_by": strings,
    "rebuild": st.sampled_from(["on_change", "always"]),
    "prevent_destroy": st.booleans(),
    "contract": st.sampled_from(["freeze", "evolve"]),
    "schedule": schedules,
    "priority": st.integers(-100, 100),
    "resources": optional({}, memory=st.sampled_from(["2GB", "50%"]), cpus=st.integers(1, 4), pools=strings),
}
builds = {"build": st.sampled_from(["table", "view", {"mode": "table"}, {"mode": "view"}, {}])}
options = optional(
    {}, delimiter=words, header=st.booleans(), null=st.one_of(words, st.just(["NA"])), skip_rows=st.just(1)
)
sources = optional(
    {"path": st.one_of(words, st.lists(words, min_size=1, max_size=2))},
    format=st.sampled_from(["csv", "json", "parquet"]),
    options=options,
    **common,
    **builds,
)
queries = optional(
    {"query": words}, dialect=st.just("duckdb"), ignore=st.sampled_from([[], ["VP313", "VP318"]]), **common, **builds
)
inputs = st.one_of(words, strings, optional({}, asset=words, columns=strings))
functions = optional(
    {"function": st.just("shop.churn:score")}, inputs=st.dictionaries(names, inputs, max_size=2), **common
)
pipelines = optional(
    {"name": names.map(lambda name: "p_" + name)},
    description=words,
    tags=strings,
    schedule=schedules,
    priority=st.integers(-100, 100),
    publish=st.sampled_from(["component", "each"]),
)
task_common = {
    "description": words,
    "after": strings,
    "when": words,
    "run_if": st.sampled_from(["all_success", "any_failed", "always"]),
    "inputs": st.dictionaries(names, words, max_size=1),
    "outputs": st.dictionaries(names, st.sampled_from(["bigint", {"type": "json", "from": "/id"}]), max_size=1),
    "retry": st.just(3),
    "timeout": st.just("5m"),
    "run": st.sampled_from(["when_due", "always"]),
}
commands = optional(
    {"command": st.one_of(st.just("true"), st.just(["echo", "x"]))},
    env=st.dictionaries(names, words, max_size=1),
    **task_common,
)
calls = optional({"function": st.just("shop.churn:tell")}, **task_common)
statements = optional(
    {"connection": st.just("base"), "statement": st.one_of(words, st.lists(words, min_size=1, max_size=2))},
    transaction=st.booleans(),
    **task_common,
)
request = {
    "url": st.sampled_from(["https://x.example/$env", "secret:HOOK"]),
    "method": st.sampled_from(["GET", "POST"]),
    "headers": st.dictionaries(names, words, max_size=1),
    "query": st.dictionaries(names, scalars, max_size=1),
    "auth": st.sampled_from(["secret:KEY", {"token": "secret:KEY"}, {"user": "ann", "password": "secret:KEY"}]),
    "json": st.sampled_from([{"a": ["$env", 1]}, ["x"], "$now"]),
    "expect": st.lists(st.integers(100, 599), max_size=2),
    "certificates": words,
}
url = {"url": request.pop("url")}
waiting = {"every": st.just("1m"), "on_timeout": st.sampled_from(["fail", "skip"])}
containers = optional(
    {"image": st.just("alpine")},
    command=strings,
    env=st.dictionaries(names, words, max_size=1),
    volumes=st.sampled_from([[], ["data:/data", "./x:/x:ro"]]),
    memory=st.just("512MB"),
    cpus=st.sampled_from([1, 0.5]),
    engine=st.sampled_from(["docker", "podman"]),
    network=words,
    **task_common,
)
messages = st.one_of(
    optional({"to": st.just("webhook"), "message": words, **url}, title=words, **task_common),
    optional(
        {
            "to": st.just("email"),
            "message": words,
            "connection": st.just("office"),
            "recipients": st.just(["data@x.example"]),
        },
        **task_common,
    ),
)
moments = st.sampled_from(["06:30", "2026-03-01T06:30:00Z", time(6, 30), datetime(2026, 3, 1, 6, 30, tzinfo=UTC)])
waits = optional(
    {},
    file=st.dictionaries(
        names.map(lambda name: "h_" + name),
        optional(
            {"path": st.just("inbox/*.csv")},
            min_size=st.just(1),
            unchanged_for=st.just("1m"),
            **waiting,
            **task_common,
        ),
        max_size=1,
    ),
    sql=st.dictionaries(
        names.map(lambda name: "i_" + name),
        optional({"connection": st.just("base"), "query": st.just("select 1")}, **waiting, **task_common),
        max_size=1,
    ),
    http=st.dictionaries(
        names.map(lambda name: "j_" + name), optional(url, **request, **waiting, **task_common), max_size=1
    ),
    asset=st.dictionaries(
        names.map(lambda name: "k_" + name),
        optional({"asset": words}, environment=words, newer_than=st.just("1d"), **waiting, **task_common),
        max_size=1,
    ),
    time=st.dictionaries(
        names.map(lambda name: "l_" + name),
        st.one_of(
            optional({"at": moments}, time_zone=st.just("Europe/Berlin"), **waiting, **task_common),
            optional({"delay": st.just("5m")}, **task_common),
        ),
        max_size=1,
    ),
)
tasks = optional(
    {},
    shell=st.dictionaries(names.map(lambda name: "c_" + name), commands, max_size=1),
    python=st.dictionaries(names.map(lambda name: "d_" + name), calls, max_size=1),
    sql=st.dictionaries(names.map(lambda name: "e_" + name), statements, max_size=1),
    http=st.dictionaries(names.map(lambda name: "g_" + name), optional(url, **request, **task_common), max_size=1),
    container=st.dictionaries(names.map(lambda name: "m_" + name), containers, max_size=1),
    notify=st.dictionaries(names.map(lambda name: "n_" + name), messages, max_size=1),
    wait=waits,
)
documents = optional(
    {"pipeline": pipelines},
    source=st.fixed_dictionaries({"file": st.dictionaries(names.map(lambda name: "f_" + name), sources, max_size=1)}),
    sql=st.dictionaries(names.map(lambda name: "s_" + name), queries, max_size=2),
    python=st.dictionaries(names.map(lambda name: "y_" + name), functions, max_size=1),
    task=tasks,
    moved=st.lists(
        optional({"from": st.sampled_from(["a", "p.a.c"]), "to": st.sampled_from(["b", "p.a"])}), max_size=2
    ),
    adopt=st.lists(optional({"asset": st.just("zz"), "path": words}), max_size=1),
    removed=st.lists(optional({"asset": st.sampled_from(["old_orders", "other.old"])}, reason=words), max_size=2),
)
variables = st.one_of(scalars, optional({"type": words, "default": scalars}, description=words))
servers = st.one_of(
    st.just({"url": "secret:URL"}),
    optional({}, host=words, port=st.integers(1, 65535), database=words, user=words, password=st.just("secret:PW")),
)
connections = optional(
    {},
    postgres=st.dictionaries(names.map(lambda name: "p_" + name), servers, max_size=1),
    mysql=st.dictionaries(names.map(lambda name: "m_" + name), servers, max_size=1),
    sqlite=st.dictionaries(names.map(lambda name: "s_" + name), st.just({"path": "data/x.db"}), max_size=1),
    smtp=st.dictionaries(
        names.map(lambda name: "o_" + name),
        optional({"host": words}, security=st.sampled_from(["starttls", "tls", "none"]), sender=words),
        max_size=1,
    ),
)
projects = optional(
    {"project": optional({"name": words}, modules=strings, description=words)},
    variables=st.dictionaries(names, variables, max_size=2),
    environment=st.dictionaries(names, optional({}, protected=st.booleans(), description=words), max_size=2),
    connection=connections,
    executor=optional({}, kind=st.sampled_from(["threads", "inline"]), workers=st.just(2), memory=st.just("4GB")),
    defaults=optional({}, owner=words, tags=strings, build=st.just("view"), check_severity=st.just("warn")),
    storage=optional({}, path=words),
    state=optional({}, url=words),
)


def spots(node: Any) -> list[tuple[Any, Any]]:
    """Every (container, key) in a document."""
    found = []
    for key, value in list(node.items()) if isinstance(node, dict) else list(enumerate(node)):
        found.append((node, key))
        if isinstance(value, dict | list):
            found += spots(value)
    return found


@st.composite
def mutated(draw: st.DrawFn, base: st.SearchStrategy[dict[str, Any]]) -> dict[str, Any]:
    """A document with one thing changed somewhere: a key removed, added or renamed, or a value of another type."""
    document = copy.deepcopy(draw(base))
    container, key = draw(st.sampled_from(spots(document)))
    match draw(st.sampled_from(["replace", "remove", "add", "rename"])):
        case "replace":
            container[key] = draw(st.sampled_from(["text", 7, True, 0.5, [], ["x"], {}, {"x": 1}, date(2024, 1, 31)]))
        case "remove":
            del container[key]
        case "add" if isinstance(container, dict):
            container[draw(st.sampled_from(["zzz", "name", "query", "checks"]))] = draw(
                st.sampled_from(["text", 7, {}])
            )
        case "rename" if isinstance(container, dict):
            container["zzz"] = container.pop(key)
    return document


def with_iso_dates(value: Any) -> Any:
    match value:
        case dict():
            return {key: with_iso_dates(item) for key, item in value.items()}
        case list():
            return [with_iso_dates(item) for item in value]
        case date() | datetime() | time():
            return value.isoformat()
    return value


@pytest.fixture(scope="module")
def empty_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("project")


def structural(code: str, detail: str) -> bool:
    """Whether a mistake lies in the structure, which the schema judges too; later passes only add mistakes."""
    if code in ("VP101", "VP105", "VP107"):
        return True
    if code == "VP103":
        # JSON has no dates, so to the schema a date is a string.
        return "a variable has one type" not in detail and "found a date" not in detail
    if code == "VP102":
        return "below the header of the columns" not in detail
    return code == "VP104" and "The key" in detail


def compare(folder: Path, path: str, document: dict[str, Any], validator: jsonschema.Draft7Validator) -> None:
    text = tomli_w.dumps(document)
    texts = {"vp.toml": CASE, path: text}
    found = load_project(folder, texts=texts).diagnostics
    errors = [error.message for error in validator.iter_errors(with_iso_dates(tomllib.loads(text)))]
    if not found:
        assert not errors, text
    if any(structural(diagnostic.code, diagnostic.detail) for diagnostic in found):
        assert errors, (text, found)


@given(documents)
def test_good_pipelines_are_good_for_both(empty_folder: Path, document: dict[str, Any]) -> None:
    text = tomli_w.dumps(document)
    loaded = load_project(empty_folder, texts={"vp.toml": CASE, "a.vp.toml": text})
    assert not loaded.diagnostics, text
    PIPELINE.validate(with_iso_dates(tomllib.loads(text)))


@given(mutated(documents))
def test_bad_pipelines_are_bad_for_both(empty_folder: Path, document: dict[str, Any]) -> None:
    compare(empty_folder, "a.vp.toml", document, PIPELINE)


@given(projects)
def test_good_projects_are_good_for_both(empty_folder: Path, document: dict[str, Any]) -> None:
    text = tomli_w.dumps(document)
    assert not load_project(empty_folder, texts={"vp.toml": text}).diagnostics, text
    PROJECT.validate(with_iso_dates(tomllib.loads(text)))


@given(mutated(projects))
def test_bad_projects_are_bad_for_both(empty_folder: Path, document: dict[str, Any]) -> None:
    compare(empty_folder, "vp.toml", document, PROJECT)


GOOD = """\
#:schema ../schemas/pipeline.schema.json
[pipeline]
name = "shop"

[sql.daily]
query = 'select 1 as x'
columns.x = { type = "int", checks = ["not_null", { between = [2024-01-01, 2025-01-01] }] }
build = "view"
"""


def tombi(path: Path) -> subprocess.CompletedProcess[str]:
    binary = shutil.which("tombi", path=str(Path(sys.executable).parent)) or shutil.which("tombi")
    if binary is None:
        pytest.skip("the tombi command is not installed")
    return subprocess.run([binary, "lint", "--offline", path.name], cwd=path.parent, capture_output=True, text=True)


def test_a_generic_toml_editor_judges_by_the_schema(tmp_path: Path) -> None:
    shutil.copytree(REPOSITORY / "schemas", tmp_path / "schemas")
    (tmp_path / "pipelines").mkdir()
    good = tmp_path / "pipelines" / "good.vp.toml"
    good.write_text(GOOD)
    bad = tmp_path / "pipelines" / "bad.vp.toml"
    bad.write_text(GOOD.replace("columns.x", "colums.x"))
    assert tombi(good).returncode == 0, tombi(good).stderr
    assert tombi(bad).returncode != 0
    assert "colums" in tombi(bad).stdout + tombi(bad).stderr
