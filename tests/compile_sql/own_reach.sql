-- the day before, as a moment
select id from balances where day >= $start - interval 1 day
--> 1

-- the day before, as a date
select id from balances where day = cast($start as date) - 1
--> 1

-- the same from the other side
select id from balances b where cast($start as date) - interval 2 days <= b.day
--> 2

-- two days and something
select id from balances where day > $start - interval 50 hours
--> 3

-- a date of some hours before is the day in which they lie
select id from balances where day >= cast($start - interval 5 hours as date)
--> 1

-- a week
select id from balances where day >= $start - to_weeks(1)
--> 7

-- the further of two places, each bounded
select id from balances where day >= $start - interval 1 day union all select id from balances where day >= $start - interval 3 days
--> 3

-- inside a common table expression, read twice
with before as (select * from balances where day >= $start - interval 1 day) select a.id from before a join before b using (id)
--> 1

-- the narrower of two bounds
select id from balances where day >= $start - interval 5 days and day >= $start - interval 2 days
--> 2

-- in a subquery
select (select max(amount) from balances where day >= $start - interval 1 day) as amount
--> 1

-- one place is not bounded
select id from balances where day >= $start - interval 1 day union all select id from balances
--> any

-- bounded from above only
select id from balances where day < $start
--> any

-- another column is bounded
select id from balances where due >= $start - interval 1 day
--> any

-- behind an OR
select id from balances where day >= $start - interval 1 day or id = 1
--> any

-- not a constant
select id from balances where day >= $start - to_days(id)
--> any

-- months have no number of days
select id from balances where day >= $start - interval 1 month
--> any

-- the column of a joined table of the same name
select b.id from balances b join events e on e.id = b.id where e.day >= $start - interval 1 day
--> any

-- bounded behind an aggregate
select id, max(day) as day from balances group by id having max(day) >= $start - interval 1 day
--> any

-- a join whose matches hang on which rows there are
select e.id from events e asof join balances b on e.day >= b.day where b.day >= $start - interval 1 day
--> any

-- an addition
select id from balances where day >= $start + interval 1 day
--> any
