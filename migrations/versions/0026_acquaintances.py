"""Whom users let write to them as guests; who has a chat with somebody already has let them in."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"

_KNOWN = """
INSERT INTO acquaintances ("user", network, contact, state, told)
SELECT DISTINCT home.owner, there.network, home.contact, 2, 0
FROM chats AS home
JOIN endpoints AS here ON here.chat = home.id
JOIN endpoints AS other ON other.link = here.link
JOIN chats AS there ON there.id = other.chat
WHERE home.network = 'xmpp' AND home.owner <> '' AND home.contact <> '' AND there.network <> 'xmpp'
"""


def upgrade() -> None:
    op.create_table(
        "acquaintances",
        sa.Column("user", sa.Text(), primary_key=True),
        sa.Column("network", sa.Text(), primary_key=True),
        sa.Column("contact", sa.Text(), primary_key=True),
        sa.Column("state", sa.SmallInteger(), nullable=False),
        sa.Column("told", sa.Float(), nullable=False),
        sqlite_with_rowid=False,
    )
    op.execute(_KNOWN)
