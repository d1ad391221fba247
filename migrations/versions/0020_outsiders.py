"""Who is invited to rooms, or banned; `bridge/store/tables.py` has the meanings."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    op.create_table(
        "outsiders",
        sa.Column("chat", sa.Integer(), primary_key=True),
        sa.Column("contact", sa.Text(), primary_key=True),
        sa.Column("membership", sa.Text(), nullable=False),
        sqlite_with_rowid=False,
    )
    # Networks are asked once more, since nobody has asked them for these people yet; what is known stays.
    op.execute("UPDATE chats SET peopled = 1 WHERE peopled = 2")
