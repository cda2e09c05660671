"""Verifies the state and the storage, and tells what is not as it should be."""

from __future__ import annotations

from vibepiper_cli.exit_status import ExitStatus
from vibepiper_cli.invocation import Invocation
from vibepiper_cli.printer import Paint
from vibepiper_cli.project import load_for_state
from vibepiper_cli.views.words import count, listed, size
from vibepiper_interpreter.state import open_state
from vibepiper_interpreter.storage import Storage
from vibepiper_interpreter.verify import Finding, Verified, verify_state

_ROLES = {"error": "error", "warning": "warning", "note": "faint"}


def verify(invocation: Invocation, *, quick: bool, record: bool) -> ExitStatus:
    printer = invocation.printer
    loaded = load_for_state(invocation)
    root, settings = loaded.project.root, loaded.project.settings
    with open_state(root, settings) as state:
        storage = Storage.look(root / settings.storage.path, state.id, settings.storage.path)
        may_record = record and not state.read_only
        verified = verify_state(state, storage, content=not quick, record=may_record)
        if record and not may_record:
            printer.talk(f"You may only read the state `{state.name}`, so nothing is recorded.")
    if invocation.json:
        printer.json(
            {
                "sound": verified.sound,
                "versions": verified.versions,
                "parts": verified.parts,
                "bytes": verified.bytes,
                "compared": verified.compared,
                "read": verified.read,
                "recorded": verified.recorded,
                "findings": [_json(finding) for finding in verified.findings],
            }
        )
    else:
        printer.data("\n".join([*_lines(verified, printer.data_paint), _last_line(verified, printer.data_paint)]))
    return ExitStatus.OK if verified.sound else ExitStatus.FAILED


def _lines(verified: Verified, paint: Paint) -> list[str]:
    lines = []
    for finding in verified.findings:
        where = f" in {listed(finding.environments)}" if finding.environments else ""
        about = f"`{finding.address}`{where}: " if finding.address else ""
        lines.append(f"{paint(_ROLES[finding.severity], finding.severity)} {finding.kind}: {about}{finding.words}")
        lines.append(f"  {finding.fix}")
    return lines


def _last_line(verified: Verified, paint: Paint) -> str:
    errors = sum(finding.severity == "error" for finding in verified.findings)
    head = paint("good", "Sound") if verified.sound else paint("error", count(errors, "error"))
    looked = f"{count(verified.versions, 'version')} in {count(verified.parts, 'part')}, {size(verified.bytes)}"
    how = []
    if verified.compared:
        how.append(f"{verified.compared:,} compared with what they were")
    if verified.read:
        recorded = ", and their checksums recorded" if verified.recorded else ""
        how.append(f"{verified.read:,} read for the first time{recorded}")
    if verified.parts and not how:
        how.append("only their sizes were looked at")
    return f"{head}: {looked}" + (f"; {'; '.join(how)}" if how else "")


def _json(finding: Finding) -> dict[str, object]:
    return {
        "kind": finding.kind,
        "severity": finding.severity,
        "address": None if finding.address is None else str(finding.address),
        "environments": list(finding.environments),
        "words": finding.words,
        "fix": finding.fix,
    }
