"""What people in rooms are beyond their rank; `bridge/store/tables.py` has the meanings."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.add_column("occupants", sa.Column("titles", sa.Text(), nullable=False, server_default=""))
