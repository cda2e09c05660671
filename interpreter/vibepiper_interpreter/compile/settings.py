"""Pass: the environment exists, and its variables have values and types."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from vibepiper_interpreter.compile.compilation import Compilation, Workshop
from vibepiper_interpreter.compile.placing import at_value
from vibepiper_interpreter.engines.duckdb.parameters import cast_failure
from vibepiper_interpreter.engines.duckdb.types import canonical_type
from vibepiper_spec.diagnostics import Diagnostic, Fix, did_you_mean
from vibepiper_spec.load.origin import Origin
from vibepiper_spec.model.variable import inferred_type

# Parameters that every query may name beside the declared variables.
BUILT_IN_PARAMETERS = {"env": "VARCHAR", "now": "TIMESTAMP WITH TIME ZONE"}


def resolve_settings(state: Compilation, workshop: Workshop) -> tuple[Compilation, list[Diagnostic]]:
    """Fills `variables` and `parameter_types`."""
    settings = state.loaded.project.settings
    known = settings.environment_names()
    diagnostics: list[Diagnostic] = []
    if state.environment not in known:
        diagnostics.append(unknown_environment(state.environment, known))
    types = dict(BUILT_IN_PARAMETERS)
    for name, variable in settings.variables.items():
        kind = canonical_type(variable.type)
        if isinstance(kind, str):
            types[name.lower()] = kind
        else:
            origin = Origin("vp.toml", ("variables",))
            diagnostics.append(at_value(state.loaded.locator, origin, (name, "type"), kind))
    values = settings.variables_of(state.environment)
    diagnostics += _misfits(state, workshop, {name: types[name.lower()] for name in values if name.lower() in types})
    variables = {name.lower(): value for name, value in values.items()}
    return replace(state, variables=variables, parameter_types=types), diagnostics


def _misfits(state: Compilation, workshop: Workshop, types: Mapping[str, str]) -> Iterator[Diagnostic]:
    """VP103 for every value that SQL cannot cast to the type of its variable."""
    settings = state.loaded.project.settings
    overlay = settings.environment.get(state.environment)
    for name, value in settings.variables_of(state.environment).items():
        if name not in types or types[name] == canonical_type(inferred_type(value)):
            continue
        why = cast_failure(workshop.connection, value, types[name])
        if why is not None:
            varied = overlay is not None and name in overlay.variables
            keys = ("environment", state.environment, "variables", name) if varied else ("variables", name, "default")
            yield Diagnostic(
                "VP103",
                f"The value of the variable `{name}` is no {types[name]}: {why}",
                state.loaded.locator.place(Origin("vp.toml", ()), *keys),
                fix=Fix(f"Write a value of the type {types[name]}, or declare another type."),
            )


def unknown_environment(name: str, known: tuple[str, ...]) -> Diagnostic:
    """VP601; it has no place, for the name comes from the command line."""
    return Diagnostic(
        "VP601",
        f"There is no environment `{name}`.{did_you_mean(name, known)} "
        f"The project has {', '.join(f'`{item}`' for item in known)}.",
        fix=Fix(f"Declare it in `vp.toml`: `[environment.{name}]`."),
    )
