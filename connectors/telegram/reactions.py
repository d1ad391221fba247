"""The one reaction that a bot may have to a message, made of the sets of all whom it speaks for.

It is what most of them want; of equals, what was wanted last. Whom the chat allows none of theirs is told which it
allows; what stands there of others stays. Custom emoji are not for bots.

Who wants what is noted in the account's memory, so that it is the same after a restart; without a note (very many
messages later) only who speaks next is counted. What a chat allows is asked for once an hour at most, and earlier only
when something is not allowed: Telegram tells nobody that it has changed.

Source: https://core.telegram.org/bots/api#setmessagereaction, #chatfullinfo (`available_reactions`).
"""

import hashlib
import json
from collections import Counter, OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from telegram.constants import ReactionEmoji

from bridge.contract import ChatId, Memory, MessageId, Persona, React, Reason, Receipt, Refused
from connectors.telegram import errors
from connectors.telegram.about import About
from connectors.telegram.notes import Notes
from connectors.telegram.sending import Speaker, target_of

_TRIES = 4  # of what Telegram itself does not want
_CHATS = 200  # of which the notes are in memory
_PEOPLE, _EACH = 200, 10  # counted of a message, and of a person
_NAMED = 30  # in a sentence
_ALL = tuple(str(one.value) for one in ReactionEmoji)


@dataclass(frozen=True, slots=True)
class Trust:
    """Seconds for which we believe what a chat allows: as a rule, when that is in somebody's way, when Telegram has
    just refused what we believed."""

    rule: float = 3_600.0
    doubted: float = 300.0
    denied: float = 30.0


@dataclass(slots=True)
class _Message:
    """`wanted` by person, who spoke last is the last; `shown` is what the bot has there, None for who knows."""

    shown: str | None = None
    wanted: dict[str, list[str]] = field(default_factory=dict)


class Reactions:
    """For one session. What concerns one chat comes one after the other."""

    def __init__(self, about: About, memory: Memory, trust: Trust | None = None) -> None:
        self._about = about
        self._trust = trust or Trust()
        self._memory = memory
        self._notes: OrderedDict[ChatId, Notes] = OrderedDict()

    def allowed(self, chat: int) -> Sequence[str]:
        """What a chat allows, as far as that is known."""
        found = self._about.known(chat).reactions
        return _ALL if found is None else found

    async def react(self, speaker: Speaker, chat: int, action: React) -> Receipt:
        """Raises the four errors."""
        native = action.target.ids[0]
        target = target_of(chat, native)
        whole, *text = native.split("+")  # what is had is of the message, whichever of its texts is meant
        notes = await self._noted(action.chat)
        said = notes.get(whole)
        first = said is None and bool(action.reactions) and not action.before
        message = _Message("") if first else _read(said)
        if action.maybe_done:
            message.shown = None
        _want(message, "+".join([_key(action.persona), *text]), action.reactions)

        allowed = await self._show(speaker, chat, target, message, action.reactions)
        await notes.put(whole, _written(message))
        if action.reactions and not _of(action.reactions, allowed):
            raise Refused(_only(allowed), Reason.NOT_ACCEPTABLE)
        shown = next((one for one in action.reactions if _plain(one) == _plain(message.shown or "")), None)
        standing = () if shown is None else ((shown, MessageId(f"{native}@{action.key}")),)
        return Receipt(reactions=standing)

    async def _show(
        self, speaker: Speaker, chat: int, target: int, message: _Message, theirs: Sequence[str]
    ) -> Sequence[str]:
        """What is wanted most stands there when this returns; what the chat allows."""
        allowed = await self._allowed(chat, self._trust.rule)
        if theirs and not _of(theirs, allowed):
            allowed = await self._allowed(chat, self._trust.doubted)
        denied: list[str] = []
        while True:
            best = next(iter(ranked(message.wanted.values(), allowed)), "")
            if best == message.shown:
                return allowed
            reaction = [{"type": "emoji", "emoji": best}] if best else []
            try:
                await speaker.api.do(
                    "setMessageReaction", {"chat_id": chat, "message_id": target, "reaction": reaction}
                )
            except errors.No as refusal:
                if not best or "reaction_invalid" not in refusal.said:
                    raise
                denied.append(best)
                allowed = await self._allowed(chat, self._trust.denied) if len(denied) < _TRIES else ()
                allowed = [one for one in allowed if one not in denied]
                continue
            message.shown = best
            return allowed

    async def _allowed(self, chat: int, seconds: float) -> Sequence[str]:
        found = (await self._about.of(chat, seconds)).reactions
        return _ALL if found is None else found

    async def _noted(self, chat: ChatId) -> Notes:
        if chat not in self._notes:
            notes = Notes(self._memory, f"reactions {chat}")
            await notes.load()
            self._notes[chat] = notes
        self._notes.move_to_end(chat)
        if len(self._notes) > _CHATS:
            self._notes.popitem(last=False)
        return self._notes[chat]


def ranked(sets: Iterable[Sequence[str]], allowed: Sequence[str]) -> list[str]:
    """What is allowed of these sets, as Telegram writes it: what most want first; of equals what comes later."""
    known = {_plain(one): one for one in allowed}
    found = [
        one for wanted in sets for one in dict.fromkeys(known[_plain(raw)] for raw in wanted if _plain(raw) in known)
    ]
    counts, places = Counter(found), {one: place for place, one in enumerate(found)}
    return sorted(counts, key=lambda one: (counts[one], places[one]), reverse=True)


def _of(wanted: Sequence[str], allowed: Sequence[str]) -> bool:
    return bool(ranked([wanted], allowed))


def _plain(emoji: str) -> str:
    """Without what says that it is to be in colours: some apps write it, some do not."""
    return emoji.replace("\ufe0f", "")


def _want(message: _Message, who: str, wanted: Sequence[str]) -> None:
    message.wanted.pop(who, None)
    if wanted:
        message.wanted[who] = [one[:16] for one in wanted[-_EACH:]]
    while len(message.wanted) > _PEOPLE:
        del message.wanted[next(iter(message.wanted))]


def _key(persona: Persona | None) -> str:
    """Short, and says nothing of the person; empty for whose account it is."""
    return hashlib.sha256(persona.key.encode()).hexdigest()[:16] if persona is not None else ""


def _written(message: _Message) -> str:
    return json.dumps([message.shown, message.wanted], ensure_ascii=False)


def _read(note: str | None) -> _Message:
    return _Message(*json.loads(note)) if note is not None else _Message()


def _only(allowed: Sequence[str]) -> str:
    if not allowed:
        return "This chat on Telegram allows a bot no reaction to this message, so yours is not shown there."
    some = " ".join(allowed[:_NAMED]) + (" …" if len(allowed) > _NAMED else "")
    return f"Your reaction is not shown on Telegram, which allows only these in this chat: {some}"
