"""Who wants rooms to be linked, who has linked some, and who is not wanted in one."""

from sqlalchemy import Column, Float, Integer, SmallInteger, Table, Text

from bridge.store.columns import metadata

link_codes = Table(
    "link_codes",  # with which people link rooms (`bridge.hub.consent`)
    metadata,
    Column("chat", Integer, primary_key=True, autoincrement=False),  # where it was asked for; the last one counts
    Column("code", Text, nullable=False),  # a hash
    Column("network", Text, nullable=False),
    Column("person", Text, nullable=False),  # who asked; contact id
    Column("until", Float, nullable=False),
    Column("shown", SmallInteger, nullable=False),  # to a whole room
    Column("other", Integer),  # the chat with which it is to be linked, if that is known
    Column("agreed_network", Text, nullable=False),
    Column("agreed", Text, nullable=False),  # who has confirmed it there; empty: nobody yet
)

bans = Table(
    "bans",  # whom those who keep order in a room do not want there, of people whom we bring (`bridge.hub.barring`)
    metadata,
    Column("chat", Integer, primary_key=True, autoincrement=False),  # the room
    Column("network", Text, primary_key=True),  # where they are at home
    Column("person", Text, primary_key=True),  # contact id
    Column("banned", SmallInteger, nullable=False),  # else they were made to leave
    Column("at", Float, nullable=False),
    Column("until", Float, nullable=False),  # 0: until the network says otherwise
    Column("reason", Text, nullable=False),
    Column("told", SmallInteger, nullable=False),  # they know of it
)

audit = Table(
    "audit",  # who did what about which link; never what was said
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("at", Float, nullable=False),
    Column("network", Text, nullable=False),  # where they are at home
    Column("person", Text, nullable=False),  # contact id; empty: the operator
    Column("did", Text, nullable=False),
    Column("link", Text, nullable=False),  # its name
    Column("room", Text, nullable=False),  # where, as its network calls it
    Column("whom", Text, nullable=False, server_default=""),  # whom it was done to: network and contact id
)
