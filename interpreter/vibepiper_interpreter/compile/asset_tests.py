"""Pass: every test as the planner sees it: something that is done before its asset is made, and must succeed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time
from typing import Any

from vibepiper_interpreter.compile.build_settings import Intervals, Partitions
from vibepiper_interpreter.compile.compilation import Compilation, Workshop
from vibepiper_interpreter.compile.compiled import Column, CompiledAsset, SqlDefinition
from vibepiper_interpreter.compile.compiled_operator import TEST, USUAL_NOW, CompiledOperator
from vibepiper_interpreter.compile.fingerprints import hash_json
from vibepiper_interpreter.compile.header_lines import HeaderLines
from vibepiper_interpreter.compile.serial import value_to_json
from vibepiper_interpreter.compile.written_rows import Keys, Table, read_rows
from vibepiper_spec.address import Address
from vibepiper_spec.diagnostics import Diagnostic, Fix, Place, TextEdit, did_you_mean, nearest
from vibepiper_spec.load.loaded import DeclaredTest
from vibepiper_spec.load.locator import Part


def compile_tests(state: Compilation, workshop: Workshop) -> tuple[Compilation, list[Diagnostic]]:
    """Adds the tests to `operators`, behind all others, in the order of their addresses."""
    lines = HeaderLines(state.root, state.loaded.locator)
    found = dict(state.recalled.tests)
    diagnostics: list[Diagnostic] = []
    for test in state.loaded.project.tests:
        reading = _Reading(state, workshop, test)
        operator = reading.compile(lines.line(test.origin))
        diagnostics += reading.diagnostics
        if operator is not None:
            found[test.address] = operator
    in_order = {address: found[address] for address in sorted(found)}
    return replace(state, operators={**state.operators, **in_order}), diagnostics


@dataclass(slots=True)
class _Reading:
    """One test, and what is wrong with it."""

    state: Compilation
    workshop: Workshop
    test: DeclaredTest
    diagnostics: list[Diagnostic] = field(default_factory=list)

    def compile(self, line: int) -> CompiledOperator | None:
        """None where something is wrong with it, or with its asset."""
        spec, test = self.test.spec, self.test
        asset = self._asset()
        if asset is None:
            return None
        expect = None
        if spec.expect is not None:
            expect = self._rows(("expect",), spec.expect, asset.given_columns, asset.address)
        settings: dict[str, Any] = {
            "asset": str(asset.address),
            "given": {str(address): rows for address, rows in self._given(asset).items()},
            "expect": expect,
            "expect_cte": self._of_ctes(asset),
            "variables": self._variables(),
            "now": value_to_json(moment(spec.now) or USUAL_NOW),
            "slice": value_to_json(self._slice(asset)),
        }
        if self.diagnostics:
            return None
        return CompiledOperator(
            address=test.address,
            kind=TEST,
            settings=settings,
            fingerprint=hash_json([TEST, settings, asset.fingerprint, self.state.environment]),
            before=(asset.address,),
            tests=asset,
            description=spec.description,
            declared_in=test.origin.path,
            declared_at_line=line,
        )

    def _asset(self) -> CompiledAsset | None:
        written, pipeline = self.test.spec.asset, self.test.address.pipeline
        address = self.state.names.resolve(written, pipeline)
        if address is None:
            self.diagnostics.append(self.state.names.unknown(written, pipeline, self._place("asset")))
            return None
        asset = self.state.assets.get(address)
        if asset is not None and asset.kind == "source":
            self._tell(
                "VP821",
                f"`{address}` is a source: it is made of nothing that could be given.",
                self._place("asset"),
                "Test an asset that reads it; what must hold of its rows is said by `checks`.",
            )
            return None
        return asset

    def _given(self, asset: CompiledAsset) -> dict[Address, Any]:
        """The rows of every input. Of its own past there are none where nothing is said."""
        spec, pipeline = self.test.spec, self.test.address.pipeline
        inputs = {read.address for read in asset.inputs}
        known = inputs | ({asset.address} if asset.own is not None else set())
        found: dict[Address, Any] = {}
        for name, rows in spec.given.items():
            address = self.state.names.resolve(name, pipeline)
            if address in known and address not in found:
                found[address] = self._rows(("given", name), rows, self._columns_of(address, asset), address)
                continue
            written = [each.name if each.pipeline == pipeline else str(each) for each in sorted(known)]
            near = nearest(name, written)
            place = self._place("given", name, part="key")
            what = "is given twice" if address in found else "is no input"
            self._tell(
                "VP821",
                f"`{name}` {what} of `{asset.address}`.{did_you_mean(name, written)}",
                place,
                f"Write `{near}`." if near else f"Its inputs are {_listed(written)}." if written else "It reads none.",
                (TextEdit(place, near),) if near else (),
            )
        for address in sorted(inputs - found.keys()):
            if self.diagnostics:
                break  # it may be the one that is misspelled
            name = address.name if address.pipeline == pipeline else f'"{address}"'
            self._tell(
                "VP823",
                f"The test does not say what `{asset.address}` reads of `{address}`.",
                self._place(part="header"),
                f"Add `given.{name} = [{{ … }}]`, or `given.{name} = []` for no rows.",
            )
        if asset.own is not None:
            found.setdefault(asset.address, {"columns": [[each.name, each.type] for each in asset.columns], "rows": []})
        return found

    def _columns_of(self, address: Address, asset: CompiledAsset) -> Sequence[Column]:
        return asset.columns if address == asset.address else self.state.columns.get(address, ())

    def _of_ctes(self, asset: CompiledAsset) -> dict[str, Any]:
        spec = self.test.spec
        if not spec.expect_cte:
            return {}
        from vibepiper_interpreter.engines.duckdb.cte_queries import cte_names  # the engine is slow to import

        names = cte_names(asset.definition.query) if isinstance(asset.definition, SqlDefinition) else ()
        known = {name.lower(): name for name in names}
        found: dict[str, Any] = {}
        for name, rows in spec.expect_cte.items():
            if name.lower() in known:
                found[known[name.lower()]] = self._rows(("expect_cte", name), rows, (), asset.address)
                continue
            has = f"It has {_listed(names)}." if names else "It has none."
            self._tell(
                "VP821",
                f"The query of `{asset.address}` has no common table expression `{name}` at its head."
                f"{did_you_mean(name, names)}",
                self._place("expect_cte", name, part="key"),
                has,
            )
        return found

    def _variables(self) -> dict[str, Any]:
        from vibepiper_interpreter.engines.duckdb.parameters import cast_failure

        found: dict[str, Any] = {}
        for name, value in self.test.spec.variables.items():
            if name.lower() not in self.state.variables:
                if self.state.loaded.may_declare(name):
                    continue
                self._tell(
                    "VP821",
                    f"The project has no variable `{name}`.{did_you_mean(name, self.state.variables)}",
                    self._place("variables", name, part="key"),
                    "Declare it under `[variables]` in vp.toml, or remove it here.",
                )
                continue
            kind = self.state.parameter_types[name.lower()]
            why = cast_failure(self.workshop.connection, value, kind)
            if why is not None:
                self._tell("VP822", f"`{name}` is a {kind}. {why}", self._place("variables", name), "Change the value.")
            found[name.lower()] = value_to_json(value)
        return found

    def _slice(self, asset: CompiledAsset) -> dict[str, Any]:
        """The values that say which interval or partition is made."""
        spec, settings = self.test.spec, asset.settings
        wanted: dict[str, Any] = {}
        if isinstance(settings, Intervals):
            wanted = {"start": moment(spec.start), "end": moment(spec.end)}
        elif isinstance(settings, Partitions):
            wanted = {"partition": spec.partition}
        for key in ("start", "end", "partition"):
            given = getattr(spec, key) is not None
            if given and key not in wanted:
                self._tell(
                    "VP821",
                    f"`{asset.address}` is not built by {'partition' if key == 'partition' else 'interval'}.",
                    self._place(key, part="key"),
                    "Remove the key.",
                )
            elif key in wanted and not given:
                one = "a partition" if key == "partition" else "an interval"
                self._tell(
                    "VP823",
                    f"The test does not say for which of its slices: `{asset.address}` is made {one} at a time.",
                    self._place(part="header"),
                    f"Add `{key} = …`.",
                )
                break
        return wanted

    def _rows(self, keys: Keys, rows: Any, columns: Sequence[Column], owner: Address) -> Any:
        found, told = read_rows(self.workshop, self.state.loaded.locator, self.test, Table(keys, rows, columns, owner))
        self.diagnostics += told
        return found

    def _place(self, *keys: str | int, part: Part = "value") -> Place:
        return self.state.loaded.locator.place(self.test.origin, *keys, part=part)

    def _tell(self, code: str, detail: str, place: Place, fix: str, edits: tuple[TextEdit, ...] = ()) -> None:
        self.diagnostics.append(Diagnostic(code, detail, place, fix=Fix(fix, edits)))


def moment(value: Any) -> datetime | None:
    """A date or a time as the time in UTC that a run counts by."""
    if value is None:
        return None
    if not isinstance(value, datetime):
        return datetime.combine(value, time())
    return value if value.tzinfo is None else value.astimezone(UTC).replace(tzinfo=None)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names[:8])


def touched_tests(state: Compilation, known: Mapping[Address, CompiledOperator]) -> Iterator[CompiledOperator]:
    """Those of the recalled tests for which what was compiled anew may matter: their asset, or what it reads."""
    for test in state.recalled.tests.values():
        before = known[test.address].tests
        assert before is not None
        read = {each.address for each in before.inputs}
        if state.assets.get(before.address) is not before or not read.isdisjoint(state.declared):
            yield test
