"""People who have opted out of being bridged; `bridge/store/tables.py` has the meanings."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.create_table(
        "opt_outs",
        sa.Column("network", sa.Text(), primary_key=True),
        sa.Column("person", sa.Text(), primary_key=True),
        sa.Column("at", sa.Float(), nullable=False),
        sqlite_with_rowid=False,
    )
