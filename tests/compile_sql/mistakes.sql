select aa, amount from orders
--> VP302 'aa': There is no column `aa` here. The assets read here have the columns `id`, `customer`, `amount`, `day`, `price`, `tags`, `address`.

select amuont, o.costumer, customer + 1, foo(id) from orders o where zz > 3 group by bb
--> VP302 'amuont': There is no column `amuont` here. Did you mean `amount`?
--> VP302 'o.costumer': `o` has no column `costumer`. Did you mean `o.customer`?
--> VP304 'customer + 1': `+` does not work on VARCHAR and a whole number. Cast the text to the type that is meant, as in `cast(x as bigint)`; to join texts, write `||`.
--> VP305 'foo': There is no function `foo`. Did you mean `floor`?
--> VP302 'zz': There is no column `zz` here. The assets read here have the columns `id`, `customer`, `amount`, `day`, `price`, `tags`, `address`.
--> VP302 'bb': There is no column `bb` here. The assets read here have the columns `id`, `customer`, `amount`, `day`, `price`, `tags`, `address`.

select orders.id from orders as o
--> VP302 'orders.id': `orders` goes by the alias `o` in this query, so it cannot be called `orders`. Write `o.id`.

select id from orders, customers
--> VP303 'id': `id` is a column of `orders` and of `customers`, so it is not clear which one is meant. Write `orders.id` or `customers.id`.

select x.id from orders
--> VP302 'x.id': No table is called `x` here. Did you mean `orders.id`?

select o.id from orders o where c.name = 'x'
--> VP302 'c.name': No table is called `c` here. The tables here are `o`.

select o.name from orders o join customers c on o.id = c.id
--> VP302 'o.name': `o` has no column `name`. Its columns are `id`, `customer`, `amount`, `day`, `price`, `tags`, `address`.

with recent as (select id, amuont from orders) select idd from recent
--> VP302 'amuont': There is no column `amuont` here. Did you mean `amount`?
--> VP302 'idd': There is no column `idd` here. Did you mean `id`?

select id from orders where customer = "open"
--> VP302 '"open"': There is no column `open` here. A text stands in single quotes: `'open'`.

select customer + day from orders
--> VP304 'customer + day': `+` does not work on VARCHAR and DATE. Cast the text to the type that is meant, as in `cast(x as bigint)`; to join texts, write `||`.

select sum(customer) from orders
--> VP304 'sum(customer)': `sum` cannot take VARCHAR. It takes `sum(DECIMAL)` or `sum(BOOLEAN)` or `sum(SMALLINT)` or `sum(INTEGER)` and 4 other forms.

select date_trunc(day) from orders
--> VP304 'date_trunc(day)': `date_trunc` takes 2 arguments, not 1. It takes `date_trunc(VARCHAR, DATE)` or `date_trunc(VARCHAR, INTERVAL)` or `date_trunc(VARCHAR, TIMESTAMP)` or `date_trunc(VARCHAR, TIMESTAMPTZ)`.

select date_trunc('month', id) from orders
--> VP304 "date_trunc('month', id)": `date_trunc` cannot take a text, BIGINT. It takes `date_trunc(VARCHAR, DATE)` or `date_trunc(VARCHAR, INTERVAL)` or `date_trunc(VARCHAR, TIMESTAMP)` or `date_trunc(VARCHAR, TIMESTAMPTZ)`.

select upper(id, 1) from orders
--> VP304 'upper(id, 1)': `upper` takes 1 argument, not 2. It takes `upper(VARCHAR)`.

select sums(amount) from orders
--> VP305 'sums': There is no function `sums`. Did you mean `sum`?

select id, sum(amount) as total from orders
--> VP314 'id': `id` is neither grouped nor inside an aggregate, so a group has many values of it. Add `id` to GROUP BY, or take one: `any_value(id)`, `max(…)`.

select id from orders where sum(amount) > 1
--> VP314 'sum(amount)': WHERE decides about single rows before they are grouped; aggregates cannot stand there. Move the condition to HAVING.

select sum(sum(amount)) from orders
--> VP314 'sum(amount)': An aggregate cannot stand inside an aggregate. Compute the inner one in a subquery or a WITH clause first.

select id from orders where row_number() over () = 1
--> VP314 'row_number() over ()': WHERE decides about single rows before they are grouped; window functions cannot stand there. Move the condition to QUALIFY.

select row_number() from orders
--> VP314 'row_number()': `row_number()` needs a window, or it stands where none can be. Write `OVER (PARTITION BY … ORDER BY …)` behind it.

select id from orders having customer = 'x'
--> VP314 'id': `id` is neither grouped nor inside an aggregate, so a group has many values of it. Add `id` to GROUP BY, or take one: `any_value(id)`, `max(…)`.
--> VP314 'customer': `customer` is neither grouped nor inside an aggregate, so a group has many values of it. Add `customer` to GROUP BY, or take one: `any_value(customer)`, `max(…)`.

select address.street from orders
--> VP302 'address.street': The struct has no field `street`. Close to it is `city`.

select id.street from orders
--> VP302 'id.street': `id` is not a struct, so it has no field `street`.

select id from orders union select id, name from customers
--> VP314 'union': The queries joined by UNION, EXCEPT or INTERSECT have different numbers of columns. Select the same columns in each, or use UNION BY NAME.

select name from orders join customers using (name)
--> VP302 'name': USING needs `name` on both sides, and the table on the left has none. Write the condition with ON.

select (select id, name from customers) as x from orders
--> VP304 '(select id, name from customers)': The subquery gives 2 columns where 1 is expected.

select cast(id as foo) as id from orders
--> VP108 'foo': `foo` is not a type.

select cast(id as decimal(50,2)) as id from orders
--> VP108 '50': A decimal has 1 to 38 digits, and no more of them after the point.

select * exclude (nothing) from orders
--> VP302 'nothing': EXCLUDE names `nothing`, which the star does not hold. The assets read here have the columns `id`, `customer`, `amount`, `day`, `price`, `tags`, `address`.

select * replace (1 as nothing) from orders
--> VP302 'nothing': REPLACE names `nothing`, which the star does not hold. The assets read here have the columns `id`, `customer`, `amount`, `day`, `price`, `tags`, `address`.

select columns('zz.*') from orders
--> VP302 "columns('zz.*')": No column matches `zz.*`.

select id from orders order by 7
--> VP314 '7': ORDER BY names a column of the result by its number, and the result has 1. Write the column's name.

select sum(id) from orders group by 3
--> VP314 'group by': GROUP BY names a column of the result by its number, and the result has 1. Write the column's name.

select case when id = 1 then day else customer end as x from orders
--> VP304 'case when id = 1 then day else customer end': VARCHAR and DATE do not go together in CASE. Cast one of them to the type that is meant.

select id in (select name from customers) as x from orders
--> VP304 'id in (select name from customers)': BIGINT and VARCHAR do not go together in IN/ANY/ALL. Cast one of them to the type that is meant.

select [id, customer] as x from orders
--> VP304 'customer': A list holds values of one type; here they are BIGINT and VARCHAR. Cast them to one type.

select coalesce(id, day) as x from orders
--> VP304 'coalesce(id, day)': BIGINT and DATE do not go together in COALESCE. Cast one of them to the type that is meant.

select id, ID from orders
--> VP311 'ID': The result has two columns `id`. Names are compared without case. Give one of them another name with AS, or leave it out (`* EXCLUDE (…)`).

select o.*, c.* from orders o join customers c using (id)
--> VP311 'c.*': The result has two columns `id`. Names are compared without case. Give one of them another name with AS, or leave it out (`* EXCLUDE (…)`).

select $limit + 1 from orders
--> VP314 '$limit + 1': Column 1 has no name of its own, and one made of `$limit` would vary with it. Name it: `… as name`.

select joined - joined as wait from customers
--> VP112 'joined - joined': Column `wait` is of type INTERVAL which Parquet cannot hold: it loses its microseconds and may not be negative. Cast it: `cast(wait as varchar)`. As a number: `epoch_us(wait)`.

select 1::uhugeint as big, '10:00+02'::timetz as clock
--> VP112 '1::uhugeint': Column `big` is of type UHUGEINT which Parquet cannot hold: it turns into DOUBLE and loses digits. Cast it: `cast(big as decimal(38,0))`.
--> VP112 "'10:00+02'::timetz": Column `clock` is of type TIME WITH TIME ZONE which Parquet cannot hold: it loses its offset. Cast it: `cast(clock as varchar)`.

select größ, id from "größen" where größe = 'ä' and idd = 'ö'
--> VP302 'größ': There is no column `größ` here. Did you mean `größe`?
--> VP302 'idd': There is no column `idd` here. Did you mean `id`?

select list_transform(tags, lambda t: upper(u)) as t from orders
--> VP302 'u': There is no column `u` here. The assets read here have the columns `id`, `customer`, `amount`, `day`, `price`, `tags`, `address`.

select id from orders qualify id > 1
--> VP314 'qualify': QUALIFY filters by a window function, and there is none in this query. Use WHERE, or HAVING after a GROUP BY.

select extract(moon from day) as m from orders
--> VP304 'extract': `moon` is no part of a date or time. Write `year`, `month`, `day`, `hour`, `minute` …

select id < tags as x from orders
--> VP304 'id < tags': BIGINT cannot be compared with VARCHAR[]. Cast one of them to the type that is meant.

select unnest(id) as x from orders
--> VP304 'unnest(id)': UNNEST takes lists and structs, not BIGINT.

select id from orders o, customers o
--> VP303 'id': Several tables are called `o` here, so it is not clear whose `id` is meant. Give each table an alias of its own.

select id from orders limit amount
--> VP302 'amount': `amount` cannot be a column here: no table is read at this place.

select * from orders where exists (select 1 from customers c where c.nam = orders.customer)
--> VP302 'c.nam': `c` has no column `nam`. Did you mean `c.name`?

select sum(amount) filter (where flag) over (partition by kind order by moment) as s from orders
--> VP302 'flag': There is no column `flag` here. The assets read here have the columns `id`, `customer`, `amount`, `day`, `price`, `tags`, `address`.
--> VP302 'kind': There is no column `kind` here. The assets read here have the columns `id`, `customer`, `amount`, `day`, `price`, `tags`, `address`.
--> VP302 'moment': There is no column `moment` here. The assets read here have the columns `id`, `customer`, `amount`, `day`, `price`, `tags`, `address`.

select id from orders tablesample
--> VP301 'tablesample': The query breaks off after `tablesample`.

select id,, customer from orders
--> VP301 ',': `,` follows a comma and does not fit here. Remove the comma.

select (id from orders
--> VP301 'from': `from` does not fit here. Close the bracket that stands open before it.

selec id from orders
--> VP301 'selec': `selec` does not fit here. Did you mean `select`?

select id frm orders
--> VP301 'frm': `orders` does not fit after `frm`. Did you mean `from`?

select 'x from orders
--> VP301 "'": A string is opened here and never closed. Close it.

select id from orders where
--> VP301 'where': The query breaks off after `where`.

select id from orders order by amount + customer
--> VP304 'amount + customer': `+` does not work on DECIMAL(10,2) and VARCHAR. Cast the text to the type that is meant, as in `cast(x as bigint)`; to join texts, write `||`.

pivot orders on kind in (1, 2) using sum(amount)
--> VP302 'kind': There is no column `kind` here. The assets read here have the columns `id`, `customer`, `amount`, `day`, `price`, `tags`, `address`.

-- a CTE that nobody reads
with unread as (select idd, foo(id) from orders) select id from customers
--> VP302 'idd': There is no column `idd` here. Did you mean `id`?
--> VP305 'foo': There is no function `foo`. Did you mean `floor`?

-- a CTE that nobody reads, beside a mistake
with unread(a) as (select idd from orders), other as (select a from unread) select nam from customers union select 1
--> VP302 'idd': There is no column `idd` here. Did you mean `id`?
--> VP302 'nam': There is no column `nam` here. Did you mean `name`?

-- a CTE that nobody reads, in a subquery that looks outside
select (with unread as (select o.idd) select 1) as one from orders as o
--> VP302 'o.idd': `o` has no column `idd`. Did you mean `o.id`?

-- a recursive CTE that nobody reads
with recursive unread as (select 1 as a union all select a + 1 from unread where aa < 3) select id from orders
--> VP302 'aa': There is no column `aa` here. The assets read here have the columns `id`, `customer`, `amount`, `day`, `price`, `tags`, `address`.

-- a CTE that nobody reads, with a mistake that has no place
with unread as (select * from orders join customers using (customer)) values (1)
--> VP302 'customer': USING needs `customer` on both sides, and the table on the right has none. Write the condition with ON.
