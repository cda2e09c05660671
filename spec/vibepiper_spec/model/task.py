"""What every task operator has, whatever its kind: something that is done and makes no table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from vibepiper_spec.model.duration import Duration
from vibepiper_spec.model.execution import ExecutorKind
from vibepiper_spec.model.for_each import ForEach
from vibepiper_spec.model.mistakes import mistake
from vibepiper_spec.model.names import is_name
from vibepiper_spec.model.resources import Priority, Resources
from vibepiper_spec.model.retry import Retry
from vibepiper_spec.model.spec_model import ShorthandModel, SpecModel, Strings

OutputType = Literal["bigint", "varchar", "boolean", "double", "date", "timestamp", "json"]
RunIf = Literal["all_success", "any_success", "none_failed", "any_failed", "always"]

# What a task may use as `$name` though nobody declares it.
OWN_VALUES = ("env", "now", "run_id", "failed", "error")


def _value_names(table: dict[str, Any]) -> dict[str, Any]:
    for name in table:
        if not is_name(name):
            raise mistake("VP106", f"`{name}` cannot be used as `$name`.", "Use letters, digits and `_`.", key=name)
        if name.lower() in OWN_VALUES:
            raise mistake(
                "VP106",
                f"`{name}` cannot be a name here: every task has a `${name.lower()}` already.",
                f"Call it `{name}_value`, for example.",
                key=name,
            )
    return table


class OutputSpec(ShorthandModel):
    """What later tasks may read of a task. Plain text is short for `type`."""

    shorthand: ClassVar = "type"

    type: OutputType
    """The type of the value."""
    source: str | None = Field(default=None, alias="from")
    """Where the value is found, for kinds of tasks that ask: for `http` a JSON pointer, such as `/job/id`."""


class TaskModel(SpecModel):
    """The keys common to all kinds of tasks."""

    # Keys of a kind in whose texts, however deep, `$name` stands for a value.
    text_keys: ClassVar[tuple[str, ...]] = ()
    # Outputs that a kind has though nobody declares them, with their types.
    own_outputs: ClassVar[dict[str, OutputType]] = {}
    # Of which connectors the key `connection` may name a connection.
    connectors: ClassVar[tuple[str, ...]] = ()
    # Whether it is code of the project that an executor can take elsewhere. All else is done from this machine.
    is_code: ClassVar[bool] = False

    description: str = ""
    """What the task does, for people."""
    owner: str = ""
    """Who answers for it; inherited from the pipeline."""
    tags: Strings = ()
    """Words to select tasks by; the pipeline's tags are added."""
    after: Strings = ()
    """Assets and tasks that it comes after: assets once they are published, tasks once they have ended."""
    before: Strings = ()
    """Assets and tasks that wait for it."""
    when: str | None = None
    """A SQL condition over `$name` values: where it is not true, the task is skipped, and so are the tasks after it."""
    run_if: RunIf = "all_success"
    """What must have become of the tasks and assets before it. `any_failed`: it is done only after a failure."""
    teardown_of: str | None = None
    """A task whose effect it takes away: it is done after all that comes after that task, whatever became of it."""
    inputs: Annotated[dict[str, str], AfterValidator(_value_names)] = Field(default_factory=dict)
    """Outputs of other tasks that it uses as `$name`: the name, and `task.output`. It comes after these tasks."""
    outputs: Annotated[dict[str, OutputSpec], AfterValidator(_value_names)] = Field(default_factory=dict)
    """What later tasks may read of it: name to type."""
    for_each: ForEach | None = None
    """A list, or the rows of an asset: the task is done once for each item, and what failed of them is done again."""
    run: Literal["when_due", "always"] = "when_due"
    """`when_due`: when it is new or changed, or something it comes after is done again; `always`: in every plan."""
    retry: Retry | None = None
    """How often it is attempted, and what another attempt may mend; the default of `vp.toml` if not set."""
    timeout: Duration | None = None
    """How long one attempt may take; for tasks that wait, how long they wait in all. No limit if not set."""
    executor: ExecutorKind | None = None
    """Where a Python task runs, if not where `[executor]` says; all others are done from the machine that applies."""
    resources: Resources | None = None
    """What of the machine it takes while it is done; of Ray's own (`gpus`, `custom`) only Python tasks."""
    priority: Priority | None = None
    """What is ready and has the highest starts first, and all that it waits for; the pipeline's if not set."""
    on_failure: Strings = ()
    """Tasks that are done where this one fails."""
    on_success: Strings = ()
    """Tasks that are done where this one succeeds."""

    @model_validator(mode="after")
    def _items_give_nothing(self) -> Self:
        if self.for_each is not None and self.outputs:
            raise mistake(
                "VP110",
                "A task that is done for each item has no outputs: there would be one for each of them.",
                "Remove `outputs`, or `for_each`.",
                key="outputs",
            )
        return self

    @model_validator(mode="after")
    def _only_code_goes_elsewhere(self) -> Self:
        if self.is_code:
            return self
        if self.executor is not None:
            raise mistake(
                "VP109",
                "This kind of task is done from the machine that applies; only Python tasks run on another executor.",
                "Remove `executor`; what must run elsewhere can be called by a Python task.",
                key="executor",
            )
        if self.resources is not None and (self.resources.gpus or self.resources.custom):
            raise mistake(
                "VP109",
                "`gpus` and `custom` are asked of a Ray cluster, and this kind of task does not run there.",
                "Remove them; `memory`, `cpus` and `pools` count for every kind.",
                key="resources",
            )
        return self

    def texts(self) -> Mapping[str, Any]:
        """By key, what holds texts in which every `$name` stands for a value."""
        return {key: getattr(self, key) for key in self.text_keys}

    def statements(self) -> Mapping[tuple[str | int, ...], str]:
        """By keys, SQL of the task's connection, in which `$name` is a value where a value may stand."""
        return {}

    def scripts(self) -> Mapping[str, str]:
        """By key, texts in another language: a `$name` in them may stand for a value, or for something of theirs."""
        return {}


COMMON_KEYS = frozenset(field.alias or name for name, field in TaskModel.model_fields.items())
