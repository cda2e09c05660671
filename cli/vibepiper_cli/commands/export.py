"""Writes what Python modules declare as specs."""

from __future__ import annotations

from pathlib import Path

from vibepiper_cli.exit_status import ExitStatus
from vibepiper_cli.failure import WrongUsage
from vibepiper_cli.invocation import Invocation
from vibepiper_cli.options import DEFAULT_ENVIRONMENT
from vibepiper_cli.project import compiled, find_root, stop_on_errors
from vibepiper_interpreter.compile.declared_modules import declared_modules
from vibepiper_spec.fmt.write import write_text
from vibepiper_spec.load.scan import PIPELINE_SUFFIX, PYTHON_SUFFIX


def export_toml(invocation: Invocation, folder: Path | None) -> ExitStatus:
    printer = invocation.printer
    root = find_root(invocation)
    stop_on_errors(compiled(invocation, DEFAULT_ENVIRONMENT).diagnostics, invocation)
    texts = {
        file.path: f"# As {file.path} declares it.\n{write_text(file.parsed.data)}"
        for file in declared_modules(root)
        if file.parsed.data
    }
    if not texts:
        printer.talk("No module declares anything: `[project] modules` names those that do.")
        return ExitStatus.OK
    if folder is None:
        printer.data("\n".join(texts.values()).rstrip("\n"))
        return ExitStatus.OK
    targets = {path: folder / (_name(path) + PIPELINE_SUFFIX) for path in texts}
    for target in targets.values():
        if target.exists():
            raise WrongUsage(f"`{target}` is there already; nothing was written. Remove it, or name another folder.")
    folder.mkdir(parents=True, exist_ok=True)
    for path, target in targets.items():
        target.write_text(texts[path], encoding="utf-8")
        printer.talk(f"Wrote `{target}`")
    printer.talk("Now remove these modules from `[project] modules`, for each asset is declared once.")
    return ExitStatus.OK


def _name(path: str) -> str:
    """`src/shop/assets.py` → `shop_assets`."""
    return path.removeprefix("src/").removesuffix(PYTHON_SUFFIX).removesuffix("/__init__").replace("/", "_")
