"""Which rooms our accounts are to leave since they are in no link any more."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    op.add_column("chat_accounts", sa.Column("leaving", sa.SmallInteger(), nullable=False, server_default="0"))
