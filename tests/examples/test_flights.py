"""The tables of examples/flights, compared with numbers that pandas and plain Python compute from the raw files.

Nothing here is copied from the output of `vp`, and no query of the example is used: each expectation goes its own way.
"""

from __future__ import annotations

import gzip
import io
import json
from collections import Counter, defaultdict
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from itertools import pairwise
from pathlib import Path

import duckdb
import pandas as pd
import pytest

DATA = Path(__file__).resolve().parents[2] / "examples" / "flights" / "data"
LATE_AFTER = 15  # minutes, as in the example's vp.toml
ROUNDING = 0.005 + 1e-9  # the reports round to two places


@pytest.fixture(scope="session")
def warehouse(flights: Path) -> duckdb.DuckDBPyConnection:
    """What any DuckDB client sees; opened as anybody would."""
    return duckdb.connect(str(flights / ".vp" / "warehouse.duckdb"), read_only=True)


@pytest.fixture
def table(warehouse: duckdb.DuckDBPyConnection):
    return lambda name: warehouse.cursor().sql(f"from {name}").df()


@pytest.fixture
def rows(warehouse: duckdb.DuckDBPyConnection):
    """A table as a list of dictionaries."""

    def read(name: str) -> list[dict[str, object]]:
        result = warehouse.cursor().execute(f"from {name}")
        names = [column[0] for column in result.description]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]

    return read


@pytest.fixture(scope="session")
def raw_flights() -> pd.DataFrame:
    frame = pd.concat([pd.read_parquet(path) for path in sorted((DATA / "flights").glob("*.parquet"))])
    frame = frame.reset_index(drop=True)
    frame["day_of_year"] = pd.to_datetime(frame[["year", "month", "day"]])
    # A flight that did not arrive where and when it should is late, whatever the reason.
    frame["late"] = ~(frame["arr_delay"] < LATE_AFTER)
    frame["cancelled"] = frame["dep_time"].isna()
    minutes = frame["sched_dep_time"] // 100 * 60 + frame["sched_dep_time"] % 100
    frame["scheduled_at"] = frame["day_of_year"] + pd.to_timedelta(minutes, unit="min")
    return frame


@pytest.fixture(scope="session")
def raw_weather() -> pd.DataFrame:
    with gzip.open(DATA / "weather.csv.gz", "rt", encoding="utf-8") as file:
        return pd.read_csv(io.StringIO(file.read()), na_values=["NA"], keep_default_na=False)


def test_sources_hold_every_row_of_the_files(warehouse: duckdb.DuckDBPyConnection) -> None:
    counted = {
        name: warehouse.cursor().execute(f"select count(*) from raw.{name}").fetchall()[0][0]
        for name in ("flights", "weather", "planes", "airports", "airlines")
    }
    with gzip.open(DATA / "weather.csv.gz", "rt", encoding="utf-8") as file:
        weather_lines = sum(1 for _ in file)
    assert counted == {
        "flights": 336_776,
        "weather": weather_lines - 1,
        "planes": len((DATA / "planes.csv").read_text().splitlines()) - 1,
        "airports": len((DATA / "airports.csv").read_text().splitlines()) - 1,
        "airlines": len(json.loads((DATA / "airlines.json").read_text())),
    }


def test_tables_are_plain_parquet(flights: Path, table) -> None:
    """Without VibePiper and without DuckDB: the files lie under the asset's name."""
    parts = list((flights / ".vp" / "storage" / "reporting" / "airlines").glob("*/*.parquet"))
    pd.testing.assert_frame_equal(
        pd.concat([pd.read_parquet(part) for part in parts])[["rank", "airline", "miles"]],
        table("reporting.airlines")[["rank", "airline", "miles"]],
    )


def test_departures(table, raw_flights: pd.DataFrame) -> None:
    key = ["scheduled_at", "carrier", "flight"]
    got = table("flights.departures").sort_values(key, ignore_index=True)
    expected = raw_flights.sort_values(key, ignore_index=True)
    assert (got["scheduled_at"] == expected["scheduled_at"]).all()
    for column in ("late", "cancelled", "origin", "dest", "distance"):
        assert (got[column] == expected[column]).all(), column
    assert got["diverted"].sum() == (expected["air_time"].isna() & ~expected["cancelled"]).sum()
    assert got["arr_delay"].sum() == expected["arr_delay"].sum()


def test_daily(table, raw_flights: pd.DataFrame) -> None:
    got = table("reporting.daily").set_index(["origin", "day"]).sort_index()
    groups = raw_flights.groupby(["origin", "day_of_year"])
    assert list(got.index) == list(groups.size().index)
    assert got["departures"].tolist() == groups.size().tolist()
    assert got["cancelled"].tolist() == groups["cancelled"].sum().tolist()
    assert got["late"].tolist() == groups["late"].sum().tolist()
    difference = got["mean_delay"].astype(float).to_numpy() - groups["dep_delay"].mean().to_numpy()
    assert abs(difference).max() <= ROUNDING
    on_time = 100 * (1 - groups["late"].mean().to_numpy())
    assert abs(got["on_time_percent"].astype(float).to_numpy() - on_time).max() <= ROUNDING


def test_monthly_departures_is_a_pivot(rows, raw_flights: pd.DataFrame) -> None:
    counts = Counter(zip(raw_flights["month"], raw_flights["origin"], strict=True))
    assert sorted(rows("reporting.monthly_departures"), key=lambda row: row["month"]) == [
        {
            "month": date(2013, month, 1),
            "ewr": counts[month, "EWR"],
            "jfk": counts[month, "JFK"],
            "lga": counts[month, "LGA"],
            "total": sum(counts[month, origin] for origin in ("EWR", "JFK", "LGA")),
        }
        for month in range(1, 13)
    ]


def test_airlines_are_ranked_by_late_flights(rows, raw_flights: pd.DataFrame) -> None:
    names = {entry["carrier"]: entry["name"] for entry in json.loads((DATA / "airlines.json").read_text())}
    flights, late = Counter(raw_flights["carrier"]), Counter(raw_flights.loc[raw_flights["late"], "carrier"])
    by_punctuality = sorted(flights, key=lambda carrier: late[carrier] / flights[carrier])
    got = sorted(rows("reporting.airlines"), key=lambda row: row["rank"])
    assert [row["airline"] for row in got] == [names[carrier] for carrier in by_punctuality]
    assert [row["rank"] for row in got] == list(range(1, 17))
    miles = raw_flights.astype({"distance": "int64"}).groupby("carrier")["distance"].sum()
    assert [row["miles"] for row in got] == [miles[carrier] for carrier in by_punctuality]
    for row, carrier in zip(got, by_punctuality, strict=True):
        assert abs(float(row["late_percent"]) - 100 * late[carrier] / flights[carrier]) <= ROUNDING


def test_weather_is_one_row_an_hour_without_impossible_readings(table, raw_weather: pd.DataFrame) -> None:
    assert (raw_weather["wind_speed"] > 200).sum() == 1, "the reading that the check warns of"
    hours = raw_weather.groupby(["origin", "month", "day", "hour"])
    got = table("flights.weather")
    assert len(got) == len(hours) < len(raw_weather)
    possible = raw_weather[~(raw_weather["wind_speed"] > 200)]
    assert got["wind_speed"].max() == possible["wind_speed"].max()
    assert abs(got["precipitation"].sum() - hours["precip"].max().sum()) < 1e-6


def test_conditions(rows, raw_flights: pd.DataFrame, raw_weather: pd.DataFrame) -> None:
    observed: dict[tuple[object, ...], dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for row in raw_weather.itertuples():
        seen = observed[row.origin, row.month, row.day, row.hour]
        seen["visibility"].append(row.visib)
        seen["precipitation"].append(row.precip)
        if row.wind_speed <= 200:
            seen["wind"].append(row.wind_speed)

    def conditions(flight) -> str:
        key = (flight.origin, flight.month, flight.day, flight.sched_dep_time // 100)
        if key not in observed:
            return "unknown"
        seen = observed[key]
        if min(seen["visibility"]) < 3:
            return "low visibility"
        if max(seen["precipitation"]) > 0:
            return "rain or snow"
        return "strong wind" if seen["wind"] and max(seen["wind"]) >= 25 else "fair"

    delays: dict[tuple[str, str], list[float]] = defaultdict(list)
    for flight in raw_flights[~raw_flights["cancelled"]].itertuples():
        delays[flight.origin, conditions(flight)].append(flight.dep_delay)

    got = {(row["origin"], row["conditions"]): row for row in rows("reporting.delay_by_conditions")}
    assert got.keys() == delays.keys()
    for key, values in delays.items():
        assert got[key]["departures"] == len(values)
        assert abs(float(got[key]["mean_delay"]) - sum(values) / len(values)) <= ROUNDING
        nine_tenths = sorted(values)[-(-len(values) * 9 // 10) - 1]
        assert got[key]["delay_of_the_worst_tenth"] == nine_tenths


def test_rotations_and_knock_on_delay(table, rows, raw_flights: pd.DataFrame) -> None:
    flown = raw_flights[~raw_flights["cancelled"]].sort_values(["tailnum", "scheduled_at", "carrier", "flight"])
    previous_delay = flown.groupby("tailnum")["arr_delay"].shift()
    got = table("flights.rotations").sort_values(["tailnum", "scheduled_at", "carrier", "flight"])
    assert present(got["previous_arr_delay"]) == present(previous_delay)

    flown = flown.assign(previous_delay=previous_delay)
    same_day = flown[flown.duplicated(["tailnum", "day_of_year"]) & flown["previous_delay"].notna()]
    expected: dict[str, list[float]] = defaultdict(list)
    for delay_before, delay in zip(same_day["previous_delay"], same_day["dep_delay"], strict=True):
        if delay_before <= 0:
            expected["on time"].append(delay)
        elif delay_before < 30:
            expected["up to 30 minutes"].append(delay)
        elif delay_before < 60:
            expected["30 to 60 minutes"].append(delay)
        else:
            expected["over an hour"].append(delay)
    report = {row["aircraft_came_in"]: row for row in rows("reporting.knock_on_delay")}
    assert {name: row["departures"] for name, row in report.items()} == {n: len(v) for n, v in expected.items()}
    for name, values in expected.items():
        assert abs(float(report[name]["mean_delay"]) - sum(values) / len(values)) <= ROUNDING


def present(values: pd.Series) -> list[int | None]:
    """The values as integers, with None for every way of pandas to say missing."""
    return [None if pd.isna(value) else int(value) for value in values]


def test_fleet(table, raw_flights: pd.DataFrame) -> None:
    planes = pd.read_csv(DATA / "planes.csv", na_values=["NA"], keep_default_na=False).set_index("tailnum")
    flown = raw_flights[~raw_flights["cancelled"]].astype({"distance": "int64"})
    got = table("flights.fleet").set_index("tailnum").sort_index()
    by_aircraft = flown.groupby("tailnum")
    assert list(got.index) == list(by_aircraft.size().index)
    assert got["departures"].tolist() == by_aircraft.size().tolist()
    assert got["miles"].tolist() == by_aircraft["distance"].sum().tolist()
    assert present(got["age"]) == present(2013 - planes["year"].reindex(got.index))


def test_routes(rows, raw_flights: pd.DataFrame) -> None:
    airports = pd.read_csv(DATA / "airports.csv", na_values=["NA"], keep_default_na=False).set_index("faa")["name"]
    flown = raw_flights[~raw_flights["cancelled"]]
    busy = {route: group for route, group in flown.groupby(["origin", "dest"]) if len(group) >= 365}
    got = {(row["origin"], row["dest"]): row for row in rows("reporting.routes")}
    assert got.keys() == busy.keys()
    for route, group in busy.items():
        row = got[route]
        assert (row["flights"], row["airlines"]) == (len(group), group["carrier"].nunique())
        assert row["destination"] == airports.get(route[1], "not in the list")
        assert abs(float(row["mean_arrival_delay"]) - group["arr_delay"].mean()) <= ROUNDING


def test_seasons_cover_the_year_and_no_other_cuts_are_better(rows) -> None:
    daily = sorted(rows("reporting.daily"), key=lambda row: (row["origin"], row["day"]))
    for origin in ("EWR", "JFK", "LGA"):
        days = [row for row in daily if row["origin"] == origin and row["mean_delay"] is not None]
        delays = [Decimal(row["mean_delay"]) for row in days]
        seasons = sorted((r for r in rows("reporting.seasons") if r["origin"] == origin), key=lambda r: r["first_day"])

        assert seasons[0]["first_day"] == date(2013, 1, 1)
        assert seasons[-1]["last_day"] == date(2013, 12, 31)
        for before, after in pairwise(seasons):
            assert before["last_day"] + timedelta(days=1) == after["first_day"]

        price = 0.0
        start = 0
        for season in seasons:
            stretch = [float(delay) for delay in delays[start : start + season["days"]]]
            assert season["mean_delay"] == pytest.approx(sum(stretch) / len(stretch), abs=1e-5)
            price += squared_distances(stretch) + (2_000 if start else 0)
            start += season["days"]
        assert start == len(delays)
        assert price == pytest.approx(cheapest_cuts([float(delay) for delay in delays]))


def squared_distances(values: list[float]) -> float:
    mean = sum(values) / len(values)
    return sum((value - mean) ** 2 for value in values)


def cheapest_cuts(series: list[float]) -> float:
    """The least price of cutting `series`, found from the front by recursion; the example works from the back."""
    running = pd.Series([0.0, *series]).cumsum().to_numpy()
    running_squares = (pd.Series([0.0, *series]) ** 2).cumsum().to_numpy()

    @cache
    def from_day(start: int) -> float:
        rest = len(series) - start
        choices = [
            running_squares[end]
            - running_squares[start]
            - (running[end] - running[start]) ** 2 / (end - start)
            + (2_000 + from_day(end) if end < len(series) else 0.0)
            for end in range(start + 7, len(series) + 1)
            if end == len(series) or len(series) - end >= 7
        ]
        assert rest >= 7
        return min(choices)

    return from_day(0)
