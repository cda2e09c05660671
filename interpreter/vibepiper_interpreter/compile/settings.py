"""Pass: the environment exists, and its variables have values and types."""

from __future__ import annotations

from dataclasses import replace

from vibepiper_interpreter.compile.compilation import Compilation, Workshop
from vibepiper_interpreter.compile.placing import at_value
from vibepiper_interpreter.engines.duckdb.types import canonical_type
from vibepiper_spec.diagnostics import Diagnostic, Fix, did_you_mean
from vibepiper_spec.load.origin import Origin

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
    variables = {name.lower(): value for name, value in settings.variables_of(state.environment).items()}
    return replace(state, variables=variables, parameter_types=types), diagnostics


def unknown_environment(name: str, known: tuple[str, ...]) -> Diagnostic:
    """VP601; it has no place, for the name comes from the command line."""
    return Diagnostic(
        "VP601",
        f"There is no environment `{name}`.{did_you_mean(name, known)} "
        f"The project has {', '.join(f'`{item}`' for item in known)}.",
        fix=Fix(f"Declare it in `vp.toml`: `[environment.{name}]`."),
    )
