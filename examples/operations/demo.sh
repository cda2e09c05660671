#!/bin/sh
# Starts the service, plans, applies while a delivery lands, and looks at what has come of it. `VP` is the command to use.
set -eu
cd "$(dirname "$0")"
VP="${VP:-vp}"

rm -rf .vp inbox work ledger.db data/2026-03-01.csv
mkdir inbox

"${PYTHON:-python3}" service.py > service.log &
service=$!
trap 'kill "$service"' EXIT

"$VP" plan
(sleep 3 && cp delivery/2026-03-01.csv inbox/) &
"$VP" apply --yes
# The file that a task has brought is found by the next plan.
"$VP" apply --yes
"$VP" query "from operations.by_region order by region"
"$VP" plan
cat service.log
