"""Where a room that was ended is said to go on; `bridge/store/tables.py` has the meanings."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    op.add_column("chats", sa.Column("moved", sa.Text(), nullable=False, server_default=""))
