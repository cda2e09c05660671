-- One row an airline. A flight that never left counts as late, so an airline cannot gain by cancelling.
with totals as (
    select
        carrier,
        count(*) as departures,
        count(*) filter (cancelled) as cancelled,
        count(*) filter (late) as late,
        cast(sum(distance) as bigint) as miles
    from flights.departures
    group by carrier
)

select
    rank() over (order by t.late / t.departures) as rank,
    a.name as airline,
    t.departures,
    cast(100 * t.cancelled / t.departures as decimal(5, 2)) as cancelled_percent,
    cast(100 * t.late / t.departures as decimal(5, 2)) as late_percent,
    t.miles
from totals as t
join raw.airlines as a using (carrier)
