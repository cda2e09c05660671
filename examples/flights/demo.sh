#!/bin/sh
# The demo behind `make demo`: plan, apply, look. Run it from anywhere; `VP` is the command to use.
set -eu
cd "$(dirname "$0")"
VP="${VP:-vp}"

say() { printf '\n\033[1m$ vp %s\033[0m\n' "$*" >&2; }
run() { say "$@"; "$VP" "$@"; }

run plan
run apply --yes
run query "from reporting.airlines order by rank limit 5"
run query "from reporting.monthly_departures order by month"
run query "from reporting.seasons_in_words order by origin, first_day"
run show reporting.daily
run plan
