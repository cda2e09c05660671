"""`[codegen]`: what `vp codegen` writes, and where to."""

from __future__ import annotations

import keyword
import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Strict

from vibepiper_spec.load.scan import STUBS_FOLDER
from vibepiper_spec.model.mistakes import mistake
from vibepiper_spec.model.spec_model import SpecModel

StubFlavour = Literal["pydantic", "typeddict", "dataclass", "pandas", "polars", "pyarrow", "duckdb"]


def _a_package(value: str) -> str:
    names = value.removeprefix("src/").split("/")
    if not all(re.fullmatch("[a-z_][a-z0-9_]*", name) and not keyword.iskeyword(name) for name in names):
        raise mistake(
            "VP109",
            f"`{value}` is no package below `vp.toml`: each part has to be a name that Python can import.",
            "Write a path such as `vp_stubs` or `src/shop_stubs`.",
        )
    return value


class Codegen(SpecModel):
    """The typed Python package that `vp codegen` writes."""

    path: Annotated[str, AfterValidator(_a_package)] = STUBS_FOLDER
    """The package's folder, relative to `vp.toml`. Nothing else may lie in it."""
    flavours: Annotated[tuple[StubFlavour, ...], Strict(False)] = (
        "pydantic",
        "pandas",
        "polars",
        "pyarrow",
        "duckdb",
    )
    """As what rows and tables are typed: rows as `pydantic`, `typeddict` or `dataclass`, tables as `pandas`, `polars`,
    `pyarrow` or `duckdb`."""

    @property
    def package(self) -> str:
        """The name it is imported by: `src/shop/stubs` → `shop.stubs`."""
        return self.path.removeprefix("src/").replace("/", ".")
