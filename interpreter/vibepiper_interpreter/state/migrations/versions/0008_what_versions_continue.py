"""Versions say which one they go on with."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    # Of what was made before nobody knows: that only makes plans more careful.
    op.add_column("versions", sa.Column("continues", sa.String()))
    op.create_index("ix_versions_continues", "versions", ["continues"])
