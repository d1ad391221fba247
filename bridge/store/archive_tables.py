"""The tables of hosted rooms' archives (see `bridge.store.tables`)."""

from sqlalchemy import Column, Float, Index, Integer, LargeBinary, Table, Text

from bridge.store.columns import Clock, metadata

archive = Table(
    "archive",  # of hosted rooms: every event that was said there, in its place
    metadata,
    Column("chat", Integer, primary_key=True),  # the hosted room
    Column("position", Clock, primary_key=True),  # the event's own id; lower, if it was fetched later (`reaches`)
    Column("event", Clock, nullable=False),
    Column("said", Float, nullable=False, server_default="0"),  # when, as its network tells; never in the future
    Index("archive_event", "event"),
    sqlite_with_rowid=False,
)

reaches = Table(
    "reaches",  # how far an account has read back in a hosted room, beyond what it has heard itself
    metadata,
    Column("chat", Integer, primary_key=True),  # the hosted room
    Column("account", Integer, primary_key=True),
    Column("position", Clock, nullable=False),  # what comes next belongs below
    Column("cursor", Text),  # where to read on; null: there is nothing more that it may read
    sqlite_with_rowid=False,
)

sights = Table(
    "sights",  # what of it the account was shown: every place from the first to the last; none overlap
    metadata,
    Column("chat", Integer, primary_key=True),  # the hosted room
    Column("account", Integer, primary_key=True),
    Column("first", Clock, primary_key=True),
    Column("last", Clock, nullable=False),
    sqlite_with_rowid=False,
)

strays = Table(
    "strays",  # changes that were fetched before what they change, until that is
    metadata,
    Column("chat", Integer, primary_key=True),  # of the network
    Column("target", Text, primary_key=True),
    Column("native", Text, primary_key=True),
    Column("account", Integer, nullable=False),  # that was shown it
    Column("kind", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),  # the event, JSON
    Column("at", Float, nullable=False),  # when it was fetched
    sqlite_with_rowid=False,
)

backlogs = Table(
    "backlogs",  # what came so late that hosted rooms only keep it, until their people are told
    metadata,
    Column("chat", Integer, primary_key=True, autoincrement=False),  # the hosted room
    Column("event", Clock, nullable=False),  # the first
    Column("number", Integer, nullable=False),  # of messages
    Column("first", Float, nullable=False),  # when the first was said
    Column("last", Float, nullable=False),
    sqlite_with_rowid=False,
)
