"""Who is not wanted in a room, and whom a deed was done to; `bridge/store/link_tables.py` has the meanings."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    op.create_table(
        "bans",
        sa.Column("chat", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("network", sa.Text(), primary_key=True),
        sa.Column("person", sa.Text(), primary_key=True),
        sa.Column("banned", sa.SmallInteger(), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("until", sa.Float(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("told", sa.SmallInteger(), nullable=False),
    )
    op.add_column("audit", sa.Column("whom", sa.Text(), nullable=False, server_default=""))
