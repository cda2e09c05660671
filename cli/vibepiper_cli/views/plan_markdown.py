"""A plan as Markdown, for a comment on a pull request: the count, a table, and the columns of each asset."""

from __future__ import annotations

from collections.abc import Iterable

from vibepiper_cli.views.operator import news_in_words
from vibepiper_cli.views.plan import actions_in_words, columns_in_words, in_words, notes_in_words, nothing_in_words
from vibepiper_cli.views.words import count, listed
from vibepiper_interpreter.plan.plan import Action, Plan
from vibepiper_spec.diagnostics import Diagnostic

# A comment takes 65,536 characters, and nobody reads so many rows.
_MOST_ROWS = 100


def render_markdown(plan: Plan, diagnostics: Iterable[Diagnostic]) -> str:
    """`plan` and the warnings about its specs. Every name stands in backticks, so none can be taken for Markdown."""
    blocks = [f"### VibePiper: plan for `{plan.environment}`"]
    if plan.empty:
        blocks.append(nothing_in_words(plan))
    else:
        blocks.append(f"**{actions_in_words(plan)}**")
        blocks.append(_table(plan.actions))
        blocks += _details(plan.actions)
    blocks += notes_in_words(plan)
    blocks += _warnings(diagnostics)
    return "\n\n".join(blocks)


def _table(actions: tuple[Action, ...]) -> str:
    rows = ["| | asset or task | why | reaches |", "| --- | --- | --- | --- |"]
    for action in actions[:_MOST_ROWS]:
        verb = f"perhaps {action.verb}" if action.expected == "keep" else action.verb
        why = "; ".join(reason.words for reason in action.reasons)
        if action.conditions and action.verb == "do":
            why = "; ".join(filter(None, (why, f"only if {news_in_words(action.conditions)}")))
        elif action.conditions:
            why += f"; unless {in_words(action.conditions)}"
        rows.append(f"| {verb} | `{action.address}` | {_cell(why)} | {listed(action.reaches, most=4)} |")
    if len(actions) > _MOST_ROWS:
        rows.append(f"| | and {count(len(actions) - _MOST_ROWS, 'more action')} | | |")
    return "\n".join(rows)


def _details(actions: tuple[Action, ...]) -> list[str]:
    """The columns that change, folded away: most readers want to know that they do, and few how."""
    changed = [action for action in actions[:_MOST_ROWS] if action.column_changes]
    if not changed:
        return []
    lines = ["<details><summary>Columns</summary>", ""]
    for action in changed:
        lines.append(f"- `{action.address}`")
        lines += [f"  - {words}" for words in columns_in_words(action.column_changes)]
    return ["\n".join([*lines, "", "</details>"])]


def _warnings(diagnostics: Iterable[Diagnostic]) -> list[str]:
    lines = []
    for found in diagnostics:
        where = "" if found.place is None else f" `{found.place.path}:{found.place.range.start_line}`"
        lines.append(f"- **{found.code}**{where} {found.detail}")
    if not lines:
        return []
    return ["\n".join([f"<details><summary>{count(len(lines), 'warning')}</summary>", "", *lines, "", "</details>"])]


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
