"""The tables. `migrations/` makes them; a test holds both together.

`events` is the journal and, later, the archive: immutable rows in the order of their ids. `messages` is what a message
is now. `deliveries` are open debts: a delivery that is done is a row that is gone.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from bridge.store.archive_tables import archive as archive
from bridge.store.archive_tables import backlogs as backlogs
from bridge.store.archive_tables import reaches as reaches
from bridge.store.archive_tables import sights as sights
from bridge.store.archive_tables import strays as strays
from bridge.store.columns import Clock
from bridge.store.columns import metadata as metadata
from bridge.store.copy_tables import copies as copies
from bridge.store.copy_tables import merged as merged
from bridge.store.copy_tables import reactions as reactions
from bridge.store.link_tables import audit as audit
from bridge.store.link_tables import bans as bans
from bridge.store.link_tables import link_codes as link_codes
from bridge.store.people_tables import acquaintances as acquaintances

install = Table(
    "install",  # one row per fact about this database
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

accounts = Table(
    "accounts",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("network", Text, nullable=False),
    Column("user", Text, nullable=False),  # bare JID; empty for the operator's
    Column("me", Text, nullable=False),  # contact id
    Column("name", Text, nullable=False),
    Column("secret", LargeBinary, nullable=False),  # encrypted; empty when there is none or it was revoked
    Column("state", Text, nullable=False),  # active, logged_out, revoked
    Column("error", Text, nullable=False, server_default=""),  # why it is logged out, for people
    Column("cursor", Text),
    Column("caught_up", Float, nullable=False, server_default="0"),  # when it last had all there was; 0: not known
    UniqueConstraint("network", "user", "me", name="accounts_person"),
    sqlite_autoincrement=True,  # an account's number is in deliveries: never given again
)

people = Table(
    "people",  # contacts as an account last saw them
    metadata,
    Column("account", Integer, primary_key=True),
    Column("contact", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("avatar", Text, nullable=False),
    sqlite_with_rowid=False,
)

subscriptions = Table(
    "subscriptions",  # whose presence a user wants (RFC 6121 #sub)
    metadata,
    Column("user", Text, primary_key=True),
    Column("network", Text, primary_key=True),
    Column("contact", Text, primary_key=True),  # empty: the gateway itself
    sqlite_with_rowid=False,
)

listed = Table(
    "listed",  # what we have put into users' own lists on XMPP, so that what they remove or rename stays so
    metadata,
    Column("user", Text, primary_key=True),
    Column("network", Text, primary_key=True),
    Column("kind", Text, primary_key=True),  # contact, room; added, made: which of these were not there before
    Column("item", Text, primary_key=True),  # contact id; JID of a room
    Column("name", Text, nullable=False),  # as we called it
    sqlite_with_rowid=False,
)

blocks = Table(
    "blocks",  # people of whom an account wants to hear nothing, as its network keeps them
    metadata,
    Column("account", Integer, primary_key=True),
    Column("contact", Text, primary_key=True),
    sqlite_with_rowid=False,
)

settings = Table(
    "settings",  # what users have chosen otherwise than it is by itself (`bridge.hub.choices`)
    metadata,
    Column("user", Text, primary_key=True),
    Column("network", Text, primary_key=True),
    Column("item", Text, primary_key=True),  # the JID of a chat; empty: for all of them
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
    sqlite_with_rowid=False,
)

opt_outs = Table(
    "opt_outs",  # people of whom nothing is carried (`bridge.hub.opting`)
    metadata,
    Column("network", Text, primary_key=True),  # where they are at home
    Column("person", Text, primary_key=True),  # contact id; on XMPP a bare JID
    Column("at", Float, nullable=False),
    sqlite_with_rowid=False,
)

chats = Table(
    "chats",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("network", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("native", Text),  # null: a direct chat that is still to be opened
    Column("kind", Text, nullable=False),
    Column("owner", Text, nullable=False, server_default=""),  # of an XMPP direct chat: the user
    Column("contact", Text, nullable=False, server_default=""),  # of a direct chat: the other person's contact id
    Column("encrypted", SmallInteger, nullable=False, server_default="0"),
    Column("name", Text, nullable=False, server_default=""),  # of a room
    Column("subject", Text, nullable=False, server_default=""),  # of a room
    Column("avatar", Text, nullable=False, server_default=""),  # of a room: its connector's reference
    Column("rules", Text, nullable=False, server_default=""),  # of a room: `Rules`, JSON; empty: not known
    Column("closed", Text, nullable=False, server_default=""),  # of a room: `ChatSeen.closed`
    Column("moved", Text, nullable=False, server_default=""),  # of a room: `ChatSeen.moved`
    Column(
        "peopled", SmallInteger, nullable=False, server_default="0"
    ),  # its occupants: 0 unknown, 1 asked for, 2 known
    Column("shows", Integer),  # of a hosted room: the chat on a network that it shows
    UniqueConstraint("network", "scope", "native", name="chats_native"),
    sqlite_autoincrement=True,
)

chat_accounts = Table(
    "chat_accounts",  # which of our accounts see a chat
    metadata,
    Column("chat", Integer, primary_key=True),
    Column("account", Integer, primary_key=True),
    Column("since", Float, nullable=False, server_default="0"),  # what was journaled before then is not theirs to read
    Column("leaving", SmallInteger, nullable=False, server_default="0"),  # it was there for a link that has ended
    sqlite_with_rowid=False,
)

invitations = Table(
    "invitations",  # of our accounts to rooms that they are not in
    metadata,
    Column("chat", Integer, primary_key=True),
    Column("account", Integer, primary_key=True),
    sqlite_with_rowid=False,
)

outsiders = Table(
    "outsiders",  # of rooms whose people were asked for: who is invited or banned
    metadata,
    Column("chat", Integer, primary_key=True),
    Column("contact", Text, primary_key=True),
    Column("membership", Text, nullable=False),  # while the people are asked for: of everybody who has moved
    sqlite_with_rowid=False,
)

occupants = Table(
    "occupants",  # of rooms whose people were asked for: as last seen, also those who left
    metadata,
    Column("chat", Integer, primary_key=True),
    Column("contact", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("avatar", Text, nullable=False),
    Column("nick", Text, nullable=False),  # what they are called on XMPP; two in one room are never called the same
    Column("membership", Text, nullable=False),
    Column("rank", Text, nullable=False),
    Column("looks", Text, nullable=False, server_default=""),  # how the nick looks; empty: given by an older program
    Column("titles", Text, nullable=False, server_default=""),  # `bridge/hub/titles.py`; empty: none
    Index("occupants_nick", "chat", "nick", unique=True),
    Index("occupants_looks", "chat", "looks"),
    sqlite_with_rowid=False,
)

makings = Table(
    "makings",  # rooms that we have asked a network for, until they are there
    metadata,
    Column("key", Text, primary_key=True),  # of the action
    Column("jid", Text, nullable=False),  # what they are to be called on XMPP
    sqlite_with_rowid=False,
)

attendance = Table(
    "attendance",  # who of XMPP has entered which hosted room
    metadata,
    Column("room", Text, primary_key=True),  # its JID
    Column("jid", Text, primary_key=True),  # a full one
    sqlite_with_rowid=False,
)

visits = Table(
    "visits",  # users and hosted rooms, while no app of theirs is in one
    metadata,
    Column("room", Text, primary_key=True),  # its JID
    Column("who", Text, primary_key=True),  # a bare one
    Column("parted", Float),  # when they were last in it
    Column("told", Float),  # when they heard last that they are meant there; null: not since they were in it
    sqlite_with_rowid=False,
)

directs = Table(
    "directs",  # *the* direct chat of an account with a person
    metadata,
    Column("account", Integer, primary_key=True),
    Column("contact", Text, primary_key=True),
    Column("chat", Integer, nullable=False, index=True),
    sqlite_with_rowid=False,
)

links = Table(
    "links",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("name", Text, nullable=False, server_default=""),  # empty: personal
    Column("source", Text, nullable=False, server_default=""),  # config, command; empty: made by itself
    Column("wanted", Text, nullable=False, server_default=""),  # its chats as they were asked for, JSON
    Column("removed", SmallInteger, nullable=False, server_default="0"),  # by command, though the configuration has it
    Column("suspended", Text, nullable=False, server_default=""),  # why nothing goes through it; empty: it does
    sqlite_autoincrement=True,
)

endpoints = Table(
    "endpoints",
    metadata,
    Column("chat", Integer, primary_key=True, autoincrement=False),  # a chat belongs to one link
    Column("link", Integer, nullable=False, index=True),
    Column("account", Integer),  # who speaks there for people without an account of their own; null: nobody
    Column("direction", Text, nullable=False, server_default="both"),  # from, to: only that
    Column("name_format", Text, nullable=False, server_default=""),  # how others' names are shown there
    Column("typed", Text, nullable=False, server_default=""),  # the chat as it was asked for
    Column("programs", SmallInteger, nullable=False, server_default="0"),  # what other bots say there goes on, too
    Column("announced", SmallInteger, nullable=False, server_default="0"),  # people there were told of the link
)

events = Table(
    "events",
    metadata,
    Column("id", Clock, primary_key=True, autoincrement=False),  # microseconds, ascending: the order
    Column("chat", Integer, nullable=False),  # where it happened
    Column("native", Text, nullable=False),  # its own id there (`copies` finds it); client-chosen: a fingerprint
    Column("kind", Text, nullable=False),
    Column("message", Clock, nullable=False),  # what it is about (its own id for a new message)
    Column("reply", Clock),  # the message it replies to
    Column("account", Integer, nullable=False),  # who reported it first
    Column("network", Text, nullable=False),  # of the author
    Column("author", Text, nullable=False),  # contact id
    Column("key", Text, nullable=False),  # of every action made from it
    Column("body", LargeBinary, nullable=False),  # the event, JSON
    Column("at", Float, nullable=False),  # when it was journaled
    Index("events_key", "key"),
)

messages = Table(
    "messages",
    metadata,
    Column("id", Clock, primary_key=True, autoincrement=False),  # its first event
    Column("network", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("content", Clock, nullable=False),  # the event whose text it shows now
    Column("retracted", Clock),  # the event that took it back
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("chat", Integer, primary_key=True),  # where to
    Column("event", Clock, primary_key=True),
    Column("account", Integer, nullable=False),  # who performs
    Column("state", SmallInteger, nullable=False),  # 0 open, 1 refused, 2 dead (a bug), 3 given up, 4 put away
    Column("tried", SmallInteger, nullable=False),  # 1 + the part whose call was begun, where only this would tell
    Column("bugs", SmallInteger, nullable=False),  # attempts that ended in a bug
    Column("told", SmallInteger, nullable=False),  # its author, or the account's user, knows of the trouble
    Column("reason", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("at", Float, nullable=False),
    Index("deliveries_state", "state", sqlite_where=text("state <> 0"), postgresql_where=text("state <> 0")),
    sqlite_with_rowid=False,
)

delays = Table(
    "delays",  # deliveries of which somebody was told that they are late, until he is told how that ended
    metadata,
    Column("chat", Integer, primary_key=True),  # where to
    Column("source", Integer, primary_key=True),  # the chat where they were written
    Column("user", Text, nullable=False),  # who was told, by the gateway of `network`; empty: those in `source`
    Column("network", Text, nullable=False),  # of `chat`
    Column("account", Integer, nullable=False),  # who performs in `source`
    Column("first", Clock, nullable=False),  # events
    Column("last", Clock, nullable=False),
    Column("number", Integer, nullable=False),  # of deliveries
    sqlite_with_rowid=False,
)

dead_letters = Table(
    "dead_letters",  # what could not even be parsed, or broke the journal
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("network", Text, nullable=False),
    Column("account", Integer, nullable=False),
    Column("source", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("raw", Text, nullable=False),  # at most 10,000 characters
    Column("at", Float, nullable=False),
)

memory = Table(
    "memory",  # a connector's own
    metadata,
    Column("account", Integer, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
    sqlite_with_rowid=False,
)

media = Table(
    "media",  # files that events named, and what is kept of them
    metadata,
    Column("id", Text, primary_key=True),  # random: it stands in links
    Column("network", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("reference", Text, nullable=False),  # its connector's own
    Column("chat", Integer, nullable=False),  # where it was named first
    Column("account", Integer, nullable=False),  # that reported it there
    Column("body", LargeBinary, nullable=False),  # `Media`, JSON; as it is, once it has been here
    Column("kept", BigInteger),  # bytes on our disk; null: not there
    Column("made", Float, nullable=False),
    Column("used", Float, nullable=False),
    UniqueConstraint("network", "scope", "reference", name="media_reference"),
    Index("media_used", "used"),
    sqlite_with_rowid=False,
)

publications = Table(
    "publications",  # what a file is called where it has been published
    metadata,
    Column("media", Text, primary_key=True),
    Column("network", Text, primary_key=True),
    Column("scope", Text, primary_key=True),
    Column("reference", Text, nullable=False),
    Column("at", Float, nullable=False, server_default="0"),
    sqlite_with_rowid=False,
)

avatars = Table(
    "avatars",  # pictures of people and rooms: what each reference turned out to be
    metadata,
    Column("network", Text, primary_key=True),
    Column("scope", Text, primary_key=True),
    Column("reference", Text, primary_key=True),  # its connector's own
    Column("sha1", Text, nullable=False),  # of the PNG on our disk; empty: it cannot be shown
    Column("at", Float, nullable=False),
    sqlite_with_rowid=False,
)

own_pictures = Table(
    "own_pictures",  # what accounts show as their users' pictures because we have set it
    metadata,
    Column("account", Integer, primary_key=True, autoincrement=False),
    Column("reference", Text, nullable=False),  # as the user shows it at home
    Column("native", Text, nullable=False),  # as the account's network calls it
    Column("tried", Text, nullable=False),  # what is being set: the same of that
    Column("tried_native", Text, nullable=False),
)

read_marks = Table(
    "read_marks",  # how far users have read, until their accounts have shown it
    metadata,
    Column("account", Integer, primary_key=True),
    Column("chat", Text, primary_key=True),  # what its network calls it
    Column("target", Text, nullable=False),  # the message, the same
    Column("private", Boolean, nullable=False),
    sqlite_with_rowid=False,
)

file_lines = Table(
    "file_lines",  # of deliveries: which files a line has taken the place of, so that a repeat says the same
    metadata,
    Column("chat", Integer, primary_key=True),  # where to
    Column("event", Clock, primary_key=True),
    Column("media", Text, primary_key=True),
    Column("why", Text, nullable=False),
    Column("link", Text, nullable=False),
    sqlite_with_rowid=False,
)
