-- a filter
select id, amount from orders where price > 1
--> uses orders(amount, id, price)
--> rows by orders.price
--> id <- orders.id
--> amount <- orders.amount

-- only rows count
select count(*) as n from orders
--> uses orders()
--> n <-

-- rows of another
select id from orders where exists (select 1 from customers)
--> uses customers(); orders(id)
--> id <- orders.id

-- a correlated subquery
select id, (select max(c.name) from customers c where c.id = o.id and c.joined > o.day) as who from orders o
--> uses customers(id, joined, name); orders(day, id)
--> id <- orders.id
--> who <- customers.name by customers.id, customers.joined, orders.day, orders.id

-- columns that a CTE drops
with a as (select id, amount, price, day from orders), b as (select id, price from a where day > '2024-01-01') select id from b
--> uses orders(day, id)
--> rows by orders.day
--> id <- orders.id

-- join using
select id, o.amount, c.name from orders o left join customers c using (id)
--> uses customers(id, name); orders(amount, id)
--> rows by customers.id, orders.id
--> id <- customers.id, orders.id
--> amount <- orders.amount
--> name <- customers.name

-- natural join
select id, name from orders natural join customers
--> uses customers(id, name); orders(id)
--> rows by customers.id, orders.id
--> id <- customers.id, orders.id
--> name <- customers.name

-- star with changes
select * exclude (tags, address) replace (amount * 2 as amount) rename (day as ordered_on) from orders
--> uses orders(amount, customer, day, id, price)
--> id <- orders.id
--> customer <- orders.customer
--> amount <- orders.amount
--> ordered_on <- orders.day
--> price <- orders.price

-- star of one table
select c.* from orders o join customers c on c.id = o.id and o.amount > 1
--> uses customers(id, joined, name); orders(amount, id)
--> rows by customers.id, orders.amount, orders.id
--> id <- customers.id
--> name <- customers.name
--> joined <- customers.joined

-- a field of a struct
select address.city, o.address.zip as zip, o.address['zip'] as again from orders o
--> uses orders(address)
--> city <- orders.address
--> zip <- orders.address
--> again <- orders.address

-- a row as a value
select c as customer from customers c
--> uses customers(id, joined, name)
--> customer <- customers.id, customers.joined, customers.name

-- names given before
select id as a, a + 1 as b from orders where b > 2 order by a
--> uses orders(id)
--> rows by orders.id
--> a <- orders.id
--> b <- orders.id

-- a name that a column has as well
select amount as id from orders where id = 1
--> uses orders(amount, id)
--> rows by orders.id
--> id <- orders.amount

-- grouping by position
select day, sum(amount) as total from orders group by 1 having max(price) > 1 order by 2
--> uses orders(amount, day, price)
--> rows by orders.amount, orders.day, orders.price
--> day <- orders.day
--> total <- orders.amount

-- grouping by all
select day, upper(customer) as who, count(*) as n from orders group by all
--> uses orders(customer, day)
--> rows by orders.customer, orders.day
--> day <- orders.day
--> who <- orders.customer
--> n <-

-- grouping sets
select day, customer, sum(id) as s from orders group by rollup (day, customer)
--> uses orders(customer, day, id)
--> rows by orders.customer, orders.day
--> day <- orders.day
--> customer <- orders.customer
--> s <- orders.id

-- distinct
select distinct day from orders
--> uses orders(day)
--> rows by orders.day
--> day <- orders.day

-- distinct on
select distinct on (customer) id from orders order by day
--> uses orders(customer, day, id)
--> rows by orders.customer, orders.day
--> id <- orders.id

-- union all
select id, customer from orders union all select id, name from customers
--> uses customers(id, name); orders(customer, id)
--> id <- customers.id, orders.id
--> customer <- customers.name, orders.customer

-- union
select id from orders union select id from customers
--> uses customers(id); orders(id)
--> rows by customers.id, orders.id
--> id <- customers.id, orders.id

-- union by name
select id, customer as name from orders union all by name select name, joined from customers
--> uses customers(joined, name); orders(customer, id)
--> id <- orders.id
--> name <- customers.name, orders.customer
--> joined <- customers.joined

-- a window
select id, sum(amount) over (partition by customer order by day) as s from orders
--> uses orders(amount, customer, day, id)
--> id <- orders.id
--> s <- orders.amount by orders.customer, orders.day

-- qualify
select id from orders qualify rank() over (partition by customer order by day) = 1
--> uses orders(customer, day, id)
--> rows by orders.customer, orders.day
--> id <- orders.id

-- case
select case when price > 1 then customer else 'x' end as c from orders
--> uses orders(customer, price)
--> c <- orders.customer by orders.price

-- aggregates with a filter and an order
select sum(id) filter (where price > 1) as s, string_agg(customer, ',' order by day) as c from orders
--> uses orders(customer, day, id, price)
--> s <- orders.id by orders.price
--> c <- orders.customer by orders.day

-- lambda
select list_transform(tags, lambda t: t || customer) as t from orders
--> uses orders(customer, tags)
--> t <- orders.customer, orders.tags

-- list comprehension
select [t || customer for t in tags if len(t) > amount] as t from orders
--> uses orders(amount, customer, tags)
--> t <- orders.amount, orders.customer, orders.tags

-- unnest
select id, unnest(tags) as tag from orders
--> uses orders(id, tags)
--> rows by orders.tags
--> id <- orders.id
--> tag <- orders.tags

-- unnest in FROM
select o.id, t.tag from orders o, unnest(o.tags) as t(tag)
--> uses orders(id, tags)
--> rows by orders.tags
--> id <- orders.id
--> tag <- orders.tags

-- lateral
select o.id, x.twice from orders o, lateral (select o.amount * 2 as twice, o.price as unused) x
--> uses orders(amount, id)
--> id <- orders.id
--> twice <- orders.amount

-- recursive
with recursive r as (select id, 1 as level from customers union all select id, level + 1 from r where level < 3) select id from r
--> uses customers(id)
--> rows by customers.id
--> id <- customers.id

-- pivot
pivot (select customer, day, amount from orders) on day in ('2024-01-01') using sum(amount)
--> uses orders(amount, customer, day)
--> rows by orders.amount, orders.customer, orders.day
--> customer <- orders.amount, orders.customer, orders.day
--> 2024-01-01 <- orders.amount, orders.customer, orders.day

-- unpivot
unpivot (select id, amount, price from orders) on amount, price into name kind value v
--> uses orders(amount, id, price)
--> rows by orders.amount, orders.id, orders.price
--> id <- orders.amount, orders.id, orders.price
--> kind <- orders.amount, orders.id, orders.price
--> v <- orders.amount, orders.id, orders.price

-- columns by pattern
select columns('(id|day)') from orders
--> uses orders(address, amount, customer, day, id, price, tags)
--> id <- orders.address, orders.amount, orders.customer, orders.day, orders.id, orders.price, orders.tags
--> day <- orders.address, orders.amount, orders.customer, orders.day, orders.id, orders.price, orders.tags

-- semi join
select o.id from orders o semi join customers c on c.name = o.customer
--> uses customers(name); orders(customer, id)
--> rows by customers.name, orders.customer
--> id <- orders.id

-- asof join
select o.id, c.name from orders o asof join customers c on o.day >= c.joined
--> uses customers(joined, name); orders(day, id)
--> rows by customers.joined, orders.day
--> id <- orders.id
--> name <- customers.name

-- in a subquery
select id from orders where customer in (select name from customers where joined > '2024-01-01')
--> uses customers(joined, name); orders(customer, id)
--> rows by customers.joined, customers.name, orders.customer
--> id <- orders.id

-- values
select v.x from (values (1, 2)) v(x, y)
--> uses
--> x <-

-- set operation in a subquery with an order
select id from (select id, amount from orders union all select id, id from customers order by amount limit 3)
--> uses customers(id); orders(amount, id)
--> rows by customers.id, orders.amount
--> id <- customers.id, orders.id

-- the same table twice
select a.id, b.amount from orders a join orders b on a.id = b.id
--> uses orders(amount, id)
--> rows by orders.id
--> id <- orders.id
--> amount <- orders.amount

-- a CTE that shadows an asset
with customers as (select id, amount from orders) select amount from customers
--> uses orders(amount)
--> amount <- orders.amount

-- a name of the clock
select current_date as today, id from orders
--> uses orders(id)
--> today <-
--> id <- orders.id
