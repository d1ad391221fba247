"""Events are found by what they are called, in `copies`; `bridge/store/tables.py` has the meanings."""

from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.drop_index("events_native", "events")
