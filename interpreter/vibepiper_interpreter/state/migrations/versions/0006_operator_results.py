"""What task operators have done, in each environment."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "operator_results",
        sa.Column("environment", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("item", sa.String(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("inputs", sa.Text(), nullable=False),
        sa.Column("outputs", sa.Text(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["environment"], ["environments.name"], name="fk_operator_results_environment"),
        sa.PrimaryKeyConstraint("environment", "address", "item", name="pk_operator_results"),
    )
