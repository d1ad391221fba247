"""Rooms: what they are called, who is in them, who of XMPP has entered; `bridge/store/tables.py` has the meanings."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("chats", sa.Column("name", sa.Text(), server_default="", nullable=False))
    op.add_column("chats", sa.Column("subject", sa.Text(), server_default="", nullable=False))
    op.add_column("chats", sa.Column("peopled", sa.SmallInteger(), server_default="0", nullable=False))
    op.add_column("chat_accounts", sa.Column("since", sa.Float(), server_default="0", nullable=False))
    op.create_table(
        "invitations",
        sa.Column("chat", sa.Integer(), nullable=False),
        sa.Column("account", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("chat", "account"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "occupants",
        sa.Column("chat", sa.Integer(), nullable=False),
        sa.Column("contact", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("avatar", sa.Text(), nullable=False),
        sa.Column("nick", sa.Text(), nullable=False),
        sa.Column("membership", sa.Text(), nullable=False),
        sa.Column("rank", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("chat", "contact"),
        sqlite_with_rowid=False,
    )
    op.create_index("occupants_nick", "occupants", ["chat", "nick"], unique=True)
    op.create_table(
        "attendance",
        sa.Column("room", sa.Text(), nullable=False),
        sa.Column("jid", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("room", "jid"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "archive",
        sa.Column("chat", sa.Integer(), nullable=False),
        sa.Column("position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("event", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("chat", "position"),
        sqlite_with_rowid=False,
    )
