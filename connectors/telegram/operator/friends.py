"""People who have followed invitations: with whom they talk by the bot, and to whom they write at the moment."""

import asyncio
import json
from dataclasses import dataclass, field

from bridge.contract import Memory
from connectors.telegram.operator.trail import Trail

_MOST = 50  # users with whom one person talks


@dataclass(slots=True)
class Friend:
    """One person; `number` is also that of their chat with the bot. Each user with whom they talk has a key of their
    own here, which is never another's."""

    number: int
    users: dict[int, str] = field(default_factory=dict)  # bare JIDs, by key, in the order in which they came
    keys: int = 0  # given so far
    chosen: int = 0  # whom a message is for that says nothing else; 0: nobody
    out: bool = False  # they have opted out
    blocked: bool = False  # Telegram has said that they block the bot
    unmet: set[int] = field(default_factory=set)  # users of whom they have not been told that they talk with them
    last: int = 0  # the highest number of a message of theirs that was passed on
    trail: Trail = field(default_factory=Trail)
    speaking: asyncio.Lock = field(default_factory=asyncio.Lock)  # held while the bot says something there

    def key(self, user: str) -> int | None:
        return next((key for key, known in self.users.items() if known == user), None)

    @property
    def full(self) -> bool:
        """Whether they can talk with nobody else."""
        return len(self.users) >= _MOST

    def add(self, user: str) -> int:
        """They talk with `user` from now on, and are writing to them."""
        key = self.key(user)
        if key is None:
            self.keys = key = self.keys + 1
            self.users[key] = user
            self.unmet.add(key)
        self.chosen = key
        return key

    def drop(self, key: int) -> None:
        """They do not talk with this one any more."""
        self.users.pop(key, None)
        self.unmet.discard(key)
        if self.chosen == key:
            self.chosen = next(iter(self.users)) if len(self.users) == 1 else 0

    def label(self, key: int) -> str:
        """What they know a user by: what stands before the @, where that is plain and nobody else's here."""
        user = self.users[key]
        name = user.partition("@")[0]
        same = [one for one in self.users.values() if one.partition("@")[0].casefold() == name.casefold()]
        return name if len(same) == 1 and name.isascii() and "@" in user else user

    def dump(self) -> str:
        return json.dumps({
            "users": list(self.users.items()), "keys": self.keys, "chosen": self.chosen, "out": self.out,
            "blocked": self.blocked, "unmet": sorted(self.unmet), "last": self.last,
            "trail": self.trail.stretches, "highest": self.trail.highest,
        })  # fmt: skip


class Friends:
    """In the memory of the operator's account; who has been asked for stays in ours."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._known: dict[int, Friend] = {}

    async def of(self, number: int) -> Friend:
        """Somebody; who has never followed an invitation talks with nobody."""
        if number not in self._known:
            said = await self._memory.get(_name(number))
            # Somebody else may have asked meanwhile: all have to see the same.
            self._known.setdefault(number, _load(number, said) if said else Friend(number))
        return self._known[number]

    def known(self, number: int) -> Friend | None:
        """One who has been asked for."""
        return self._known.get(number)

    async def save(self, friend: Friend) -> None:
        """Durable when this returns."""
        await self._memory.put(_name(friend.number), friend.dump())

    def forget(self, friend: Friend) -> None:
        """Of a stranger there is nothing to be known."""
        if not friend.keys and not friend.out:
            self._known.pop(friend.number, None)


def _name(number: int) -> str:
    return f"friend:{number}"


def _load(number: int, said: str) -> Friend:
    raw = json.loads(said)
    trail = Trail([(start, owner) for start, owner in raw["trail"]], raw["highest"])
    return Friend(
        number, dict(raw["users"]), raw["keys"], raw["chosen"], raw["out"], raw["blocked"],
        set(raw["unmet"]), raw["last"], trail,
    )  # fmt: skip
