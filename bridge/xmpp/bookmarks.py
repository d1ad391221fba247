"""Bookmarks (XEP-0402): by privilege (XEP-0356 #iq) people's rooms are among theirs, and so in all their apps.

| bookmarked | by us before | then |
|---|---|---|
| no | no | it is bookmarked; apps enter it by themselves, unless many came at once |
| no | yes | nothing: the user has removed it |
| yes | no | it stays as the user has it |
| yes | yes | a new name, if it is still called as we called it; a room that one has left is removed |

Of who has ended all accounts those are removed that we have made and that are as we made them.

What else is in a bookmark (nick, extensions, whether apps enter the room) stays as it is.
"""

from copy import deepcopy
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from bridge.hub.facades import Lists, Room, Rooms
from bridge.xmpp import nodes, text
from bridge.xmpp.chats import Gateway
from bridge.xmpp.errors import StanzaError
from bridge.xmpp.privilege import PUBSUB
from bridge.xmpp.requests import Requests

_NODE = "urn:xmpp:bookmarks:1"
_CONFERENCE = f"{{{_NODE}}}conference"
_KIND, _MADE = "room", "made"  # all that we have seen to; those that were not there before, and `autojoin` then
_ENTERED = 50  # rooms found together, above which apps are not asked to enter them by themselves
_LARGEST = 32_768  # bytes of a bookmark that we would write again
# XEP-0402 #notification-via-pep: who else may read them, and that they are kept.
_ALWAYS = {"pubsub#persist_items": "true", "pubsub#access_model": "whitelist"}
_CREATED = {**_ALWAYS, "pubsub#max_items": "max", "pubsub#send_last_published_item": "never"}


class Bookmarks:
    """Keeps the bookmarks of the users of one gateway."""

    access = "iq"

    def __init__(self, gateway: Gateway, rooms: Rooms, lists: Lists, requests: Requests) -> None:
        self._gateway = gateway
        self._rooms = rooms
        self._lists = lists
        self._requests = requests

    async def keep(self, user: str) -> None:
        """Bring the bookmarks of `user` in step. Raises `StanzaError` and `Unavailable`."""
        network = self._gateway.network
        before = await self._lists.put(user, network, _KIND)
        rooms = {str(room.jid): room for room in await self._rooms.rooms(user, network)}
        new = [jid for jid in rooms if jid not in before]
        left = [jid for jid in before if jid not in rooms]
        renamed = [jid for jid, room in rooms.items() if jid in before and room.name not in ("", before[jid])]
        if not (new or left or renamed):
            return  # the bookmarks need not be read for that
        there = await self._read(user)
        options = nodes.options(_CREATED if there is None else _ALWAYS)
        there = there or {}
        for jid in new:
            if jid not in there:
                joins = "true" if len(new) <= _ENTERED and not rooms[jid].encrypted else "false"
                await self._lists.keep(user, network, _MADE, jid, joins)
                await self._publish(user, jid, bookmark(rooms[jid], joins), options)
            await self._lists.keep(user, network, _KIND, jid, rooms[jid].name)
        for jid in renamed:
            again = called(there.get(jid), before[jid], rooms[jid].name)
            if again:
                await self._publish(user, jid, again, options)
            await self._lists.keep(user, network, _KIND, jid, rooms[jid].name)
        for jid in left:
            if jid in there:
                await self._retract(user, jid)
            await self._drop(user, jid)

    async def part(self, user: str) -> None:
        """`user` has no account any more. Raises what `keep` does."""
        network = self._gateway.network
        before, made = await self._lists.put(user, network, _KIND), await self._lists.put(user, network, _MADE)
        there = (await self._read(user) or {}) if before.keys() & made.keys() else {}
        for jid in before.keys() | made.keys():
            if jid in before and jid in made and jid in there and is_ours(there[jid], before[jid], made[jid]):
                await self._retract(user, jid)
            await self._drop(user, jid)

    async def _drop(self, user: str, jid: str) -> None:
        for kind in (_MADE, _KIND):
            await self._lists.drop(user, self._gateway.network, kind, jid)

    async def _read(self, user: str) -> dict[str, Element] | None:
        """The bookmarks, by JID; None when there never were any."""
        try:
            answer = await self._requests.ask_as("get", user, nodes.wrapped(f'<items node="{_NODE}"/>'))
        except StanzaError as error:
            if error.condition == "item-not-found":
                return None
            raise
        return read(answer)

    async def _publish(self, user: str, jid: str, conference: str, options: str) -> None:
        item = f'<item id="{text.attribute(jid)}">{conference}</item>'
        await self._requests.ask_as("set", user, nodes.wrapped(f'<publish node="{_NODE}">{item}</publish>{options}'))

    async def _retract(self, user: str, jid: str) -> None:
        item = f'<item id="{text.attribute(jid)}"/>'
        try:
            await self._requests.ask_as(
                "set", user, nodes.wrapped(f'<retract node="{_NODE}" notify="true">{item}</retract>')
            )
        except StanzaError as error:
            if error.condition != "item-not-found":
                raise


def read(answer: Element) -> dict[str, Element]:
    """The bookmarks in an answer, by JID."""
    found = {}
    for item in answer.iter(f"{{{PUBSUB}}}item"):
        conference = item.find(_CONFERENCE)
        if conference is not None:
            found[item.get("id", "")] = conference
    return found


def bookmark(room: Room, joins: str) -> str:
    """A new one; whether apps enter it by themselves is "true" or "false"."""
    named = f' name="{text.attribute(room.name)}"' if room.name else ""
    return f'<conference xmlns="{_NODE}"{named} autojoin="{joins}"/>'


def is_ours(there: Element, name: str, joins: str) -> bool:
    """Whether a bookmark is as we have made it, but for its name, which we have changed to `name`."""
    now = "true" if there.get("autojoin") in ("true", "1") else "false"
    return not len(there) and there.get("name", "") == text.legal(name) and now == joins


def called(there: Element | None, before: str, name: str) -> str:
    """The bookmark `there` with another name, and else as it is; empty if the user has removed it or named it."""
    if there is None or there.get("name", "") != before:
        return ""
    again = deepcopy(there)
    again.set("name", text.legal(name))
    written = ElementTree.tostring(again, "unicode")
    return written if len(written.encode()) <= _LARGEST else ""
