"""The row type that a function's result is annotated with declares the columns of a Python asset."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.conftest import Vp, edit, vp
from tests.compile.conftest import Project

__all__ = ["vp"]

FIELDS = """\
    id: int
    email: str | None
    "a docstring"
    amount: Optional[float]
    day: dt.date
    at: "datetime"
    state: Literal["new", "paid"]
    parts: list[int]
    paid: None | bool = None
"""
COLUMNS = [
    *(("id", "BIGINT"), ("email", "VARCHAR"), ("amount", "DOUBLE"), ("day", "DATE"), ("at", "TIMESTAMP")),
    *(("state", "VARCHAR"), ("parts", "BIGINT[]"), ("paid", "BOOLEAN")),
]
HEAD = """\
from __future__ import annotations
import datetime as dt
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal, Optional, TypedDict
import pandas as pd
from pydantic import BaseModel
"""
FUNCTION = "def clean(orders) -> Annotated[pd.DataFrame, User]: ...\n"
SPECS = '[python.users]\nfunction = "lib:clean"\n\n[sql.read]\nquery = "select id from users"\n'


@pytest.fixture
def project(tmp_path: Path) -> Project:
    found = Project(tmp_path)
    found.sources()
    found.pipeline(SPECS)
    return found


@pytest.mark.parametrize("row", ["class User(TypedDict):", "@dataclass\nclass User:", "class User(BaseModel):"])
def test_a_row_type_declares_the_columns(project: Project, row: str) -> None:
    project.write("lib.py", f"{HEAD}{row}\n{FIELDS}{FUNCTION}".encode())
    assert [(column.name, column.type) for column in project.asset("shop.users").columns] == COLUMNS
    assert project.asset("shop.read").columns[0].type == "BIGINT"


def test_of_another_module_and_below_another_class(project: Project) -> None:
    project.write(
        "rows.py",
        b"from pydantic import BaseModel, Field\nclass Base(BaseModel):\n    id: int\n"
        b"class User(Base):\n    order_no: int = Field(alias='order no')\n",
    )
    project.write("lib.py", f"{HEAD}import rows\n{FUNCTION.replace('User', '{!r}').format('rows.User')}".encode())
    assert [(column.name, column.type) for column in project.asset("shop.users").columns] == [
        ("id", "BIGINT"),
        ("order no", "BIGINT"),
    ]


def test_what_the_spec_declares_counts_alone(project: Project) -> None:
    project.pipeline(SPECS.replace('clean"\n', 'clean"\ncolumns.id = "integer"\n'))
    project.write("lib.py", f"{HEAD}class User(TypedDict):\n{FIELDS}{FUNCTION}".encode())
    assert [(column.name, column.type) for column in project.asset("shop.users").columns] == [("id", "INTEGER")]


@pytest.mark.parametrize("kind", ["Decimal", "dict[str, int]", "int | str", "Gone"])
def test_a_field_that_says_too_little_is_said_to(project: Project, kind: str) -> None:
    project.write("lib.py", f"{HEAD}class User(TypedDict):\n    id: int\n    x: {kind}\n{FUNCTION}".encode())
    found = project.only()
    assert (found.code, "no type for `x`" in found.detail) == ("VP315", True)


def test_an_edit_of_the_row_type_is_seen(project: Project, vp: Vp) -> None:
    project.write("rows.py", b"from typing import TypedDict\nclass User(TypedDict):\n    id: int\n")
    body = FUNCTION.replace("...", "\n    return pd.DataFrame({'id': [1]})")
    project.write("lib.py", f"{HEAD}from rows import User\n{body}".encode())
    assert vp("apply", "--yes").status == 0
    edit(project.root / "rows.py", "id: int", "no: int")
    seen = vp("plan")
    assert seen.status == 3
    assert "VP302" in seen.err
