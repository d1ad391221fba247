"""How people's names in rooms look; `bridge/store/tables.py` has the meanings."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.add_column("occupants", sa.Column("looks", sa.Text(), nullable=False, server_default=""))
    op.create_index("occupants_looks", "occupants", ["chat", "looks"])
