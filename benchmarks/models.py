"""Invents a project of small SQL models: layered, with checks, the same for the same numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb

KINDS = ("small", "medium", "large")
BASES = 10  # files that the first layer reads

# Five shapes that real projects are made of. Every model has the columns id (unique), kind, amount and day.
# {0} and {1} are its inputs, {k} a number of its own.
SHAPES = (
    """select id, kind, amount + {k} as amount, day
from {0}""",
    """select a.id, a.kind, (a.amount + b.amount) % 1000000 as amount, a.day
from {0} as a
join {1} as b on b.id = a.id""",
    """select id, kind, amount - lag(amount, 1, 0) over (partition by kind order by id) as amount, day
from {0}""",
    """select id, case when amount % 5 = {k} % 5 then 'small' else kind end as kind, amount, day
from {0}
where id % 997 <> {k}""",
    """with totals as (
    select kind, max(amount) as top
    from {0}
    group by kind
)

select a.id, a.kind, t.top - a.amount as amount, a.day
from {0} as a
join totals as t on t.kind = a.kind""",
)


@dataclass(frozen=True, slots=True)
class Model:
    """One SQL model. Its inputs are names of models, or of bases in the first layer."""

    name: str
    shape: int
    number: int
    inputs: tuple[str, str]

    def query(self, reference: Callable[[str], str]) -> str:
        """The SELECT, with inputs written as the tool at hand wants them."""
        first, second = (reference(name) for name in self.inputs)
        return SHAPES[self.shape].format(first, second, k=self.number)


def base_names() -> tuple[str, ...]:
    return tuple(f"base_{number}" for number in range(BASES))


def layered_models(count: int, width: int = 50) -> tuple[Model, ...]:
    """`count` models in layers of `width`; each reads one or two models of the layer before, in a fixed pattern."""
    models: list[Model] = []
    for number in range(count):
        layer, place = divmod(number, width)
        if layer == 0:
            inputs = (f"base_{place % BASES}", f"base_{(place + 3) % BASES}")
        else:
            before = (layer - 1) * width
            inputs = (f"model_{before + place}", f"model_{before + (place * 7 + layer) % width}")
        models.append(Model(f"model_{number}", number % len(SHAPES), number % 989, inputs))
    return tuple(models)


def write_bases(folder: Path, rows: int) -> None:
    """The files below everything: `rows` rows each."""
    folder.mkdir(parents=True, exist_ok=True)
    connection = duckdb.connect()
    for number, name in enumerate(base_names()):
        connection.execute(
            f"""copy (
                select
                    i as id,
                    ['small', 'medium', 'large'][(i * 7 + {number}) % 3 + 1] as kind,
                    (i * 7919 + {number} * 104729) % 100000 as amount,
                    date '2024-01-01' + cast(i % 365 as integer) as day
                from range({rows}) as t(i)
            ) to '{folder / name}.parquet' (format parquet)"""
        )
    connection.close()
