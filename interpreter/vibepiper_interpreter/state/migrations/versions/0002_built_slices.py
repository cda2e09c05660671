"""Versions say which of their slices are built."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    # Nothing was built by slices before, so none is what every version has.
    op.add_column("versions", sa.Column("built", sa.Text(), nullable=False, server_default="[]"))
