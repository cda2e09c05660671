select id from orders
--> select id as order_id from orders

select id, day from orders
--> select day, id from orders

select amount + 1 as x from orders
--> select amount + 2 as x from orders

select 1.0 as x
--> select 1.00 as x

select 'a' as x
--> select 'A' as x

select id from orders order by id
--> select id from orders order by id desc

select id from orders order by id
--> select id from orders order by id nulls first

select id from orders
--> select distinct id from orders

select id from orders union select id from customers
--> select id from orders union all select id from customers

select o.id from orders o join customers c using (id)
--> select o.id from orders o left join customers c using (id)

select sum(id) as s from orders
--> select sum(distinct id) as s from orders

select sum(id) as s from orders
--> select sum(id) filter (where id > 0) as s from orders

select sum(id) over (order by day) as s from orders
--> select sum(id) over (partition by day) as s from orders

select sum(id) over (order by day rows 1 preceding) as s from orders
--> select sum(id) over (order by day rows 2 preceding) as s from orders

select cast(id as varchar) as x from orders
--> select try_cast(id as varchar) as x from orders

select {'a': id} as x from orders
--> select {'b': id} as x from orders

select orders as x from orders
--> select orders as x from (select id, customer from orders) orders

select a.id from orders a, orders b where a.day = b.day
--> select b.id from orders a, orders b where a.amount = b.amount

select a.id from orders a, orders b where a.id > b.id
--> select b.id from orders a, orders b where a.id > b.id

select id from orders group by all
--> select id from orders

select list_transform(tags, lambda t: upper(t)) as x from orders
--> select list_transform(tags, lambda t: lower(t)) as x from orders

select id from orders using sample 10 rows
--> select id from orders using sample 20 rows

select count(*) as n from orders
--> select count(id) as n from orders
