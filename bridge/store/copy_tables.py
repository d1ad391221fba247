"""What messages are called where they have gone."""

from sqlalchemy import Column, Index, Integer, Table, Text

from bridge.store.columns import Clock, metadata

copies = Table(
    "copies",
    metadata,
    Column("chat", Integer, primary_key=True),
    Column("native", Text, primary_key=True),
    Column("message", Clock, nullable=False),
    Column("part", Integer, nullable=False),  # n >= 0: a part of the message; < 0: the id of an edit, a reaction …
    Column("version", Clock, nullable=False),  # the event whose content it shows, or that it is
    Index("copies_message", "message", "chat"),
    sqlite_with_rowid=False,
)

merged = Table(
    "merged",  # texts that went into one message on a network; each has a copy of its own, with a name of its own
    metadata,
    Column("chat", Integer, primary_key=True),
    Column("message", Clock, primary_key=True),
    Column("first", Clock, nullable=False),  # of them
    Index("merged_first", "chat", "first"),
    sqlite_with_rowid=False,
)

reactions = Table(
    "reactions",  # what stands where, and what the network calls it
    metadata,
    Column("chat", Integer, primary_key=True),
    Column("message", Clock, primary_key=True),
    Column("network", Text, primary_key=True),
    Column("person", Text, primary_key=True),
    Column("emoji", Text, primary_key=True),
    Column("native", Text, nullable=False),
    sqlite_with_rowid=False,
)
