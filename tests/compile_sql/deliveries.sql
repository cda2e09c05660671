-- rows of one input
select k, v from g where v > 1 order by v

-- joined with what is seen whole
select g.k, v, label from g join r using (k)

-- beside what is seen whole
select g.k, v, label from g left join r using (k)

-- what is seen whole decides
select k, v from g where k not in (select k from r) and v >= (select count(*) - 3 from r)

-- through a common table expression
with new as (select * from g where v > 0) select new.k, new.v, label from new left join r on r.k = new.k

-- two that grow, one after the other
select k, v from g union all select k, v from h

-- a recursion that begins with them
with recursive steps as (select k, v from g union all select k, v - 1 from steps where v > 0) select k, v from steps where v = 0

-- all of them
select 'all' as k, count(*) as n from g
--> append: count(*)
--> merge: count(*)

-- totals
select k, sum(v) as v from g group by k
--> append: sum(v)
--> merge: sum(v)

-- totals behind a common table expression
with new as (select * from g) select k, sum(v) as v from new group by all
--> append: sum(v)
--> merge: sum(v)

-- the groups alone
select k, label from g join r using (k) group by k, label
--> append: k

-- groups that are left out
select k from g group by k having count(*) > 1
--> append: count(*)
--> merge: count(*)

-- the latest of each key
select k, max_by(v, moment) as v, max(moment) as moment from g group by k
--> append: max_by(v, moment)

-- the latest of each key, by rank
select k, v, moment from g qualify row_number() over (partition by k order by moment desc) = 1
--> append: row_number() over (partition by k order by moment desc)

-- the latest of each key, inside
select k, v from (select *, row_number() over (partition by k order by moment desc) as n from g) as numbered where n = 1
--> append: row_number() over (partition by k order by moment desc)

-- the latest of each key, by distinct
select distinct on (k) k, v from g order by k, moment desc
--> append: distinct

-- the latest of something else
select k, v, moment from g qualify row_number() over (partition by v order by moment desc, k) = 1
--> append: row_number() over (partition by v order by moment desc, k)
--> merge: row_number() over (partition by v order by moment desc, k)

-- the latest of each key, by its first in order
select k, first(v order by moment desc) as v, max(moment) as moment from g group by k
--> append: first(v order by moment desc)

-- the latest of each key, by its last in order
select k, last(v order by moment) as v from g group by k
--> append: last(v order by moment)

-- the earliest of each key, by its first in order
select k, first(v order by moment) as v from g group by k
--> append: first(v order by moment)
--> merge: first(v order by moment)

-- the earliest of each key, by its last in order
select k, last(v order by moment desc) as v from g group by k
--> append: last(v order by moment desc)
--> merge: last(v order by moment desc)

-- the latest of each computed key
select upper(k) as k, max_by(v, moment) as v from g group by upper(k)
--> append: max_by(v, moment)

-- the latest of each computed key, by its place
select upper(k) as k, max_by(v, moment) as v from g group by 1
--> append: max_by(v, moment)

-- the latest of each computed key, by its name
select v + 1 as k, max_by(moment, moment) as moment from g group by all
--> append: max_by(moment, moment)

-- the latest of each computed key, by rank
select upper(k) as k, v from g qualify row_number() over (partition by upper(k) order by moment desc) = 1
--> append: row_number() over (partition by upper(k) order by moment desc)

-- the latest of each computed key, by distinct
select distinct on (upper(k)) upper(k) as k, v from g order by moment desc
--> append: distinct

-- the latest of each key that has another name
select c.v as k, max_by(moment, moment) as moment from g as c group by c.v
--> append: max_by(moment, moment)

-- the latest of each key that has another name inside
with ranked as (select *, row_number() over (partition by v order by moment desc) as n from g) select v as k, moment from ranked where n = 1
--> append: row_number() over (partition by v order by moment desc)

-- the latest of what only has the key's name
select v as k, k as other, moment from g qualify row_number() over (partition by k order by moment desc) = 1
--> append: row_number() over (partition by k order by moment desc)
--> merge: row_number() over (partition by k order by moment desc)

-- the greatest is no choice
select k, max(v) as v from g group by k
--> append: max(v)
--> merge: max(v)

-- the first
select k, min_by(v, moment) as v from g group by k
--> append: min_by(v, moment)
--> merge: min_by(v, moment)

-- the row before
select k, v, lag(v) over (order by moment) as before from g
--> append: lag(v) over (order by moment)
--> merge: lag(v) over (order by moment)

-- each once
select distinct k, v from g
--> append: distinct

-- the first three
select k, v from g order by moment limit 3
--> append: 3
--> merge: 3

-- with all of another
select k, v from g union all select k, 0 as v from r
--> append: k

-- with one another, each once
select k, v from g union select k, v from h
--> append: k

-- all but those
select k from r except select k from g
--> append: k
--> merge: k

-- those of both
select k from g intersect select k from h
--> append: k
--> merge: k

-- those of another
select k from g intersect select k from r
--> append: k

-- what meets nothing
select r.k, v from r left join g using (k)
--> append: g
--> merge: g

-- what meets nothing, on both sides
select k, v, label from g full join r using (k)
--> append: r
--> merge: r

-- what meets none of them
select k, label from r anti join g using (k)
--> append: g
--> merge: g

-- what meets one of them
select k, label from r semi join g using (k)
--> append: g

-- what is among them
select k, label from r where k in (select k from g)
--> append: (select k from g)

-- what is not among them
select k, label from r where k not in (select k from g)
--> append: (select k from g)
--> merge: (select k from g)

-- as many as there are
select k, (select count(*) from g) as n from r
--> append: count(*)
--> merge: count(*)

-- met by each other
select g.k, g.v, h.v as w from g join h using (k)
--> append: h
--> merge: h

-- met by themselves
select one.k, one.v, other.moment from g as one join g as other on other.v > one.v
--> append: g as other
--> merge: g as other

-- met by each other, inside
select k, v from g where k in (select k from h)
--> append: (select k from h)
--> merge: (select k from h)

-- the nearest
select r.k, g.v from r asof join g on g.k = r.k and g.moment >= r.since
--> append: g
--> merge: g

-- in columns
select * from (pivot (select k, v from g) on v in (0, 1, 2) using count(*))
--> append: (select k, v from g)
--> merge: (select k, v from g)
