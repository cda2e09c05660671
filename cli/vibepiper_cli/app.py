"""The verbs of `vp`: a table of names, and a group that imports a verb only when it is called."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from vibepiper_cli.invocation import Invocation
from vibepiper_cli.version import version_line
from vibepiper_spec.diagnostics.suggest import did_you_mean

# In the order in which one meets them. The text is the first line of the verb's help (held by a test).
VERBS: dict[str, str] = {
    "new": "Make a small working project",
    "validate": "Check all specs, without planning or running anything",
    "plan": "Show what would change, and why",
    "apply": "Make it so: run the plan, check the results, publish them",
    "test": "Try assets over the rows that their tests give, and make nothing",
    "run": "Do what is due now: schedules, missing intervals, new data",
    "cancel": "Ask a running apply to stop, wherever it runs",
    "retry": "Do again what failed in a run, and what waited for it",
    "diff": "Compare what two environments show",
    "promote": "Let one environment show what another one shows",
    "undo": "Go back to what was published before a run",
    "show": "Show an asset (columns, lineage, status, rows) or a task (what it does, what became of it)",
    "query": "Run SQL against what is published",
    "runs": "List past runs, show one, or print its logs",
    "state": "Show what state there is; back it up, restore or verify it",
    "lineage": "Show where an asset or a column comes from, and who reads it",
    "explain": "Explain a diagnostic code",
    "fmt": "Lay out specs in the canonical form, keeping comments",
    "codegen": "Write typed Python for the project's tables",
    "export": "Turn what Python declares into specs",
    "schema": "Write the JSON schemas that editors use",
    "lsp": "Serve an editor: mistakes as they are typed, fixes, outline, layout",
    "clean": "Delete stored data that nothing points to",
    "doctor": "Check this machine and this project for trouble",
    "completion": "Print the completion script for a shell",
}

# Set by the completion scripts of the shells when they ask.
COMPLETION_VARIABLE = "_VP_COMPLETE"

_HELP = """
Data pipelines as typed TOML: plan exactly what would change, apply it, lose nothing.

\b
Start here:
  vp new shop && cd shop
  vp plan
  vp apply
"""


def _set_project(context: typer.Context, directory: Path | None) -> None:
    if directory is not None:
        Invocation.of(context).directory = directory


def _set_colour(context: typer.Context, no_color: bool) -> None:
    if no_color:
        Invocation.of(context).printer.colour = False


def _global_options(
    project: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="The project's folder, or one below it.  [default: here]", callback=_set_project
        ),
    ] = None,
    no_color: Annotated[
        bool, typer.Option("--no-color", help="No colour, as with NO_COLOR=1.", callback=_set_colour)
    ] = False,
) -> None:
    """Options that may stand before or after the verb; their callbacks do all the work."""


class VerbGroup(TyperGroup):
    """Lists the verbs without importing them."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        return load_verb(cmd_name) if cmd_name in VERBS else None

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args[0] not in VERBS and not args[0].startswith("-"):
            ctx.fail(f"`vp` has no verb `{args[0]}`.{did_you_mean(args[0], VERBS)}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        with formatter.section("Verbs"):
            formatter.write_dl(list(VERBS.items()))
        formatter.write("\nExamples and options of a verb: vp VERB --help\n")


def load_verb(name: str) -> Any:
    """The command of a verb: the function of its own name in its module, or a ready-made `app` for verbs with
    verbs of their own, plus the global options."""
    module = import_module(f"vibepiper_cli.verbs.{name}")
    app: typer.Typer | None = getattr(module, "app", None)
    if app is None:
        app = _single(getattr(module, name))
    command = typer.main.get_command(app)
    command.name = name
    for nested in (command, *getattr(command, "commands", {}).values()):
        nested.params.extend(_global_parameters())
    return command


def build_app() -> Any:
    """The whole command line, for `main`."""
    app = typer.Typer(
        name="vp",
        cls=VerbGroup,
        help=_HELP,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
        subcommand_metavar="VERB [ARGUMENTS]...",
    )
    app.callback()(_root)
    group = typer.main.get_command(app)
    # Typer makes its shells known where it adds its two options; `vp completion` is ours for the same.
    group.params = [param for param in group.params if not str(param.name).endswith("_completion")]
    group.params.extend(_global_parameters())
    return group


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(version_line())
        raise typer.Exit


def _root(
    # `main` answers `vp --version` before this module is imported; this is for `vp --project DIR --version`.
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", callback=_print_version, is_eager=True)
    ] = False,
) -> None: ...


def _single(function: Callable[..., Any]) -> typer.Typer:
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    app.command()(function)
    return app


def _global_parameters() -> list[Any]:
    parameters = typer.main.get_command(_single(_global_options)).params
    for parameter in parameters:
        parameter.expose_value = False
    return list(parameters)
