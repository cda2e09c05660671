"""After deciding: what was to be created, and files that are there already are to become."""

from __future__ import annotations

from dataclasses import replace

from vibepiper_interpreter.compile.compiled import Adoption, CompiledAsset, FileDefinition
from vibepiper_interpreter.plan.draft import Draft, Planning
from vibepiper_interpreter.plan.plan import Reason
from vibepiper_interpreter.storage.adopted import adopted_key, differences, do_not_fit
from vibepiper_interpreter.storage.version import SourceFile
from vibepiper_spec.diagnostics import DiagnosticError


def adopt(planning: Planning) -> None:
    """VP532 where the files have other columns than the asset; VP501 and VP502 where there are none."""
    refused = []
    for address, adoption in planning.project.adoptions.items():
        draft = planning.drafts.get(address)
        if draft is None or draft.verb != "create":
            continue
        try:
            _adopt(planning, draft, adoption)
        except DiagnosticError as error:
            refused += [replace(each, place=adoption.place) for each in error.diagnostics]
    if refused:
        raise DiagnosticError(refused)


def _adopt(planning: Planning, draft: Draft, adoption: Adoption) -> None:
    draft.adopts = _files(planning, draft.asset, adoption)
    if planning.describe_files is not None:
        found = differences(draft.asset, planning.describe_files(draft.adopts))
        if found:
            raise DiagnosticError(do_not_fit(draft.asset, found))
    draft.verb, draft.own_reasons = (
        "adopt",
        [Reason("adopted", "files that are there already become its first version")],
    )
    inputs = planning.current_inputs(draft)
    if inputs is None:
        return
    version_id = planning.id_by_key(adopted_key(draft.asset, inputs, draft.adopts))
    known = None if version_id is None else planning.state.versions([version_id]).get(version_id)
    if known is not None and planning.storage_has(known):
        draft.verb, draft.found = "repoint", known


def _files(planning: Planning, asset: CompiledAsset, adoption: Adoption) -> tuple[SourceFile, ...]:
    return planning.list_files(replace(asset, definition=FileDefinition(adoption.paths, "parquet")))
