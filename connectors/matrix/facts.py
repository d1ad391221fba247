"""What is shown of a room, from its state events. Pure.

Source: client-server API #mroomname, #mroomtopic, #mroomcanonical_alias, #mroomcreate, #mroomencryption,
#mroompower_levels, #mroomavatar, #mroomjoin_rules, #mroomhistory_visibility,
#calculating-the-display-name-for-a-room.
"""

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from bridge.contract import Contact, ContactId, Membership, Occupant, Past, Rank, Rules
from connectors.matrix import fields, ids
from connectors.matrix.events import KEY, member
from connectors.matrix.powers import Powers

_NAMES = 1_000  # of people who spoke lately
PASTS = {
    "world_readable": Past.ANYBODY, "shared": Past.MEMBERS, "invited": Past.INVITED, "joined": Past.JOINED
}  # fmt: skip


@dataclass(slots=True)
class Facts:
    """Kept up to date by what syncs bring."""

    id: str
    me: ContactId
    name: str = ""
    topic: str = ""
    alias: str = ""  # as the room claims it
    avatar: str = ""  # an mxc URI, or empty
    encrypted: bool = False  # once it is, it stays so
    kind: str = ""  # "m.space" is no room to talk in
    names: "OrderedDict[str, str]" = field(default_factory=OrderedDict)
    heroes: tuple[str, ...] = ()
    powers: Powers = field(default_factory=Powers)
    made: str = ""  # the key with which we have had it made
    join_rule: str = "invite"
    past: Past = Past.MEMBERS
    successor: str | None = None  # the room that has replaced it, empty if that is not told; None: it goes on
    predecessor: str = ""  # the room that it says it has replaced

    @property
    def carried(self) -> bool:
        return self.kind != "m.space"

    @property
    def title(self) -> str:
        """Name, alias, or the names of a few members."""
        return self.name or self.alias or ", ".join(self.names.get(one) or one for one in self.heroes)

    @property
    def rules(self) -> Rules:
        powers = self.powers
        return Rules(
            open=self.join_rule == "public",
            moderated=powers.moderated,
            subject=powers.lowest(powers.to_send("m.room.topic", state=True)),
            invites=powers.lowest(powers.to_do("invite")),
            past=self.past,
        )

    @property
    def closed(self) -> str:
        """`ChatSeen.closed`."""
        if self.successor is None:
            return ""
        return (
            f"The Matrix room “{self.title or self.id}” has been replaced by another one, where the gateway is not yet."
        )

    def rank(self, user: ContactId) -> Rank:
        return self.powers.rank(user)

    def occupant(self, who: Contact, membership: Membership) -> Occupant:
        return Occupant(who, membership, self.rank(who.id), self.powers.titles(who.id))

    def hear(self, summary: Mapping[str, object]) -> None:
        """Client-server API #get_matrixclientv3sync (`m.heroes`): not repeated while they stay the same."""
        heroes = fields.listed(summary.get("m.heroes"))
        if heroes:
            self.heroes = tuple(one for one in heroes[:5] if isinstance(one, str) and ids.valid_user(one))

    def apply(self, events: Iterable[object]) -> None:
        """State events, in order; anything else changes nothing."""
        for raw in events:
            event = fields.mapping(raw)
            key = event.get("state_key")
            if key == "":
                self._state(event.get("type"), fields.mapping(event.get("content")))
                if event.get("type") == "m.room.create":
                    self.powers = replace(self.powers, creators=_creators(event), maker=_maker(event))
                    if event.get("sender") == self.me:
                        self.made = fields.line(fields.mapping(event.get("content")).get(KEY))
            elif isinstance(key, str) and (found := member(event)) is not None:
                self.names[found.user] = found.name
                self.names.move_to_end(found.user)
                if len(self.names) > _NAMES:
                    self.names.popitem(last=False)

    def _state(self, kind: object, content: Mapping[str, object]) -> None:
        match kind:
            case "m.room.name":
                self.name = fields.line(content.get("name"))
            case "m.room.topic":
                self.topic = fields.line(content.get("topic"), 1_000)
            case "m.room.avatar":
                self.avatar = fields.mxc(content.get("url"))
            case "m.room.canonical_alias":
                alias = content.get("alias")
                self.alias = alias if isinstance(alias, str) and ids.valid_alias(alias) else ""
            case "m.room.encryption":
                self.encrypted = True
            case "m.room.create":
                self.kind = fields.line(content.get("type"))
                self.predecessor = fields.room_id(fields.mapping(content.get("predecessor")).get("room_id")) or ""
            case "m.room.tombstone":
                self.successor = fields.room_id(content.get("replacement_room")) or ""
            case "m.room.power_levels":
                self.powers = replace(self.powers, content=content)
            case "m.room.join_rules":
                self.join_rule = fields.line(content.get("join_rule"))
            case "m.room.history_visibility":
                self.past = PASTS.get(fields.line(content.get("history_visibility")), Past.MEMBERS)


def _creators(create: Mapping[str, object]) -> frozenset[str]:
    """Room version 12 and later (rooms/v12 #room-creators): those who made it stand above power levels."""
    content = fields.mapping(create.get("content"))
    version = fields.string(content.get("room_version"))
    if not (version.isascii() and version.isdigit() and len(version) < 5 and int(version) >= 12):
        return frozenset()
    some = [create.get("sender"), *fields.listed(content.get("additional_creators"))[:_NAMES]]
    return frozenset(one for one in some if isinstance(one, str) and ids.valid_user(one))


def _maker(create: Mapping[str, object]) -> str:
    """Since room version 11 the sender; it has always been the same."""
    sender = create.get("sender")
    return sender if isinstance(sender, str) and ids.valid_user(sender) else ""
