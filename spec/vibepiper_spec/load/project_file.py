"""Reads `vp.toml`: the settings of the project, and what they say of each other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from vibepiper_spec.diagnostics import did_you_mean, nearest
from vibepiper_spec.load.connections import names_declared_twice
from vibepiper_spec.load.origin import Origin
from vibepiper_spec.load.parse import ParsedFile
from vibepiper_spec.load.problem import Problem
from vibepiper_spec.load.scan import PROJECT_FILE
from vibepiper_spec.load.validate import validate
from vibepiper_spec.model.document import CHANGE_KINDS
from vibepiper_spec.model.names import NAME_RULE, is_name, suggest_name
from vibepiper_spec.model.scalar import describe_type
from vibepiper_spec.model.settings import ProjectHeader, ProjectSettings
from vibepiper_spec.model.shape import keys_of
from vibepiper_spec.model.variable import inferred_type
from vibepiper_spec.secrets import SECRET_PREFIX

_WHOLE = Origin(PROJECT_FILE)
_PIPELINE_ROOTS = ("pipeline", "source", "sql", "python", *CHANGE_KINDS)


def empty_settings(folder_name: str) -> ProjectSettings:
    """What holds where `vp.toml` cannot be read, so that the pipelines can still be judged."""
    return ProjectSettings(project=ProjectHeader(name=folder_name))


def read_project_file(parsed: ParsedFile, folder_name: str) -> tuple[ProjectSettings, list[Problem]]:
    problems: list[Problem] = []
    readable = {}
    for key, table in parsed.data.items():
        if key in keys_of(ProjectSettings):
            readable[key] = table
        else:
            problems.append(_unknown_root(key, table))
    settings, mistakes = validate(ProjectSettings, readable, _WHOLE)
    if parsed.broken:
        mistakes = [mistake for mistake in mistakes if mistake.code != "VP104"]
    problems += mistakes
    if settings is None:
        return _what_is_sound(readable, folder_name), problems
    return settings, problems + list(_contradictions(settings))


def lost_variables(parsed: ParsedFile, settings: ProjectSettings) -> frozenset[str] | None:
    """The variables that are declared and could not be read; None where it cannot be told which those are."""
    declared = parsed.data.get("variables", {})
    if parsed.is_broken(("variables",)) or not isinstance(declared, dict):
        return None
    return frozenset(name.lower() for name in declared if name not in settings.variables)


def _what_is_sound(tables: dict[str, object], folder_name: str) -> ProjectSettings:
    """The settings made of those top tables, variables and environments that have no error."""
    sound: dict[str, object] = {"project": {"name": folder_name}}

    def fits(key: str, table: object) -> bool:
        return validate(ProjectSettings, {**sound, key: table}, _WHOLE)[0] is not None

    for key, table in tables.items():
        if fits(key, table):
            sound[key] = table
        elif key in ("variables", "environment") and isinstance(table, dict):
            sound[key] = {name: entry for name, entry in table.items() if fits(key, {name: entry})}
    settings, _ = validate(ProjectSettings, sound, _WHOLE)
    return settings or empty_settings(folder_name)


def _unknown_root(key: str, table: object) -> Problem:
    if key in _PIPELINE_ROOTS:
        header = f"[[{key}]]" if key in CHANGE_KINDS else f"[{key}…]"
        return Problem(
            "VP105",
            f"`{header}` belongs into a file of a pipeline, not into `vp.toml`.",
            Origin(PROJECT_FILE, (key,)),
            part="header",
            fix="Move the block to a file whose name ends in `.vp.toml`.",
        )
    known = keys_of(ProjectSettings)
    if not isinstance(table, dict):
        below_project = key in keys_of(ProjectHeader)
        return Problem(
            "VP102" if below_project else "VP101",
            f"`{key}` is a key of `[project]`, but it stands above every header."
            if below_project
            else f"`{key}` stands above every header, where no keys are allowed.",
            _WHOLE,
            (key,),
            part="key",
            fix="Move the line below the header of its table.",
        )
    match = nearest(key, known)
    return Problem(
        "VP105",
        f"There is no block named `{key}` in `vp.toml`.{did_you_mean(key, known)}",
        Origin(PROJECT_FILE, (key,)),
        part="header",
        fix=f"Write `[{match}]`." if match else "Known blocks: " + ", ".join(f"`[{name}]`" for name in known) + ".",
    )


def _contradictions(settings: ProjectSettings) -> Iterator[Problem]:
    yield from _names(settings)
    yield from names_declared_twice(settings)
    for environment in settings.environment:
        yield from _overlay(settings, environment)
    for name in settings.variables:
        for environment in settings.environment_names():
            if name not in settings.variables_of(environment):
                declared = environment in settings.environment
                yield Problem(
                    "VP603",
                    f"The variable `{name}` has no default, and the environment `{environment}` sets no value.",
                    Origin(PROJECT_FILE, ("environment", environment) if declared else ("variables",)),
                    () if declared else (name,),
                    part="header" if declared else "key",
                    fix=f"Add `variables.{name} = …` to `[environment.{environment}]`, or a `default` to the variable.",
                )


def _names(settings: ProjectSettings) -> Iterator[Problem]:
    tables: list[tuple[tuple[str, ...], Iterable[str]]] = [
        (("environment",), settings.environment),
        (("variables",), settings.variables),
    ]
    for connector, connections in settings.connection.by_connector().items():
        tables.append((("connection", connector), connections))
    for table, names in tables:
        for name in names:
            if not is_name(name):
                yield Problem(
                    "VP106",
                    f"`{name}` cannot be a name here: {NAME_RULE}.",
                    Origin(PROJECT_FILE, table),
                    (name,),
                    part="key",
                    fix=f"Call it `{suggest_name(name)}`.",
                )


def _overlay(settings: ProjectSettings, environment: str) -> Iterator[Problem]:
    origin = Origin(PROJECT_FILE, ("environment", environment))
    for name, value in settings.environment[environment].variables.items():
        keys = ("variables", name)
        variable = settings.variables.get(name)
        if variable is None:
            match = nearest(name, settings.variables)
            yield Problem(
                "VP603",
                f"There is no variable named `{name}`.{did_you_mean(name, settings.variables)}",
                origin,
                keys,
                part="key",
                fix=f"Write `{match}`." if match else f"Declare it: add `{name} = …` below `[variables]`.",
                replacement=match,
            )
        elif isinstance(value, str) and value.startswith(SECRET_PREFIX):
            yield Problem(
                "VP109",
                "A variable cannot be a secret: its value stands in plans and logs.",
                origin,
                keys,
                fix="Put the secret into a connection.",
            )
        elif variable.default is not None and not _alike(variable.default, value):
            yield Problem(
                "VP103",
                f"The default of `{name}` is {describe_type(variable.default)}, "
                f"but this is {describe_type(value)}: a variable has one type in all environments.",
                origin,
                keys,
                fix=f"Write a value of the type `{variable.type}`.",
                related=[(Origin(PROJECT_FILE, ("variables",)), (name,), "value", "The default")],
            )


def _alike(default: object, value: object) -> bool:
    def family(item: object) -> str:
        found = inferred_type(item)  # type: ignore[arg-type]  # both were checked to be scalars
        return "number" if found in ("bigint", "double") else found

    return family(default) == family(value)
