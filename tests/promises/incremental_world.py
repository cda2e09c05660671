"""What each asset of a project is that is built bit by bit: its query, how it is built, what it reads."""

from __future__ import annotations

import re

from tests.promises.incremental_choices import Choices
from tests.promises.incremental_queries import text_of
from tests.promises.incremental_slices import Slices


class World(Choices):
    def mode(self, name: str) -> str:
        match name:
            case "daily":
                return "table" if self.as_table else "interval"
            case "of_daily" | "moved_days" | "flex_days" | "py_days" | "days":
                return "interval"
            case "parts" | "per_kind" | "py_parts" | "shares":
                return "partition"
            case "flex":
                return self.flex
            case "merged" if self.merged_as_table:
                return "table"
            case "merged" | "merged_days" | "latest" | "peaks" | "py_merged" | "orders":
                return "merge"
            case "log" | "snaps" | "py_log" | "second" | "events":
                return "append"
            case "history" | "known" | "py_history":
                return "scd2"
            case "shown":
                return "view"
            case _:
                return "table"

    def key(self, name: str) -> tuple[str, ...]:
        """Of what is merged, or has a history."""
        match name:
            case "merged_days":
                return ("time", "kind")
            case "peaks" | "py_merged" | "known":
                return ("kind",)
            case _:
                return ("id",)

    def slices(self, name: str) -> Slices:
        return {"daily": self.daily, "of_daily": self.of_daily, "py_days": self.py_days}.get(name, Slices())

    def partitions(self, name: str) -> list[str]:
        if name == "parts" or name == "py_parts":
            return self.values or sorted(self.kinds)
        return ["a", "b", "c"]

    def reads(self, name: str) -> list[str]:
        """Direct inputs of a query or function."""
        words = set(re.findall(r"<(\w+)>", text_of(self, name)))
        if name in ("parts", "py_parts") and self.values is None:
            words.add("kinds")
        return sorted(words)

    def query(self, name: str) -> str:
        """What it gives; of a function, the query that gives the same."""
        query = re.sub(r"<(\w+)\.(\w+)>", lambda found: self.columns[found[1], found[2]], text_of(self, name))
        return re.sub(r"<(\w+)>", lambda found: self.names[found[1]], query)

    def definition(self, name: str) -> str:
        """What an asset means, whatever it and others are called. Of a source, what there is to read."""
        match name:
            case "sales":
                return str(self.rows)
            case "kinds" | "known":
                return str(sorted(self.kinds.items()))
            case "events":
                return str(self.files)
            case "orders" | "days" | "shares":
                return str(self.landed)
        names, columns = self.names, self.columns
        self.names, self.columns = {name: name for name in names}, self.identities
        try:
            return f"{self.query(name)} {self.build(name)}"
        finally:
            self.names, self.columns = names, columns

    def build(self, name: str) -> str:
        match self.mode(name):
            case "interval":
                lookback = (name == "daily" and self.shape == "back") or (name == "py_days" and self.looking_back)
                return self.slices(name).build(int(lookback))
            case "partition":
                listed = f"values = {self.partitions(name)}"
                if name in ("parts", "py_parts") and self.values is None:
                    listed = f'values_of = "{self.names["kinds"]}.kind"'
                return f'{{ mode = "partition", column = "kind", {listed} }}'
            case "merge":
                flag = ', delete_flag = "gone"' if name == "merged" and self.flag else ""
                updates = (
                    f', update_columns = ["{self.columns["merged", "amount"]}"]'
                    if name == "merged" and self.updates
                    else ""
                )
                return f'{{ mode = "merge", key = {list(self.key(name))}{flag}{updates} }}'
            case "scd2":
                timed = ', updated_at = "placed"' if name == "history" and self.timed else ""
                return f'{{ mode = "scd2", key = {list(self.key(name))}{timed} }}'
            case mode:
                return f'"{mode}"'
