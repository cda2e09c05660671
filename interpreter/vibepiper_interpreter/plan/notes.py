"""What a plan has to say beside its actions: blocks that have done what they were for."""

from __future__ import annotations

from collections.abc import Mapping

from vibepiper_interpreter.compile.compiled import CompiledProject
from vibepiper_interpreter.state import Published
from vibepiper_spec.address import Address


def notes(project: CompiledProject, published: Mapping[Address, Published]) -> tuple[str, ...]:
    """In sentences. Follows from the specs and what is published alone, so that a recalled plan says the same."""
    blocks = [("moved", move.before) for move in project.moves]
    blocks += [("removed", address) for address in project.removals]
    done = [("adopt", address) for address in project.adoptions if address in published]
    done += [(kind, address) for kind, address in blocks if address not in published]
    return tuple(
        f"The block `[[{kind}]]` of `{address}` has nothing left to do in `{project.environment}`. Once that is so in "
        "every environment, it can go."
        for kind, address in done
    )
