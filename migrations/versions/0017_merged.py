"""Texts that went into one message; `bridge/store/tables.py` has the meanings."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    clock = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "merged",
        sa.Column("chat", sa.Integer(), primary_key=True),
        sa.Column("message", clock, primary_key=True),
        sa.Column("first", clock, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("merged_first", "merged", ["chat", "first"])
