"""What accounts show for their users: pictures that we have set, and marks that wait for an account."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "own_pictures",
        sa.Column("account", sa.Integer, primary_key=True, autoincrement=False),
        *[sa.Column(name, sa.Text, nullable=False) for name in ("reference", "native", "tried", "tried_native")],
    )
    op.create_table(
        "read_marks",
        sa.Column("account", sa.Integer, primary_key=True),
        sa.Column("chat", sa.Text, primary_key=True),
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("private", sa.Boolean, nullable=False),
        sqlite_with_rowid=False,
    )
