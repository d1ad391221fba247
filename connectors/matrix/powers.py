"""What people may do in a room, from its power levels; and how those have to be for somebody to be of a rank. Pure.

Source: client-server API #mroompower_levels; rooms/v12 #room-creators (who made such a room stands above all levels).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from bridge.contract import ContactId, Rank, Title
from connectors.matrix import fields, ids

_TOP = 100  # the level that apps call "administrator"
_MODERATE = 50  # what it takes to ban, to remove and to redact, where a room does not say
_MOST = 5_000  # people who are named
_HIGHEST = float("inf")
_CREATOR = Title("creator", "Creator")


@dataclass(frozen=True, slots=True)
class Powers:
    """As the room says: `content` is None for one that has no power levels."""

    creators: frozenset[str] = frozenset()  # of a room where they stand above levels
    maker: str = ""  # who made it; counts where there are no levels
    content: Mapping[str, object] | None = field(default=None)

    def level(self, user: str) -> float:
        if user in self.creators:
            return _HIGHEST
        if self.content is None:
            return _TOP if user == self.maker and not self.creators else 0.0
        level = fields.level(fields.mapping(self.content.get("users")).get(user))
        return self.usual if level is None else level

    @property
    def usual(self) -> float:
        """The level of whoever is not named."""
        return self._said("users_default", 0)

    def to_do(self, what: str) -> float:
        """What it takes to `ban`, `kick`, `redact` or `invite`."""
        return self._said(what, 0 if what == "invite" else _MODERATE)

    def to_send(self, kind: str, *, state: bool = False) -> float:
        """What it takes to send an event of a type."""
        events = fields.mapping((self.content or {}).get("events"))
        level = fields.level(events.get(kind))
        if level is not None:
            return level
        return self._said("state_default", 0 if self.content is None else _MODERATE) if state else self.to_speak

    @property
    def to_speak(self) -> float:
        events = fields.mapping((self.content or {}).get("events"))
        level = fields.level(events.get("m.room.message"))
        return self._said("events_default", 0) if level is None else level

    def rank(self, user: str) -> Rank:
        return self._rank_at(self.level(user))

    def titles(self, user: str) -> tuple[Title, ...] | None:
        """Who stands above all levels is more than any rank says. None: it is not known who made the room."""
        if not self.maker:
            return None
        return (_CREATOR,) if user in self.creators else ()

    def lowest(self, level: float) -> Rank:
        """The lowest rank that reaches a level."""
        return next((rank for rank in reversed(Rank) if self._at(rank) >= level), Rank.OWNER)

    @property
    def ranks(self) -> tuple[tuple[tuple[ContactId, Rank], ...], Rank]:
        """Of everybody who is named, and of the others."""
        named = {*fields.mapping((self.content or {}).get("users")), *self.creators}
        if self.content is None and self.maker:
            named.add(self.maker)
        some = sorted(user for user in named if ids.valid_user(user))[:_MOST]
        return tuple((ContactId(user), self.rank(user)) for user in some), self._rank_at(self.usual)

    def with_rank(self, user: str, rank: Rank) -> Mapping[str, Any]:
        """The content of the event that makes somebody so. Who is to be as anybody else is not named."""
        users = dict(fields.mapping(self._whole().get("users")))
        users.pop(user, None)
        if self._rank_at(self.usual) is not rank:
            users[user] = int(self._at(rank))
        return {**self._whole(), "users": users}

    def with_rules(
        self, *, moderated: bool | None = None, subject: Rank | None = None, invites: Rank | None = None
    ) -> Mapping[str, Any]:
        """The content of the event after which rules are so. None: as they are."""
        content = dict(self._whole())
        events = dict(fields.mapping(content.get("events")))
        if moderated is not None and moderated != self.moderated:
            events.pop("m.room.message", None)
            # Who is named speaks from level 1 on, as `with_rank` gives it.
            content["events_default"] = int(self.usual) + (1 if moderated else 0)
        now = replace(self, content={**content, "events": events})
        if subject is not None:
            events["m.room.topic"] = int(now.at(subject))
        if invites is not None:
            content["invite"] = int(now.at(invites))
        return {**content, "events": events}

    @property
    def moderated(self) -> bool:
        """Whether who comes in may only listen."""
        return self.usual < self.to_speak

    def at(self, rank: Rank) -> float:
        """The level of a rank."""
        return self.usual if rank is self._rank_at(self.usual) else self._at(rank)

    def _whole(self) -> Mapping[str, object]:
        """The levels, also of a room that has none: there who made it alone has a level."""
        if self.content is not None:
            return self.content
        return {"users": {self.maker: _TOP}} if self.maker and not self.creators else {}

    def _at(self, rank: Rank) -> float:
        match rank:
            case Rank.OWNER:
                return max(_TOP, self.to_send("m.room.power_levels", state=True))
            case Rank.ADMIN:
                return max(self.to_do("ban"), self.to_do("kick"))
            case Rank.MODERATOR:
                return min(self.to_do("kick"), self.to_do("redact"), self._at(Rank.ADMIN))
            case Rank.MEMBER:
                return self.to_speak
            case _:
                return self.to_speak - 1

    def _rank_at(self, level: float) -> Rank:
        return next((rank for rank in Rank if level >= self._at(rank)), Rank.VISITOR)

    def _said(self, name: str, otherwise: float) -> float:
        level = fields.level((self.content or {}).get(name))
        return otherwise if level is None else level
