"""When a file was published; `bridge/store/tables.py` has the meanings."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("publications", sa.Column("at", sa.Float(), server_default="0", nullable=False))
