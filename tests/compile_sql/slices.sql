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

-- a common table expression bounds, the rest counts: not proven separable
with recent as (select * from events where at_time >= $start and at_time < $end) select at_time::date as day, count(*) as n from recent group by 1
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
