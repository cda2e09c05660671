"""The keys that decorators take, with their types: those that TOML has. A test holds them equal to the models'."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypedDict

from vibepiper.rules import Rule

# A table of TOML, with the keys that the reference lists.
Table = Mapping[str, Any]
Columns = Mapping[str, str | Table]
Checks = Sequence[Rule | Table]
Executor = Literal["threads", "processes", "ray", "inline"]


class AssetKeys(TypedDict, total=False):
    """What every asset may say."""

    description: str
    owner: str
    tags: Sequence[str]
    columns: Columns
    checks: Checks
    build: str | Table
    order_by: Sequence[str]
    contract: str | Table
    prevent_destroy: bool
    retry: int | Table
    on_failure: Sequence[str]
    on_success: Sequence[str]
    schedule: str | Table
    timeout: str
    executor: Executor
    resources: Table
    priority: int
    rebuild: Literal["on_change", "always"]


class PythonAssetKeys(AssetKeys, total=False):
    """What `@asset` may say. `inputs`: by parameter the asset, the columns, or a table."""

    inputs: Mapping[str, str | Sequence[str] | Table]
    validate: Literal["sample", "all"]


class SqlAssetKeys(AssetKeys, total=False):
    """What `@sql_asset` may say. `inputs`: by parameter the asset, `"pipeline.asset"`, or a table."""

    inputs: Mapping[str, str | Table]
    ignore: Sequence[Literal["VP313", "VP318"]]


class FileSourceKeys(AssetKeys, total=False):
    """What `source.file(…)` may say."""

    path: str | Sequence[str]
    format: Literal["csv", "json", "parquet"]
    options: Table
    write: str | Table
    cursor: str | Table


class PythonTaskKeys(TypedDict, total=False):
    """What `@task` may say."""

    description: str
    owner: str
    tags: Sequence[str]
    after: Sequence[str]
    before: Sequence[str]
    when: str
    run_if: Literal["all_success", "any_success", "none_failed", "any_failed", "always"]
    teardown_of: str
    inputs: Mapping[str, str]
    outputs: Mapping[str, str | Table]
    for_each: Sequence[Any] | Table | str
    run: Literal["when_due", "always"]
    retry: int | Table
    timeout: str
    executor: Executor
    resources: Table
    priority: int
    on_failure: Sequence[str]
    on_success: Sequence[str]


class PipelineKeys(TypedDict, total=False):
    """What `Pipeline(…)` may say."""

    description: str
    owner: str
    tags: Sequence[str]
    priority: int
    schedule: str | Table
    publish: Literal["component", "each"]
    on_failure: Sequence[str]
    on_success: Sequence[str]
