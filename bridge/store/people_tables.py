"""Who is a stranger to whom."""

from sqlalchemy import Column, Float, SmallInteger, Table, Text

from bridge.store.columns import metadata

acquaintances = Table(
    "acquaintances",  # whom users let write to them as guests (`bridge.hub.acquaintances`)
    metadata,
    Column("user", Text, primary_key=True),
    Column("network", Text, primary_key=True),
    Column("contact", Text, primary_key=True),
    Column("state", SmallInteger, nullable=False),  # `bridge.store.acquaintances`: asked, heard, welcome, declined
    Column("told", Float, nullable=False),  # when the contact last heard that they have to wait
    sqlite_with_rowid=False,
)
