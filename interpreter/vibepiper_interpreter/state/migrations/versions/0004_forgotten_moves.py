"""Environments say how far back their moves are known."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    # Nothing was forgotten before.
    op.add_column("environments", sa.Column("forgotten_serial", sa.Integer(), nullable=False, server_default="0"))
