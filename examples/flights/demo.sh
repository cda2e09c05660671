#!/bin/sh
# The demo behind `make demo`: plan, apply, look. Run it from anywhere; `VP` is the command to use.
set -eu
cd "$(dirname "$0")"
VP="${VP:-vp}"

if [ -t 2 ] && [ -z "${NO_COLOR:-}" ]; then bold=$(printf '\033[1m') plain=$(printf '\033[0m'); else bold='' plain=''; fi

run() {
    verb=$1
    shift
    shown="$verb"
    for word in "$@"; do
        case $word in *' '*) shown="$shown \"$word\"" ;; *) shown="$shown $word" ;; esac
    done
    printf '\n%s$ vp %s%s\n' "$bold" "$shown" "$plain" >&2
    "$VP" "$verb" "$@"
}

run plan
run apply --yes
run query "from reporting.airlines order by rank limit 5"
run query "from reporting.monthly_departures order by month"
run query "from reporting.seasons_in_words order by origin, first_day"
run show reporting.daily
run plan
