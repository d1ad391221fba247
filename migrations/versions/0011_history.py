"""History: when things were said, and what is fetched of before; `bridge/store/tables.py` has the meanings."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    clock = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.add_column("archive", sa.Column("said", sa.Float(), server_default="0", nullable=False))
    op.execute("UPDATE archive SET said = coalesce((SELECT at FROM events WHERE id = archive.event), 0)")
    op.create_index("archive_event", "archive", ["event"])
    op.create_table(
        "reaches",
        sa.Column("chat", sa.Integer(), nullable=False),
        sa.Column("account", sa.Integer(), nullable=False),
        sa.Column("position", clock, nullable=False),
        sa.Column("cursor", sa.Text()),
        sa.PrimaryKeyConstraint("chat", "account"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "sights",
        sa.Column("chat", sa.Integer(), nullable=False),
        sa.Column("account", sa.Integer(), nullable=False),
        sa.Column("first", clock, nullable=False),
        sa.Column("last", clock, nullable=False),
        sa.PrimaryKeyConstraint("chat", "account", "first"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "strays",
        sa.Column("chat", sa.Integer(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("native", sa.Text(), nullable=False),
        sa.Column("account", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("chat", "target", "native"),
        sqlite_with_rowid=False,
    )
