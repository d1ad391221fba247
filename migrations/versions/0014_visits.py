"""Who has left which room, and was told of it; `bridge/store/tables.py` has the meanings."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.create_table(
        "visits",
        sa.Column("room", sa.Text(), primary_key=True),
        sa.Column("who", sa.Text(), primary_key=True),
        sa.Column("parted", sa.Float()),
        sa.Column("told", sa.Float()),
        sqlite_with_rowid=False,
    )
