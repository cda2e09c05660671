"""What is known about DuckDB's functions by name. A test compares these lists with DuckDB's own."""

from __future__ import annotations

_AGGREGATES = """
any_value approx_count_distinct approx_quantile approx_top_k arbitrary arg_max arg_max_null arg_max_nulls_last arg_min
arg_min_null arg_min_nulls_last argmax argmin array_agg avg bit_and bit_or bit_xor bitstring_agg bool_and bool_or
combine_aggr corr count count_if count_star countif covar_pop covar_samp decimal_average entropy favg first fsum
geomean geometric_mean group_concat grouping grouping_id histogram histogram_exact json_group_array json_group_object
json_group_structure kahan_sum kurtosis kurtosis_pop last list listagg lttb mad max max_by mean median min min_by mode
product quantile quantile_cont quantile_disc regr_avgx regr_avgy regr_count regr_intercept regr_r2 regr_slope regr_sxx
regr_sxy regr_syy reservoir_quantile sem skewness stddev stddev_pop stddev_samp string_agg sum sum_no_overflow sumkahan
var_pop var_samp variance variant_group_array variant_group_object wavg weighted_avg
"""
AGGREGATES = frozenset(_AGGREGATES.split())

# Functions in a select list that make more or fewer rows.
ROW_MULTIPLIERS = frozenset({"unnest", "unpivot_list", "generate_subscripts", "regexp_split_to_table"})

# Table functions of one column, whose rows come from their arguments alone.
SINGLE_COLUMN_TABLES = frozenset({"range", "generate_series", "unnest"})

# Written without brackets, they look like columns.
BARE_FUNCTIONS = frozenset(
    {"current_date", "current_time", "current_timestamp", "localtime", "localtimestamp", "current_user", "user"}
    | {"session_user", "current_role", "current_catalog", "current_schema"}
)

# They tell how an expression was written, not what it is.
NAME_DEPENDENT = frozenset({"alias"})

# Field names come from the names of the arguments.
NAMING_FUNCTIONS = frozenset({"struct_pack", "struct_insert", "struct_update", "row", "json_object"})

# Aggregates that give the same whatever order the rows come in, if what they add up is exact …
EXACT_SUMS = frozenset({"sum", "avg", "mean", "sum_no_overflow"})
# … and always.
_ORDERLESS = """
count count_star count_if countif min max bool_and bool_or bit_and bit_or bit_xor bitstring_agg median quantile_disc
histogram histogram_exact grouping grouping_id regr_count quantile quantile_cont
"""
ORDERLESS_AGGREGATES = frozenset(_ORDERLESS.split())

# Aggregates that look at the order of the rows; with an ORDER BY of their own they depend on ties only.
ORDERED_AGGREGATES = frozenset(
    {"first", "last", "any_value", "arbitrary", "list", "array_agg", "string_agg", "group_concat", "listagg"}
    | {"json_group_array", "json_group_object", "variant_group_array", "variant_group_object"}
)
# For these, which of several equal candidates wins is up to the order as well, but seldom a mistake.
TIE_BREAKING_AGGREGATES = frozenset({"mode", "arg_max", "arg_min", "argmax", "argmin", "max_by", "min_by"})

# Scalar functions that give the same for the same arguments, on every machine and at every time.
_PURE = """
!= !~~ !~~* % & && * ** + - -> ->> / // < << <= = == > >= >> @ @> <@ ^ ^@ | || ~ ~~ ~~* ~~~ !__postfix
abs acos acosh add age array_append array_cat array_concat array_contains array_distinct array_extract array_filter
array_has array_has_all array_has_any array_indexof array_intersect array_length array_pop_back array_pop_front
array_position array_prepend array_push_back array_push_front array_resize array_reverse array_reverse_sort
array_select array_slice array_sort array_to_json array_to_string array_transform array_unique array_value array_where
array_zip array_apply ascii asin asinh atan atan2 atanh bar base64 bin bit_count bit_length bit_position bitstring
cardinality cbrt ceil ceiling century char_length character_length chr concat concat_ws contains cos cosh cot
damerau_levenshtein date_add date_diff date_part date_sub date_trunc datediff datepart datesub datetrunc day dayname
dayofmonth dayofweek dayofyear days_in_month decade decode degrees divide editdist3 element_at encode ends_with epoch
epoch_ms epoch_ns epoch_us era even exp factorial fdiv flatten floor fmod format format_bytes from_base64 from_binary
from_hex from_json gamma gcd get_bit greatest greatest_common_divisor hamming hex hour if ifnull instr isfinite isinf
isnan isodow isoyear jaccard jaro_similarity jaro_winkler_similarity json json_array json_array_length json_contains
json_exists json_extract json_extract_path json_extract_path_text json_extract_string json_keys json_merge_patch
json_object json_pretty json_quote json_structure json_transform json_transform_strict json_type json_valid json_value
julian last_day lcase lcm least least_common_multiple left left_grapheme len length length_grapheme levenshtein lgamma
list_any_value list_append list_apply list_cat list_concat list_contains list_count list_distinct list_element
list_extract list_filter list_first list_has list_has_all list_has_any list_indexof list_intersect list_last list_max
list_min list_pack list_position list_prepend list_resize list_reverse list_reverse_sort list_select list_slice
list_sort list_sum list_transform list_unique list_value list_where list_zip list_bool_and list_bool_or list_median ln
log log10 log2 lower lpad ltrim make_date make_time make_timestamp make_timestamp_ms make_timestamp_ns map map_concat
map_contains map_entries map_extract map_extract_value map_from_entries map_keys map_values md5 md5_number microsecond
millennium millisecond minute mismatches mod month monthname multiply nanosecond nfc_normalize nullif octet_length ord
parse_dirname parse_dirpath parse_filename parse_path pi position pow power prefix printf quarter radians regexp_escape
regexp_extract regexp_extract_all regexp_full_match regexp_matches regexp_replace regexp_split_to_array repeat replace
reverse right right_grapheme round round_even roundbankers row row_to_json rpad rtrim second set_bit sha1 sha256 sign
signbit sin sinh split split_part sqrt starts_with str_split str_split_regex strftime string_split string_split_regex
string_to_array strip_accents strlen strpos strptime struct_concat struct_extract struct_extract_at struct_insert
struct_keys struct_pack struct_update struct_values substr substring substring_grapheme subtract suffix tan tanh
time_bucket timezone to_base to_base64 to_binary to_centuries to_days to_decades to_hex to_hours to_json
to_microseconds to_millennia to_milliseconds to_minutes to_months to_quarters to_seconds to_timestamp to_weeks to_years
translate trim trunc try_strptime typeof ucase unbin unhex unicode unnest upper url_decode url_encode week weekday
weekofyear xor year yearweek range generate_series
"""
PURE_FUNCTIONS = frozenset(_PURE.split())
