"""Whoever holds an environment can be asked to stop."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("leases", sa.Column("cancel_asked_by", sa.String()))
