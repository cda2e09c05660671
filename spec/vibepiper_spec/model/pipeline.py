"""`[pipeline]`: what is common to the assets and tasks of a pipeline."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from vibepiper_spec.model.mistakes import mistake
from vibepiper_spec.model.names import NAME_PATTERN, NAME_RULE, RESERVED_PIPELINES, is_name, suggest_name
from vibepiper_spec.model.resources import Priority
from vibepiper_spec.model.schedule import Schedule
from vibepiper_spec.model.spec_model import SpecModel, Strings


def _pipeline_name(value: str) -> str:
    if not is_name(value):
        raise mistake(
            "VP106",
            f"`{value}` cannot be the name of a pipeline: {NAME_RULE}.",
            f"Call it `{suggest_name(value)}`.",
        )
    if value.lower() in RESERVED_PIPELINES:
        raise mistake(
            "VP106",
            f"`{value}` cannot be the name of a pipeline: the engine keeps a schema of that name for itself.",
            f"Call it `{value.lower()}_data`, for example.",
        )
    return value.lower()


class PipelineHeader(SpecModel):
    """What is common to the assets of a pipeline.

    Every file names its pipeline; each other key stands in exactly one of the pipeline's files.
    """

    name: Annotated[str, Field(json_schema_extra={"pattern": NAME_PATTERN}), AfterValidator(_pipeline_name)]
    """The pipeline's name, which is also the SQL schema of its assets."""
    description: str = ""
    """What the pipeline is for."""
    owner: str = ""
    """Who answers for its assets, unless an asset says otherwise."""
    tags: Strings = ()
    """Tags that all its assets carry."""
    priority: Priority = 0
    """That of its assets and tasks: what is ready and has the highest starts first."""
    schedule: Schedule | None = None
    """When `vp run` makes its assets; whenever something has changed if not set."""
    publish: Literal["component", "each"] = "component"
    """`component`: connected changes become visible together; `each`: every asset by itself."""
    on_failure: Strings = ()
    """Tasks that are done where an asset or a task of the pipeline fails."""
    on_success: Strings = ()
    """Tasks that are done where all that a run does in the pipeline succeeds."""
