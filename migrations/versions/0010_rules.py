"""How rooms are set up; `bridge/store/tables.py` has the meanings."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.add_column("chats", sa.Column("rules", sa.Text(), nullable=False, server_default=""))
