"""Links that are suspended, and what is told of links; `bridge/store/tables.py` has the meanings."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    op.add_column("links", sa.Column("suspended", sa.Text(), nullable=False, server_default=""))
    for name in ("programs", "announced"):
        op.add_column("endpoints", sa.Column(name, sa.SmallInteger(), nullable=False, server_default="0"))
