"""The queries of a project whose assets are built bit by bit; of a function, the query that gives the same."""

from __future__ import annotations

from tests.promises.incremental_choices import Choices

BACK = {"day": "1 day", "month": "1 month"}


def text_of(choices: Choices, name: str) -> str:
    """In it `<sales>` stands for the name of an asset, and `<by_kind.n>` for that of a column."""
    factor = choices.factor.get(name, 1)
    match name:
        case "daily":
            return _daily(choices)
        case "of_daily":
            return (
                "select time, count(*) as n, cast(sum(s) as bigint) as s from <daily> "
                "where time >= $start and time < $end group by 1"
            )
        case "parts" if choices.parts_joined:
            return (
                "select r.kind, k.label, r.id from <sales> r left join <kinds> k on k.kind = r.kind "
                "where r.kind = $partition"
            )
        case "parts":
            return (
                "select kind, cast(sum(amount) as bigint) as s, count(*) as n from <sales> "
                "where kind = $partition group by kind"
            )
        case "moved_days":
            return (
                "select date_trunc('day', placed) as time, count(*) as n, cast(sum(amount) as bigint) as s "
                "from <orders> where placed >= $start and placed < $end group by 1"
            )
        case "per_kind":
            return "select kind, count(*) as n, max(placed) as last from <shares> where kind = $partition group by 1"
        case "flex":
            return _flex(choices, factor)
        case "flex_days":
            return (
                "select f.time, count(*) as n, cast(sum(f.<flex.amount>) as bigint) as amount from <flex> as f "
                "where f.time >= $start and f.time < $end group by 1"
            )
        case "merged":
            flag = ", bool_or(gone) as gone" if choices.flag else ""
            return (
                f"select id, max(kind) as kind, cast(sum(amount) * {factor} as bigint) as <merged.amount>{flag} "
                "from <sales> group by id"
            )
        case "merged_days":
            return f"select time, kind, cast(sum(s) * {factor} as bigint) as s from <daily> group by all"
        case "latest":
            return f"select id, max(amount) * {factor} as amount from <events> as e group by id"
        case "log":
            return (
                f"select e.id, k.label, e.amount * {factor} as amount "
                "from <events> as e left join <kinds> as k on k.kind = e.kind"
            )
        case "snaps":
            return f"select kind, label, {factor} as factor from <kinds>"
        case "history":
            timed = ", max(placed) as placed" if choices.timed else ""
            return (
                f"select id, max(kind) as kind, cast(sum(amount) * {factor} as bigint) as amount{timed} "
                "from <sales> group by id"
            )
        case "by_kind":
            return (
                "select d.kind as <by_kind.kind>, count(*) as <by_kind.n>, cast(sum(d.s) as bigint) as <by_kind.s> "
                "from <daily> as d group by d.kind"
            )
        case "peaks":
            return (
                f"select b.<by_kind.kind> as kind, cast(b.<by_kind.n> * {factor} as bigint) as n, "
                "b.<by_kind.s> as s from <by_kind> as b"
            )
        case "tops":
            return "select max(b.<by_kind.n>) as <tops.n> from <by_kind> as b"
        case "shown":
            return "select * from <daily> where s > 2"
        case "of_merged":
            return (
                "select m.kind as <of_merged.kind>, count(*) as <of_merged.n>, "
                "max(m.<merged.amount>) as <of_merged.amount> from <merged> as m group by m.kind"
            )
        case "second":
            # What it says of a row hangs on when it saw it, so that it shows whether it began anew.
            return (
                "select l.id, l.amount + 1 as amount, s.n from <log> as l "
                "left join (select id, count(*) as n from <sales> group by id) as s on s.id = l.id"
            )
        case "open":
            return "select id, amount from <history> where valid_to is null"
        case "of_orders":
            return f"select kind, count(*) as n, cast(sum(amount) * {factor} as bigint) as s from <orders> group by 1"
        case "taken":
            return (
                f"select kind, count(*) as n, cast(sum(amount) * {factor} as bigint) as amount from <sales> group by 1"
            )
        case "of_known":
            return "select kind, label from <known> where valid_to is null"
        case "of_flex":
            return "select f.kind as <of_flex.kind>, count(*) as <of_flex.n> from <flex> as f group by f.kind"
        case "py_days":
            back = " - interval '1 day'" if choices.looking_back else ""
            return (
                f"select cast($start as timestamp) as time, kind, cast(sum(amount) * {factor} as bigint) as s "
                f"from <sales> where placed >= $start{back} and placed < $end group by kind"
            )
        case "py_parts":
            return (
                f"select kind, cast(id as bigint) as id, cast(amount * {factor} as bigint) as amount from <sales> "
                "where kind = $partition"
            )
        case "py_merged":
            return f"select kind, cast(sum(s) * {factor} as bigint) as amount from <daily> group by kind"
        case "py_history":
            return (
                f"select cast(id as bigint) as id, max(kind) as kind, cast(sum(amount) * {factor} as bigint) as amount "
                "from <sales> group by id"
            )
        case "py_log":
            return f"select cast(id as bigint) as id, cast(amount * {factor} as bigint) as amount from <events> as e"
        case _:
            raise ValueError(name)


def _daily(choices: Choices) -> str:
    kind = "coalesce(k.label, 'none')" if choices.shape == "labels" else "r.kind"
    more = f", upper({kind}) as big" if choices.more else ""
    join = " left join <kinds> as k on k.kind = r.kind" if choices.shape == "labels" else ""
    where = " and r.amount > 2" if choices.filtered else ""
    time, amount, group = "r.placed", "cast(sum(r.amount) as bigint)", " group by all"
    bounds = "r.placed >= $start and r.placed < $end"
    if choices.shape in ("rows", "labels"):
        amount, group = "cast(r.amount as bigint)", ""
    if choices.as_table:
        bounds = "r.amount >= 0"
    elif choices.looks_back:
        time = "$start"
        bounds = f"r.placed >= $start - interval '{BACK[choices.daily.grain]}' and r.placed < $end"
    return (
        f"select {time} as time, {kind} as kind, {amount} as s{more} from <sales> as r{join} "
        f"where {bounds}{where}{group}"
    )


def _flex(choices: Choices, factor: int) -> str:
    if choices.flex not in ("interval", "partition"):
        return (
            "select id, max(kind) as kind, max(placed) as time, "
            f"cast(sum(amount) * {factor} as bigint) as <flex.amount> from <sales> group by id"
        )
    bounds = "placed >= $start and placed < $end" if choices.flex == "interval" else "kind = $partition"
    return (
        f"select id, kind, placed as time, cast(amount * {factor} as bigint) as <flex.amount> from <sales> "
        f"where {bounds}"
    )
