"""The language: text in, typed specs and diagnostics out."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vibepiper_spec.address import Address as Address
    from vibepiper_spec.load.loaded import DeclaredAsset as DeclaredAsset
    from vibepiper_spec.load.loaded import LoadedFile as LoadedFile
    from vibepiper_spec.load.loaded import LoadedProject as LoadedProject
    from vibepiper_spec.load.loaded import ProjectSpec as ProjectSpec
    from vibepiper_spec.load.locator import Locator as Locator
    from vibepiper_spec.load.origin import Origin as Origin
    from vibepiper_spec.load.project import load_files as load_files
    from vibepiper_spec.load.project import load_project as load_project
    from vibepiper_spec.load.project import load_settings as load_settings
    from vibepiper_spec.load.scan import find_project_root as find_project_root
    from vibepiper_spec.load.scan import scan_files as scan_files
    from vibepiper_spec.model.check import CheckSpec as CheckSpec
    from vibepiper_spec.model.column import ColumnSpec as ColumnSpec
    from vibepiper_spec.model.file_source import FileSource as FileSource
    from vibepiper_spec.model.pipeline import PipelineHeader as PipelineHeader
    from vibepiper_spec.model.python_asset import InputSpec as InputSpec
    from vibepiper_spec.model.python_asset import PythonAsset as PythonAsset
    from vibepiper_spec.model.settings import ProjectSettings as ProjectSettings
    from vibepiper_spec.model.sql_asset import SqlAsset as SqlAsset
    from vibepiper_spec.secrets import resolve_secret as resolve_secret

# Where each public name lives: importing this package is free, a name costs when it is first used.
_HOMES = {
    "Address": "address",
    "CheckSpec": "model.check",
    "ColumnSpec": "model.column",
    "DeclaredAsset": "load.loaded",
    "FileSource": "model.file_source",
    "InputSpec": "model.python_asset",
    "LoadedFile": "load.loaded",
    "LoadedProject": "load.loaded",
    "Locator": "load.locator",
    "Origin": "load.origin",
    "PipelineHeader": "model.pipeline",
    "ProjectSettings": "model.settings",
    "ProjectSpec": "load.loaded",
    "PythonAsset": "model.python_asset",
    "SqlAsset": "model.sql_asset",
    "find_project_root": "load.scan",
    "load_files": "load.project",
    "load_project": "load.project",
    "load_settings": "load.project",
    "resolve_secret": "secrets",
    "scan_files": "load.scan",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
