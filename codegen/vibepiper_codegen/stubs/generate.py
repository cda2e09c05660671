"""Makes a project's stubs, or says what it would make: the whole road, for every face that asks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from vibepiper_codegen.stubs.files import Difference, apply, compare
from vibepiper_codegen.stubs.freshness import Freshness
from vibepiper_interpreter.compile import compile_project, compile_root
from vibepiper_interpreter.compile.applied_sources import AppliedSources
from vibepiper_interpreter.compile.compiled import Compiled
from vibepiper_spec.diagnostics import Diagnostic, Fix, Place, Range, has_errors

if TYPE_CHECKING:
    from vibepiper_spec.model.codegen import Codegen


@dataclass(frozen=True, slots=True)
class Generated:
    """What was done, or what would be: paths relative to the project, and what there is to say about it."""

    written: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    unchanged: int = 0
    diagnostics: tuple[Diagnostic, ...] = ()  # one VP410 for each file that is in the way

    @property
    def differs(self) -> bool:
        return bool(self.written or self.removed or self.diagnostics)

    @property
    def as_warnings(self) -> tuple[Diagnostic, ...]:
        """The diagnostics, for who has something else to do."""
        return tuple(replace(found, severity="warning") for found in self.diagnostics)

    def after(self, earlier: Generated) -> Generated:
        """Both together."""
        written = tuple(sorted({*earlier.written, *self.written} - set(self.removed)))
        unchanged = self.unchanged - len(set(earlier.written) - set(self.written))
        return replace(self, written=written, unchanged=unchanged)


def bring_up_to_date(
    root: Path, environment: str, applied: AppliedSources, *, check: bool = False, force: bool = False
) -> tuple[Generated, Compiled]:
    """Compile the project and `generate`, also where its modules import stubs that are not there yet.

    Those are then written first, from what the modules say without being run.
    """
    compiled = compile_root(root, environment, applied)
    early = Generated()
    if any(found.code == "VP401" for found in compiled.diagnostics):
        from vibepiper_spec import load_project

        loaded = load_project(root)
        unrun = compile_project(loaded, environment, offline_python=True, applied=applied)
        if not check:
            early = generate(root, replace(unrun, diagnostics=compiled.diagnostics), force=force)
            compiled = compile_root(root, environment, applied)
        elif not loaded.project.settings.project.modules:
            compiled = unrun  # (what modules declare by decorators is only known once they were run)
    found = generate(root, compiled, check=check, force=force)
    return found.after(early), compiled


def generate(root: Path, compiled: Compiled, *, check: bool = False, force: bool = False) -> Generated:
    """Bring the package of the project at `root` up to date with `compiled`.

    What has mistakes is left out of that, and its stubs stay as they are. `check`: write nothing. `force`: overwrite
    what was edited by hand. Raises OSError where a file cannot be written.
    """
    fresh = Freshness.of(root, compiled)
    if fresh.unchanged is not None:
        return Generated(unchanged=fresh.unchanged)
    from vibepiper_codegen.stubs.package import stub_package
    from vibepiper_spec import load_settings

    settings = load_settings(root)
    texts = stub_package(compiled.project, settings)
    whole = not has_errors(compiled.diagnostics)
    folder = root / settings.codegen.path
    difference = compare(folder, texts, whole=whole, force=force)
    if not check:
        apply(folder, difference)
    if (not check and not difference.in_the_way) or difference.none:
        fresh.remember(folder)
    return _generated(settings.codegen, difference)


def _generated(codegen: Codegen, difference: Difference) -> Generated:
    def below(path: str) -> str:
        return f"{codegen.path}/{path}"

    return Generated(
        written=tuple(map(below, difference.write)),
        removed=tuple(map(below, difference.remove)),
        unchanged=difference.unchanged,
        diagnostics=tuple(_in_the_way(below(path)) for path in difference.in_the_way),
    )


def _in_the_way(path: str) -> Diagnostic:
    return Diagnostic(
        "VP410",
        f"`{path}` is not as `vp codegen` wrote it, so it was left alone, and may no longer be what the specs say.",
        Place(path, Range.at(1, 1)),
        fix=Fix("Move what you added into a module of your own; `vp codegen --force` writes the file anew."),
    )
