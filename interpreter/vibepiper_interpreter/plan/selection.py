"""Which assets a selection names: `orders`, `shop.orders`, `shop.*`, `orders+`, `+orders`, `tag:x`, `pipeline:x`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from vibepiper_interpreter.compile.compiled import CompiledAsset, CompiledProject
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
    """Every asset that any word names. `removed` are published and no longer declared: they can be named too.

    VP207 for each word that names nothing.
    """
    gone = tuple(removed)
    readers = project.readers()
    chosen: set[Address] = set()
    mistakes = []
    for written in selection:
        term = parse_term(written)
        named = _named(project, gone, term)
        if not named:
            mistakes.append(_matches_nothing(project, gone, term))
        chosen |= named
        if term.upstream:
            chosen |= _reach(named, lambda address: _inputs(project, address))
        if term.downstream:
            chosen |= _reach(named, lambda address: readers.get(address, ()))
    if mistakes:
        raise DiagnosticError(mistakes)
    return frozenset(chosen)


def _named(project: CompiledProject, removed: Sequence[Address], term: Term) -> set[Address]:
    match term.kind:
        case "tag":
            return {
                asset.address
                for asset in project.assets.values()
                if any(fnmatchcase(tag.casefold(), term.value) for tag in asset.tags)
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
    return [*project.assets, *removed]


def _inputs(project: CompiledProject, address: Address) -> tuple[Address, ...]:
    asset: CompiledAsset | None = project.assets.get(address)
    return () if asset is None else tuple(read.address for read in asset.inputs)


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
        "tag": lambda: sorted({tag for asset in project.assets.values() for tag in asset.tags}),
        "pipeline": lambda: sorted({address.pipeline for address in _all(project, removed)}),
        "name": lambda: sorted(
            str(address) if "." in term.value else address.name for address in _all(project, removed)
        ),
    }
    what = {"tag": "asset has the tag", "pipeline": "pipeline has the name", "name": "asset has the name"}[term.kind]
    return Diagnostic(
        "VP207",
        f"No {what} `{term.value}`, which `{term.written}` selects.{did_you_mean(term.value, known[term.kind]())}",
        fix=Fix(
            "Name an asset (`orders`, `shop.orders`, `shop.*`), `tag:NAME` or `pipeline:NAME`, each with `+` or not."
        ),
    )
