"""Links of communities, and which chat a hosted room shows; `bridge/store/tables.py` has the meanings."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    text = {"nullable": False, "server_default": ""}
    op.add_column("links", sa.Column("source", sa.Text(), **text))
    op.add_column("links", sa.Column("wanted", sa.Text(), **text))
    op.add_column("links", sa.Column("removed", sa.SmallInteger(), nullable=False, server_default="0"))
    op.add_column("endpoints", sa.Column("direction", sa.Text(), nullable=False, server_default="both"))
    op.add_column("endpoints", sa.Column("name_format", sa.Text(), **text))
    op.add_column("endpoints", sa.Column("typed", sa.Text(), **text))
    op.add_column("chats", sa.Column("shows", sa.Integer()))
    # Until now a hosted room was in a link with the one chat that it shows.
    op.execute(
        "UPDATE chats SET shows = (SELECT there.chat FROM endpoints here"
        " JOIN endpoints there ON there.link = here.link AND there.chat <> here.chat"
        " JOIN chats other ON other.id = there.chat AND other.network <> chats.network"
        " WHERE here.chat = chats.id ORDER BY there.chat LIMIT 1) WHERE kind = 'hosted'"
    )
