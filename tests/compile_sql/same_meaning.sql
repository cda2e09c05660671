select id from orders
--> SELECT   o.id  FROM shop.orders AS o /* the same */

select day, sum(id) as s from orders group by day
--> select day, sum(id) as s from orders group by 1

select day, sum(id) as s from orders group by day
--> select o.day, sum(o.id) as s from orders o group by o.day

select id as x from orders order by x
--> select id as x from orders order by 1
