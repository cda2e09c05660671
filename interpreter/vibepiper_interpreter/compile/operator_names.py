"""What the names in a task mean: assets and tasks that it comes after or before, and outputs of other tasks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from vibepiper_interpreter.compile.compilation import Compilation
from vibepiper_interpreter.compile.compiled_operator import Hook, OperatorInput
from vibepiper_interpreter.compile.names import AssetNames
from vibepiper_spec.address import Address
from vibepiper_spec.diagnostics import Diagnostic, Fix, Place, TextEdit, did_you_mean, nearest
from vibepiper_spec.load.loaded import DeclaredTask
from vibepiper_spec.load.origin import Origin
from vibepiper_spec.model.for_each import ForEach
from vibepiper_spec.model.task import TaskModel
from vibepiper_spec.model.task_kinds import TASK_KINDS
from vibepiper_spec.model.task_wait import AssetWait

_MODELS = {kind.kind: kind.model for kind in TASK_KINDS}


@dataclass(slots=True)
class Edges:
    """What is known of each task's place among the others, while it is being collected."""

    after: dict[Address, dict[Address, Place]] = field(default_factory=dict)
    before: dict[Address, dict[Address, Place]] = field(default_factory=dict)  # assets only
    inputs: dict[Address, list[OperatorInput]] = field(default_factory=dict)
    items: dict[Address, Address] = field(default_factory=dict)  # assets whose rows are the items of `for_each`
    teardown_of: dict[Address, Address] = field(default_factory=dict)
    hooks: dict[Address, dict[Hook, Place]] = field(default_factory=dict)
    # The asset that a task waits for.
    awaited: dict[Address, Address] = field(default_factory=dict)


class OperatorNames:
    """Resolves names among the assets and tasks of a project, and collects what is wrong with them."""

    def __init__(self, state: Compilation) -> None:
        self._state = state
        self._tasks = {task.address: task for task in state.loaded.project.tasks}
        self._locator = state.loaded.locator
        self._known_tasks = self._tasks.keys() | state.loaded.broken_tasks
        assets = [*state.addresses, *state.loaded.broken]
        self._assets = frozenset(assets)
        self._names = AssetNames([*assets, *self._known_tasks])
        self._task_names = AssetNames(self._known_tasks)
        self._asset_names = AssetNames(assets)
        self.diagnostics: list[Diagnostic] = []

    def edges(self) -> Edges:
        found = Edges()
        for address in self._tasks:
            found.after[address], found.before[address], found.inputs[address] = {}, {}, []
            found.hooks[address] = {}
        for task in self._tasks.values():
            self._of_task(task, found)
        for address, asset in self._state.declared.items():
            self._hooks(found, asset.origin, address.pipeline, address, asset.spec.on_failure, asset.spec.on_success)
        for name, header in self._state.loaded.project.pipelines.items():
            if header.on_failure or header.on_success:
                self._hooks(found, self._home(name), name, name, header.on_failure, header.on_success)
        return found

    def _of_task(self, task: DeclaredTask, found: Edges) -> None:
        address, spec = task.address, task.spec
        for other, place in self._listed(task, "after", spec.after):
            found.after[address].setdefault(other, place)
        for other, place in self._listed(task, "before", spec.before):
            if other in self._known_tasks:
                if other in found.after:
                    found.after[other].setdefault(address, place)
            else:
                found.before[address].setdefault(other, place)
        for name, written in spec.inputs.items():
            place = self._locator.place(task.origin, "inputs", name)
            read = self._input(task, name.lower(), written, place)
            if read is not None:
                found.inputs[address].append(read)
                found.after[address].setdefault(read.address, place)
        if spec.for_each is not None and spec.for_each.asset is not None:
            self._items(task, spec.for_each, found)
        if spec.teardown_of is not None:
            place = self._locator.place(task.origin, "teardown_of")
            other_task = self._task(spec.teardown_of, address.pipeline, place, "taken down after its use")
            if other_task is not None:
                found.teardown_of[address] = other_task
        self._hooks(found, task.origin, address.pipeline, address, spec.on_failure, spec.on_success)
        if isinstance(spec, AssetWait):
            awaited = self._awaited(task, spec)
            if awaited is not None:
                found.awaited[address] = awaited

    def _awaited(self, task: DeclaredTask, spec: AssetWait) -> Address | None:
        """The asset that a task waits for; where it is to be published is judged, too."""
        environments = self._state.loaded.project.settings.environment_names()
        if spec.environment is not None and spec.environment not in environments:
            place = self._locator.place(task.origin, "environment")
            known = f"There are {', '.join(f'`{each}`' for each in environments)}."
            match = nearest(spec.environment, environments)
            self._tell(
                place,
                f"There is no environment named `{spec.environment}`.{did_you_mean(spec.environment, environments)}",
                f"Write `{match}`." if match else known,
                code="VP601",
            )
        place, pipeline = self._locator.place(task.origin, "asset"), task.address.pipeline
        found = self._names.resolve(spec.asset, pipeline)
        if found is None:
            self.diagnostics.append(self._unknown(AssetNames(self._assets), spec.asset, pipeline, place, noun="asset"))
        elif found in self._known_tasks:
            self._tell(place, f"`{found}` is a task, and only an asset is published.", "Name an asset, or use `after`.")
        else:
            return found
        return None

    def _items(self, task: DeclaredTask, each: ForEach, found: Edges) -> None:
        """The asset whose rows are the items, and its columns."""
        place = self._locator.place(task.origin, "for_each", "asset")
        asset = self._asset_names.resolve(each.asset or "", task.address.pipeline)
        if asset is None:
            self.diagnostics.append(
                self._unknown(self._asset_names, each.asset or "", task.address.pipeline, place, noun="asset")
            )
            return
        found.after[task.address].setdefault(asset, place)
        found.items[task.address] = asset
        known = [column.name for column in self._state.columns.get(asset, ())]
        for number, column in enumerate(each.columns):
            if known and column not in known:
                self._tell(
                    self._locator.place(task.origin, "for_each", "columns", number),
                    f"`{asset}` has no column `{column}`.{did_you_mean(column, known)}",
                    f"It has {', '.join(f'`{name}`' for name in known)}.",
                    code="VP302",
                )

    def _listed(self, task: DeclaredTask, key: str, words: tuple[str, ...]) -> Iterator[tuple[Address, Place]]:
        for number, written in enumerate(words):
            place = self._locator.place(task.origin, key, number)
            found = self._names.resolve(written, task.address.pipeline)
            if found is None:
                self.diagnostics.append(self._unknown(self._names, written, task.address.pipeline, place))
            elif found == task.address:
                self._tell(place, f"`{task.address}` cannot come {key} itself.", "Remove it from the list.")
            else:
                yield found, place

    def _hooks(
        self,
        found: Edges,
        origin: Origin,
        pipeline: str,
        of: Address | str,
        on_failure: tuple[str, ...],
        on_success: tuple[str, ...],
    ) -> None:
        for key, words in (("on_failure", on_failure), ("on_success", on_success)):
            for number, written in enumerate(words):
                place = self._locator.place(origin, key, number)
                hook = self._task(written, pipeline, place, "done as a consequence")
                if hook == of:
                    self._tell(place, f"`{hook}` cannot be a consequence of itself.", "Remove it from the list.")
                elif hook is not None and hook in found.hooks:
                    on = Hook("failure" if key == "on_failure" else "success", of)
                    found.hooks[hook].setdefault(on, place)

    def _input(self, task: DeclaredTask, name: str, written: str, place: Place) -> OperatorInput | None:
        """`count.rows`, or `shop.count.rows`."""
        owner, dot, output = written.rpartition(".")
        if not dot or not owner or not output:
            self._tell(
                place,
                f"`{written}` does not say which output of which task is meant.",
                f'Write `{name} = "task.output"`.',
                code="VP807",
            )
            return None
        address = self._task(owner, task.address.pipeline, place, "the source of a value")
        if address is None or address not in self._tasks:
            return None
        given = self._tasks[address]
        outputs = outputs_of(given)
        if output.lower() not in outputs:
            has = f"It has {', '.join(f'`{each}`' for each in outputs)}." if outputs else "It declares none."
            match = nearest(output, outputs)
            self.diagnostics.append(
                Diagnostic(
                    "VP807",
                    f"The task `{address}` has no output `{output}`.{did_you_mean(output, outputs)}",
                    place,
                    fix=Fix(f"Replace it by `{owner}.{match}`." if match else f"{has} Declare it in its `outputs`."),
                )
            )
            return None
        return OperatorInput(name, address, output.lower())

    def _task(self, written: str, pipeline: str, place: Place, role: str) -> Address | None:
        found = self._task_names.resolve(written, pipeline)
        if found is not None:
            return found
        asset = self._names.resolve(written, pipeline)
        if asset is not None:
            self._tell(place, f"`{asset}` is an asset, and only a task can be {role}.", "Name a task.")
        else:
            self.diagnostics.append(self._unknown(self._task_names, written, pipeline, place, noun="task"))
        return None

    def _unknown(
        self, names: AssetNames, written: str, pipeline: str, place: Place, noun: str = "asset or task"
    ) -> Diagnostic:
        near = names.nearest(written, pipeline)
        guess = f" Did you mean `{near}`?" if near else ""
        edits = (TextEdit(place, f'"{near}"'),) if near else ()
        first, dot, second = written.partition(".")
        owner, name = (first, second) if dot else (pipeline, first)
        return Diagnostic(
            "VP806",
            f"The pipeline `{owner}` has no {noun} `{name}`.{guess}",
            place,
            fix=Fix(
                f"Replace it by `{near}`." if near else "Correct the name; of another pipeline it is `pipeline.name`.",
                edits,
            ),
        )

    def _tell(self, place: Place, detail: str, fix: str, code: str = "VP806") -> None:
        self.diagnostics.append(Diagnostic(code, detail, place, fix=Fix(fix)))

    def _home(self, pipeline: str) -> Origin:
        """The file whose `[pipeline]` names the hooks."""
        for path, table in self._state.loaded.headers.items():
            named = str(table.get("name", "")).lower() == pipeline
            if named and ("on_failure" in table or "on_success" in table):
                return Origin(path, ("pipeline",))
        raise ValueError(f"no file of {pipeline} names hooks")


def outputs_of(task: DeclaredTask) -> Mapping[str, str]:
    """The outputs that other tasks may read, with their types: the declared ones, and those that its kind has."""
    spec: TaskModel = task.spec
    if spec.for_each is not None:
        return {}  # each of its items would have its own
    own = _MODELS[task.kind].own_outputs
    return {**own, **{name.lower(): output.type for name, output in spec.outputs.items()}}
