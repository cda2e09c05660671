-- rows of one table
select id, at_time, amount from events where at_time >= $start and at_time < $end
--> separable
--> events: at_time

-- grouped by the day that is bounded
select cast(at_time as date) as day, count(*) as n from events where at_time >= $start and at_time < $end group by 1
--> separable
--> events: at_time

-- group by all
select date_trunc('hour', e.at_time) as hour, kind, sum(amount) as s from events e where at_time >= $start and $end > at_time group by all
--> separable
--> events: at_time

-- distinct days
select distinct kind, at_time::date as day from events where at_time >= $start and at_time < $end order by day
--> separable
--> events: at_time

-- joined with a lookup
select cast(e.at_time as date) as day, k.label, count(*) as n from events e left join kinds k on k.kind = e.kind where e.at_time >= $start and e.at_time < $end group by 1, 2
--> separable
--> events: at_time

-- two tables, each bounded
select e.id from events e join visits v on v.id = e.id and v.on_day = e.at_time::date where e.at_time >= $start and e.at_time < $end and v.on_day >= $start and v.on_day < $end
--> events: at_time
--> visits: on_day

-- union of two
select id, at_time from events where at_time >= $start and at_time < $end union all select id, on_day from visits where on_day >= $start::date and on_day < $end::date
--> separable
--> events: at_time
--> visits: on_day

-- a common table expression bounds, the rest counts
with recent as (select * from events where at_time >= $start and at_time < $end) select at_time::date as day, count(*) as n from recent group by 1
--> separable
--> events: at_time

-- days are bounded
select at_time::date as day, count(*) as n from events where cast(at_time as date) >= $start and cast(at_time as date) < $end group by 1
--> separable
--> events: at_time

-- other conditions beside it
select id from events where kind = 'a' and (amount > 1 or amount is null) and at_time >= $start and at_time < $end
--> separable
--> events: at_time

-- null-rejecting on the optional side
select e.id from kinds k left join events e on e.kind = k.kind where e.at_time >= $start and e.at_time < $end
--> separable
--> events: at_time

-- looks back as far as is declared
select at_time::date as day, count(*) as n from events where at_time >= $start - interval 1 day and at_time < $end group by 1
--> events: at_time

-- looks back as far as is declared, written as text
select id from events where at_time >= $start - interval '24 hours' and at_time < $end
--> events: at_time

-- looks back further than is declared
select id from events where at_time >= $start - interval 2 days and at_time < $end

-- grouped by something else
select kind, count(*) as n from events where at_time >= $start and at_time < $end group by 1
--> events: at_time

-- a month holds many days
select date_trunc('month', at_time) as month, count(*) as n from events where at_time >= $start and at_time < $end group by 1
--> events: at_time

-- the time of another row
select id, row_number() over (order by at_time, id) as n from events where at_time >= $start and at_time < $end
--> events: at_time

-- limited
select id from events where at_time >= $start and at_time < $end order by id limit 3
--> events: at_time

-- one of two ends
select id from events where at_time < $end and $start < $end

-- inclusive at the end
select id from events where at_time between $start and $end

-- behind an OR
select id from events where (at_time >= $start and at_time < $end) or kind = 'a'

-- two columns, one end each
select e.id from events e join visits v on v.id = e.id where e.at_time >= $start and v.on_day < $end

-- read twice
select e.id from events e join events f on f.id = e.id where e.at_time >= $start and e.at_time < $end
--> separable

-- read a second time elsewhere
select id from events where at_time >= $start and at_time < $end and id in (select max(id) from events)
--> separable

-- the nearest row hangs on which rows there are
select v.id from visits v asof join events e on e.id = v.id and e.at_time <= v.on_day where e.at_time >= $start and e.at_time < $end
--> separable

-- the parameter is used elsewhere too
select id, $start as since from events where at_time >= $start and at_time < $end
--> events: at_time

-- a text is no time
select id from kinds where label >= $start and label < $end
--> separable

-- an instant compares in UTC
select id from logins where at_instant >= $start and at_instant < $end
--> separable
--> logins: at_instant

-- totals above the groups
select at_time::date as day, count(*) as n from events where at_time >= $start and at_time < $end group by rollup(1)
--> events: at_time

-- filtered before the join is not filtered in it
select k.kind, e.n from kinds k left join (select kind, count(*) as n from events where at_time >= $start and at_time < $end group by 1) e using (kind)
--> events: at_time

-- everything of what a common table expression bounds
with recent as (select * from events where at_time >= $start and at_time < $end) select kind, amount from recent
--> separable
--> events: at_time

-- counted by the day that a common table expression tells
with recent as (select *, kind || '!' as loud from events where at_time >= $start and at_time < $end) select at_time::date as day, count(*) as n from recent group by 1
--> events: at_time

-- two common table expressions, one after the other
with recent as (select id, at_time, kind from events where at_time >= $start and at_time < $end), daily as (select cast(at_time as date) as day, kind, count(*) as n from recent group by all) select daily.day, label, sum(n) as n from daily join kinds k on k.kind = daily.kind group by all
--> separable
--> events: at_time

-- a subquery bounds
select day, sum(n) as n from (select date_trunc('hour', at_time) as hour, cast(at_time as date) as day, count(*) as n from events where at_time >= $start and at_time < $end group by all) as hours group by day
--> separable
--> events: at_time

-- hours of a common table expression tell their day
with hours as (select date_trunc('hour', at_time) as hour, count(*) as n from events where at_time >= $start and at_time < $end group by 1) select hour::date as day, max(n) as most from hours group by 1
--> separable
--> events: at_time

-- a common table expression loses the time
with recent as (select id, kind from events where at_time >= $start and at_time < $end) select kind, count(*) as n from recent group by 1
--> events: at_time

-- another column of the same name
with recent as (select id, kind as at_time from events where at_time >= $start and at_time < $end) select at_time, count(*) as n from recent group by 1
--> events: at_time

-- read twice through a common table expression
with recent as (select * from events where at_time >= $start and at_time < $end) select one.id from recent one join recent other on one.kind = other.kind
--> events: at_time

-- compared with itself through a common table expression
with recent as (select * from events where at_time >= $start and at_time < $end) select id from recent where amount >= (select max(amount) from recent)
--> events: at_time

-- on the optional side of a join
with recent as (select * from events where at_time >= $start and at_time < $end) select k.kind, recent.id from kinds k left join recent on recent.kind = k.kind
--> events: at_time

-- on the side that is kept
with recent as (select * from events where at_time >= $start and at_time < $end) select recent.id, k.label from recent left join kinds k on recent.kind = k.kind
--> separable
--> events: at_time

-- limited in a common table expression
with recent as (select * from events where at_time >= $start and at_time < $end order by id, at_time, kind, amount limit 2) select id from recent
--> events: at_time

-- a lookup in a common table expression
with names as (select kind, max(label) as label from kinds group by kind) select e.id, names.label from events e join names using (kind) where e.at_time >= $start and e.at_time < $end
--> separable
--> events: at_time

-- counted in all, in a lookup that is bounded
with counted as (select kind, count(*) as n from events where at_time >= $start and at_time < $end group by kind) select k.label, n from kinds k join counted using (kind)
--> events: at_time

-- numbered in a common table expression
with recent as (select id, at_time, row_number() over (order by at_time, id, kind, amount) as n from events where at_time >= $start and at_time < $end) select id from recent where n = 1
--> events: at_time

-- a name that is shadowed inside
with recent as (select * from events where at_time >= $start and at_time < $end) select id from (with recent as (select id from kinds) select id from recent) as recent
--> events: at_time

-- a column before it has its name
with recent as (select *, at_time::date as kind from events where at_time >= $start and at_time < $end) select kind, count(*) as n from recent group by 1
--> events: at_time

-- two columns of one name
with recent as (select kind as day, at_time::date as day from events where at_time >= $start and at_time < $end) select day, count(*) as n from recent group by 1
--> events: at_time
