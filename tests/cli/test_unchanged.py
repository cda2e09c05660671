"""A plan that found nothing to do is not decided again; and whatever it followed from is seen when it changes."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.cli.conftest import Vp

from vibepiper_cli import planning
from vibepiper_cli.invocation import Invocation
from vibepiper_cli.planning import Planned
from vibepiper_cli.printer import Printer
from vibepiper_interpreter.plan.plan import Plan
from vibepiper_interpreter.state import Audit, Batch, open_state_at
from vibepiper_spec.address import Address

SPECS = """
[pipeline]
name = "shop"
[source.file.orders]
path = "data/*.csv"
[source.file.seen]
path = "data/a.csv"
build = { mode = "view" }
[sql.sums]
query = "select id, sum(amount) as amount from orders group by id"
columns.id.checks = ["not_null", { references = "orders.id" }]
[sql.shown]
query = "select amount from sums"
build = { mode = "view" }
"""


@pytest.fixture
def root(tmp_path: Path, vp: Vp) -> Path:
    """A project of every build mode, applied, whose plan is known to be empty."""
    (tmp_path / "data").mkdir()
    (tmp_path / "vp.toml").write_text('[project]\nname = "t"\n')
    (tmp_path / "data/a.csv").write_text("id,amount\n1,10\n2,20\n")
    (tmp_path / "data/b.csv").write_text("id,amount\n2,20\n3,30\n")
    (tmp_path / "shop.vp.toml").write_text(SPECS)
    seen = vp("apply", "--yes")
    assert seen.status == 0, seen.err
    assert planned(tmp_path).plan.empty
    return tmp_path


def planned(root: Path, *selection: str) -> Planned:
    """What `vp plan` finds; its state is None where nothing was decided."""
    found = planning.make(Invocation(Printer.for_terminal(), directory=root), "dev", selection)
    found.close()
    return found


def decided(root: Path) -> Plan:
    """The same with nothing remembered."""
    shutil.rmtree(root / ".vp/cache")
    return planned(root).plan


def comparable(plan: Plan) -> Plan:
    return replace(plan, id="", created_at=datetime(2026, 1, 1, tzinfo=UTC))


def test_nothing_is_decided_where_nothing_has_changed(root: Path) -> None:
    recalled = planned(root)
    assert recalled.state is None
    assert comparable(recalled.plan) == comparable(decided(root))
    assert recalled.plan.unchanged == 4
    assert planned(root, "sums").state is not None


def test_a_file_that_was_only_touched_changes_nothing(root: Path) -> None:
    os.utime(root / "data/a.csv")
    os.utime(root / "shop.vp.toml")
    assert planned(root).state is None


def a_part(root: Path) -> Path:
    return next((root / ".vp/storage/shop/sums").rglob("*.parquet"))


def damage_a_part(root: Path) -> None:
    part = a_part(root)
    part.chmod(0o644)
    part.write_bytes(part.read_bytes()[:-1])


def change_a_cell(root: Path) -> None:
    """Keeping the file's size and times, as the nastiest tool would."""
    file = root / "data/b.csv"
    before = file.stat()
    file.write_text(file.read_text().replace("30", "31"))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


def change_the_query(root: Path) -> None:
    file = root / "shop.vp.toml"
    file.write_text(file.read_text().replace("sum(amount)", "max(amount)"))


def fail_an_audit(root: Path) -> None:
    """As another machine might that shares the state: no pointer moves, and the serial stays."""
    with open_state_at(root, None) as state:
        _, published, proofs = state.published("dev")
        version = published[Address("shop", "sums")]
        checks = proofs[version.id][0].checks_fingerprint
        audit = Audit(version.id, checks, False, "other", datetime.now(UTC), version.inputs)
        state.record(Batch("other", audits=(audit,)))


CHANGES = {
    "a part is gone": lambda root: a_part(root).unlink(),
    "a part is not whole": damage_a_part,
    "a source has other content": change_a_cell,
    "a source has another file": lambda root: (root / "data/c.csv").write_text("id,amount\n9,9\n"),
    "a source has lost a file": lambda root: (root / "data/b.csv").unlink(),
    "a query means something else": change_the_query,
    "a spec is gone": lambda root: (root / "shop.vp.toml").write_text(SPECS.partition("[sql.shown]")[0]),
    "its checks are not proven any more": fail_an_audit,
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_every_change_is_seen(root: Path, change: Callable[[Path], object]) -> None:
    assert planned(root).state is None
    change(root)
    found = planned(root)
    assert found.state is not None
    assert not found.plan.empty
    assert comparable(found.plan) == comparable(decided(root))


def test_what_was_changed_and_changed_back_is_as_it_was(root: Path) -> None:
    text = (root / "shop.vp.toml").read_text()
    change_the_query(root)
    assert not planned(root).plan.empty
    (root / "shop.vp.toml").write_text(text)
    assert planned(root).plan.empty


def test_going_back_is_seen(root: Path, vp: Vp) -> None:
    change_the_query(root)
    assert vp("apply", "--yes").status == 0
    assert planned(root).plan.empty
    assert planned(root).state is None
    assert vp("undo", "--yes").status == 0
    found = planned(root).plan
    assert [(str(action.address), action.verb) for action in found.actions] != []
    assert comparable(found) == comparable(decided(root))


def test_an_apply_of_nothing_opens_no_state(root: Path, vp: Vp) -> None:
    seen = vp("apply", "--yes")
    assert (seen.status, "No changes." in seen.err) == (0, True)


def test_what_hangs_on_the_clock_is_decided_every_time(root: Path, vp: Vp) -> None:
    """The next interval ends without anybody changing anything."""
    (root / "data/a.csv").write_text("id,amount,sold\n1,10,2024-01-01 10:00:00\n")
    (root / "data/b.csv").unlink()
    build = '{ mode = "interval", column = "sold", grain = "year", start = 2024-01-01 }'
    query = "select id, sold from orders where sold >= $start and sold < $end"
    (root / "shop.vp.toml").write_text(f"{SPECS}[sql.slices]\nquery = '{query}'\nbuild = {build}\n")
    seen = vp("apply", "--yes")
    assert seen.status == 0, seen.err
    assert planned(root).plan.empty
    assert planned(root).state is not None
