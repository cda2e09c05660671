"""Which format a file has, by its suffix."""

from __future__ import annotations

import re
from collections.abc import Mapping

from vibepiper_spec.diagnostics import Diagnostic, Fix, Place, did_you_mean

FORMAT_OF_SUFFIX: Mapping[str, str] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".json": "json",
    ".jsonl": "json",
    ".ndjson": "json",
    ".parquet": "parquet",
}
COMPRESSIONS = (".gz", ".zst")
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
# Formats that DuckDB reads compressed by suffix; Parquet compresses inside the file.
_COMPRESSIBLE = ("csv", "json")


def base_suffix(path: str) -> str:
    """The suffix that names the format: `rates.csv.gz` → `.csv`, also of a pattern (`*.csv`)."""
    name = path.rpartition("/")[2].lower()
    for compression in COMPRESSIONS:
        name = name.removesuffix(compression)
    dot = name.rfind(".")
    return name[dot:] if dot >= 0 else ""


def format_of(path: str) -> str | None:
    """csv, json or parquet, or None where the suffix does not tell."""
    found = FORMAT_OF_SUFFIX.get(base_suffix(path))
    compressed = path.lower().endswith(COMPRESSIONS)
    return None if compressed and found not in _COMPRESSIBLE else found


def not_a_file_path(path: str, place: Place | None) -> Diagnostic | None:
    """VP109 for what can be no path of a file: nothing at all, or the address of something elsewhere."""
    if not path.strip():
        return Diagnostic(
            "VP109",
            "The path is empty.",
            place,
            fix=Fix("Write the path of a file, or a pattern such as `data/*.csv`."),
        )
    if _ADDRESS.match(path):
        return Diagnostic(
            "VP109",
            f"`{path}` is an address, and a file source reads files of this machine: only of these can it "
            "be told whether they have changed.",
            place,
            fix=Fix("Download the file and name it here, or read the address in a Python asset."),
        )
    return None


def unknown_format(path: str, place: Place | None) -> Diagnostic:
    """VP510 for a path whose suffix names no format."""
    suffix = base_suffix(path)
    compressed = path.lower().endswith(COMPRESSIONS)
    if suffix == ".parquet" and compressed:
        detail = f"`{path}` is compressed Parquet, which cannot be read: Parquet compresses inside the file."
        return Diagnostic("VP510", detail, place, fix=Fix("Decompress the file."))
    known = ", ".join(f"`{item}`" for item in FORMAT_OF_SUFFIX)
    said = f"The suffix `{suffix}`" if suffix else "A path without a suffix"
    return Diagnostic(
        "VP510",
        f"{said} of `{path}` does not tell how to read the file.{did_you_mean(suffix, FORMAT_OF_SUFFIX)} "
        f"Known are {known}, each but `.parquet` also with `.gz` or `.zst`.",
        place,
        fix=Fix('Say it: `format = "csv"`, `"json"` or `"parquet"`.'),
    )
