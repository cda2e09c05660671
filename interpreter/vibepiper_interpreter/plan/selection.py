"""Which assets and tasks a selection names: `orders`, `shop.orders`, `shop.*`, `orders+`, `+orders`, `tag:x`, …"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from vibepiper_interpreter.compile.compiled import CompiledProject
from vibepiper_spec.address import Address
from vibepiper_spec.diagnostics import Diagnostic, DiagnosticError, Fix, did_you_mean


@dataclass(frozen=True, slots=True)
class Term:
    """One word of a selection. `upstream`: with all it is made from (`+x`); `downstream`: with all readers (`x+`)."""

    written: str
    kind: str  # tag, pipeline, or name
    value: str
    upstream: bool
    downstream: bool


def parse_term(written: str) -> Term:
    """One word of a selection.

    >>> parse_term("+tag:daily")
    Term(written='+tag:daily', kind='tag', value='daily', upstream=True, downstream=False)
    """
    body = written.strip().casefold()
    upstream, downstream = body.startswith("+"), body.endswith("+")
    body = body.removeprefix("+").removesuffix("+")
    kind, colon, value = body.partition(":")
    if colon and kind in ("tag", "pipeline"):
        return Term(written, kind, value, upstream, downstream)
    return Term(written, "name", body, upstream, downstream)


def select(project: CompiledProject, removed: Iterable[Address], selection: Sequence[str]) -> frozenset[Address]:
    """Every asset and task that any word names. `removed` are published and no longer declared: they can be named too.

    VP207 for each word that names nothing.
    """
    gone = tuple(removed)
    before, after = _neighbours(project)
    chosen: set[Address] = set()
    mistakes = []
    for written in selection:
        term = parse_term(written)
        named = _named(project, gone, term)
        if not named:
            mistakes.append(_matches_nothing(project, gone, term))
        chosen |= named
        if term.upstream:
            chosen |= _reach(named, lambda address: before.get(address, ()))
        if term.downstream:
            chosen |= _reach(named, lambda address: after.get(address, ()))
    if mistakes:
        raise DiagnosticError(mistakes)
    return frozenset(chosen)


def _named(project: CompiledProject, removed: Sequence[Address], term: Term) -> set[Address]:
    match term.kind:
        case "tag":
            return {
                address
                for address, tags in _tags(project).items()
                if any(fnmatchcase(tag.casefold(), term.value) for tag in tags)
            }
        case "pipeline":
            return {address for address in _all(project, removed) if fnmatchcase(address.pipeline, term.value)}
    # A name without its pipeline is looked for in all of them.
    whole = "." in term.value
    return {
        address
        for address in _all(project, removed)
        if fnmatchcase(str(address) if whole else address.name, term.value)
    }


def _all(project: CompiledProject, removed: Sequence[Address]) -> list[Address]:
    return [*project.assets, *project.operators, *removed]


def _tags(project: CompiledProject) -> dict[Address, tuple[str, ...]]:
    tags = {asset.address: asset.tags for asset in project.assets.values()}
    return tags | {operator.address: operator.tags for operator in project.operators.values()}


def _neighbours(project: CompiledProject) -> tuple[dict[Address, list[Address]], dict[Address, list[Address]]]:
    """What each asset or task is made from or comes after, and the other way round."""
    before = {asset.address: [read.address for read in asset.inputs] for asset in project.assets.values()}
    for operator in project.operators.values():
        before[operator.address] = list(operator.after)
        for asset in operator.before:
            before.setdefault(asset, []).append(operator.address)
    after: dict[Address, list[Address]] = {}
    for address, others in before.items():
        for other in others:
            after.setdefault(other, []).append(address)
    return before, after


def _reach(start: Iterable[Address], step: Callable[[Address], Iterable[Address]]) -> set[Address]:
    found: set[Address] = set()
    waiting = list(start)
    while waiting:
        for address in step(waiting.pop()):
            if address not in found:
                found.add(address)
                waiting.append(address)
    return found


def _matches_nothing(project: CompiledProject, removed: Sequence[Address], term: Term) -> Diagnostic:
    known: Mapping[str, Callable[[], Iterable[str]]] = {
        "tag": lambda: sorted({tag for tags in _tags(project).values() for tag in tags}),
        "pipeline": lambda: sorted({address.pipeline for address in _all(project, removed)}),
        "name": lambda: sorted(
            str(address) if "." in term.value else address.name for address in _all(project, removed)
        ),
    }
    noun = "asset or task" if project.operators else "asset"
    what = "pipeline has the name" if term.kind == "pipeline" else f"{noun} has the {term.kind}"
    return Diagnostic(
        "VP207",
        f"No {what} `{term.value}`, which `{term.written}` selects.{did_you_mean(term.value, known[term.kind]())}",
        fix=Fix(
            "Name an asset (`orders`, `shop.orders`, `shop.*`), `tag:NAME` or `pipeline:NAME`, each with `+` or not."
        ),
    )
