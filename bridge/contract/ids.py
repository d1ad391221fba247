"""Ids, told apart by type; only the connector that made one reads inside it."""

from typing import NewType

NetworkId = NewType("NetworkId", str)
"""The name of a network in the configuration ("matrix"); "xmpp" is XMPP itself."""

AccountId = NewType("AccountId", int)
"""Our own number of an account; 0 never occurs."""

ContactId = NewType("ContactId", str)
"""A person on a network (Matrix user id, bare JID)."""

ChatId = NewType("ChatId", str)
"""A chat on a network (Matrix room id; for XMPP see `bridge.xmpp.chats`)."""

MessageId = NewType("MessageId", str)
"""What a network calls a message, or an edit, retraction or reaction to one."""
