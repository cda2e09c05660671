"""Brings stubs up to date before a verb plans, where a project has them; never keeps it from going on."""

from __future__ import annotations

from vibepiper_cli.invocation import Invocation
from vibepiper_cli.options import DEFAULT_ENVIRONMENT
from vibepiper_cli.project import find_root
from vibepiper_cli.views.diagnostics import show_diagnostics
from vibepiper_cli.views.words import count
from vibepiper_interpreter.state import applied_sources
from vibepiper_spec.diagnostics import DiagnosticError
from vibepiper_spec.load.scan import PROJECT_FILE, STUBS_FOLDER


def keep_stubs_fresh(invocation: Invocation, *, quiet: bool) -> None:
    """Before planning, for what a function uses of them when it runs is part of what it means.

    They are the same whatever environment is planned for. Whatever is wrong with the specs, planning tells.
    """
    try:
        root = find_root(invocation)
        # Most projects have none, and need not load the models to know it.
        if b"codegen" not in (root / PROJECT_FILE).read_bytes() and not (root / STUBS_FOLDER).is_dir():
            return
        from vibepiper_spec import load_settings

        settings = load_settings(root)
        if "codegen" not in settings.model_fields_set and not (root / settings.codegen.path).is_dir():
            return
        from vibepiper_codegen.stubs.generate import bring_up_to_date

        done, _ = bring_up_to_date(root, DEFAULT_ENVIRONMENT, applied_sources)
    except (DiagnosticError, OSError) as error:
        if isinstance(error, OSError):
            invocation.printer.talk(f"The stubs could not be brought up to date: {error}\n")
        return
    show_diagnostics(done.as_warnings, invocation)
    changed = len(done.written) + len(done.removed)
    if changed and not quiet:
        invocation.printer.talk(f"Brought {count(changed, 'stub')} in `{settings.codegen.path}` up to date.\n")
