"""A version that goes on with the parts of earlier ones keeps their folders alive."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.run.conftest import Project

SPECS = """
[source.file.orders]
path = "orders.csv"
columns.placed = "timestamp"

[sql.daily]
query = '''
select cast(placed as date) as day, count(*) as orders
from orders where placed >= $start and placed < $end
group by 1
'''
build = { mode = "interval", column = "day", grain = "day", start = 2024-01-01 }
"""


def clean(project: Project) -> set[str]:
    """What `vp clean` does without an undo horizon; the assets of the versions that went."""
    gone = project.state.unreferenced_versions(timedelta(0), timedelta(0))
    forgotten = set(project.state.forget([version.id for version in gone]))
    for version in gone:
        if version.id in forgotten:
            project.storage.remove(version.address, version.id)
    return {version.address.name for version in gone}


def test_cleaning_leaves_the_parts_that_later_versions_read(project: Project) -> None:
    project.pipeline(SPECS)
    project.write("orders.csv", "placed\n2024-01-01 08:00:00\n2024-01-02 08:00:00\n2024-01-03 08:00:00\n")
    for today in (2, 3, 4):
        project.now = datetime(2024, 1, today, tzinfo=UTC)
        project.apply()
    before = project.rows("shop.daily")
    assert len(before) == 3
    assert clean(project) == set()

    project.pipeline(SPECS.replace("count(*) as orders", "count(*) + 1 as orders"))
    project.apply()
    assert clean(project) == {"daily"}
    assert [orders for _, orders in project.rows("shop.daily")] == [2, 2, 2]
    assert project.plan().empty
