"""Why nobody from elsewhere can be heard in a room; `bridge/store/tables.py` has the meanings."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    op.add_column("chats", sa.Column("closed", sa.Text(), nullable=False, server_default=""))
