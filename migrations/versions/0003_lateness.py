"""What came too late, and who is to be told of it; `bridge/store/tables.py` has the meanings."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_Clock = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("accounts", sa.Column("caught_up", sa.Float(), server_default="0", nullable=False))
    op.create_table(
        "backlogs",
        sa.Column("chat", sa.Integer(), nullable=False),
        sa.Column("event", _Clock, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("first", sa.Float(), nullable=False),
        sa.Column("last", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("chat"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "delays",
        sa.Column("chat", sa.Integer(), nullable=False),
        sa.Column("source", sa.Integer(), nullable=False),
        sa.Column("user", sa.Text(), nullable=False),
        sa.Column("network", sa.Text(), nullable=False),
        sa.Column("account", sa.Integer(), nullable=False),
        sa.Column("first", _Clock, nullable=False),
        sa.Column("last", _Clock, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("chat", "source"),
        sqlite_with_rowid=False,
    )
