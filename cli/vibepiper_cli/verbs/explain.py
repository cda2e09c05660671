"""`vp explain`: the page of a diagnostic code."""

from __future__ import annotations

from typing import Annotated

import typer

from vibepiper_cli.exit_status import ExitStatus
from vibepiper_cli.failure import WrongUsage
from vibepiper_cli.invocation import Invocation
from vibepiper_cli.views.words import listed
from vibepiper_spec.diagnostics import CODES, explanation


def _codes(incomplete: str) -> list[tuple[str, str]]:
    return [(code.id, code.summary) for code in CODES.values() if code.id.startswith(incomplete.upper())]


def explain(
    context: typer.Context,
    code: Annotated[
        str | None,
        typer.Argument(
            metavar="CODE", help="As shown in `error[VP302]`; without it, all are listed.", autocompletion=_codes
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> ExitStatus:
    """Explain a diagnostic code

    Prints what it means, an example, and how to mend it.

    \b
    Example:
      vp explain VP302
    """
    invocation = Invocation.of(context)
    if code is None:
        return _list(invocation, json=json)
    known = CODES.get(_normal(code))
    if known is None:
        near = _nearest(code)
        raise WrongUsage(f"`{code}` is no diagnostic code.{f' Near: {listed(near)}.' if near else ''}")
    if json:
        invocation.printer.json({"code": known.id, "summary": known.summary, "page": explanation(known.id)})
    elif invocation.printer.data_paint.enabled:
        from vibepiper_cli.views.page import show_page

        show_page(explanation(known.id), invocation.printer)
    else:
        invocation.printer.data(explanation(known.id))
    return ExitStatus.OK


def _list(invocation: Invocation, *, json: bool) -> ExitStatus:
    if json:
        invocation.printer.json({"codes": {code.id: code.summary for code in CODES.values()}})
    else:
        invocation.printer.data("\n".join(f"{code.id}  {code.summary}" for code in CODES.values()))
    return ExitStatus.OK


def _normal(code: str) -> str:
    """`302`, `vp302` and `error[VP302]` all mean VP302."""
    digits = "".join(character for character in code if character.isdigit())
    return f"VP{digits:0>3}" if digits and len(digits) <= 3 else code.upper()


def _nearest(code: str) -> list[str]:
    """The codes closest in number, which are those of the same subject; by their summary where a word is given."""
    digits = "".join(character for character in code if character.isdigit())
    if digits:
        wanted = int(digits)
        return sorted(sorted(CODES, key=lambda known: abs(int(known[2:]) - wanted))[:3])
    return [found.id for found in CODES.values() if code.casefold() in found.summary.casefold()]
