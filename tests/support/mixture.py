"""A conversation of everything: texts, files, replies, edits, reactions and retractions, by both sides.

Every fifth message is to be taken back; nobody answers or reacts to those, so how it must end is known.
"""

import asyncio
import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, ClassVar
from urllib.parse import quote

from aiohttp import web

from tests.support import files, views
from tests.support.talks import Direct, InRoom, Talk, at_the_pace_of, until
from tests.support.views import Shown, View, mark_in, name_of, spoken
from tests.support.xmpp_client import XmppClient, bare

EMOJI = ("👍", "🌹", "😀")


@dataclass
class Line:
    """`side` "out" said it on XMPP, as `id`; "back" on Matrix."""

    side: str
    number: int
    file: bool = False
    id: str = ""
    event: str = ""
    edits: int = 0
    answers: str = ""
    taken_back: bool = False
    reactions: dict[str, set[str]] = field(default_factory=dict)
    given: dict[str, str] = field(default_factory=dict)  # what reactions are called on Matrix

    @property
    def mark(self) -> str:
        return f"{self.side} {self.number}"

    @property
    def text(self) -> str:
        return f"{self.side}-{self.number}.png" if self.file else f"{self.mark} v{self.edits}"

    @property
    def stays(self) -> bool:
        return self.number % 5 != 4

    def shown(self) -> Shown:
        return Shown(self.mark, self.text, self.answers, self.reactions)


@dataclass
class Mixed(Talk):
    """`place` is the web address where the user's files lie, each a picture of the number in its name."""

    seen_here: ClassVar[tuple[str, ...]] = ("out", "back")  # whose reactions the app is shown
    place: str = ""
    pace: float = 0.2  # seconds at most between two of the user's doings
    said: list[Line] = field(default_factory=list)

    def of(self, side: str) -> list[Line]:
        return [line for line in self.said if line.side == side]

    # On XMPP

    def speak(self) -> None:
        self._say(Line("out", len(self.of("out"))))

    async def talk_out(self, share: int, up: asyncio.Event, dice: random.Random) -> None:
        """The user's part, while the gateway is `up`."""
        for _ in range(share):
            await asyncio.sleep(dice.uniform(0, self.pace))
            await up.wait()
            self._act(dice)
        for line in [line for line in self.of("out") if not line.stays and not line.taken_back]:
            await until(lambda line=line: bool(self._name(line)), self.pending)  # type: ignore[misc]
            await up.wait()
            self._retract(line)

    def _act(self, dice: random.Random) -> None:
        what = dice.random()
        known = [line for line in self.said if line.stays and self._name(line)]
        own = [line for line in self.of("out")[-6:] if not line.taken_back]
        texts = [line for line in own if not line.file]
        doomed = [line for line in own if not line.stays and self._name(line)]
        new = Line("out", len(self.of("out")))
        if what < 0.2 and texts:
            self._edit(dice.choice(texts))
        elif what < 0.4 and known:
            self._react(dice.choice(known), {one for one in EMOJI if dice.random() < 0.5})
        elif what < 0.5 and doomed:
            self._retract(doomed[0])
        elif what < 0.65 and known:
            self._say(new, dice.choice(known))
        elif what < 0.75:
            new.file = True
            self._say(new)
        else:
            self._say(new)

    def _say(self, line: Line, to: Line | None = None) -> None:
        self.said.append(line)
        line.answers = to.mark if to else ""
        text = f"{self.place}/{line.text}" if line.file else line.text

        def written(id: str) -> str:
            line.id = id
            if line.file:
                return f"<body>{text}</body>{files.share(text)}"
            return f"<body>{text}</body>" if to is None else reply(text, self._name(to))

        self.do(line.text, written)

    def _edit(self, line: Line) -> None:
        line.edits += 1
        text = line.text
        self.do(text, lambda _: f"<body>{text}</body><replace xmlns='urn:xmpp:message-correct:0' id='{line.id}'/>")

    def _retract(self, line: Line) -> None:
        line.taken_back = True
        self.do(f"no {line.text}", lambda _: f"<retract xmlns='urn:xmpp:message-retract:1' id='{self._name(line)}'/>")

    def _react(self, line: Line, now: set[str]) -> None:
        line.reactions["out"] = now
        some = "".join(f"<reaction>{one}</reaction>" for one in sorted(now))
        self.do(
            f"{line.text} {now}",
            lambda _: f"<reactions xmlns='urn:xmpp:reactions:0' id='{self._name(line)}'>{some}</reactions>",
        )

    # On Matrix

    async def talk_back(self, share: int, dice: random.Random) -> None:
        """The other side's part, at about the same pace, whether the gateway is there or not."""
        for number in range(share):
            await at_the_pace_of(self, number)
            await self._act_back(dice)
        for line in [line for line in self.of("back") if not line.stays and not line.taken_back]:
            await self._redact(line.event)
            line.taken_back = True

    async def _act_back(self, dice: random.Random) -> None:
        what = dice.random()
        there = views.on_matrix([e for e in self.element.events if e["room_id"] == self.room], self.user.mxid)
        events = {mark: event for event, mark in there.names.items()}
        known = [(line, events[line.mark]) for line in self.said if line.stays and line.mark in events]
        own = [line for line in self.of("back")[-6:] if not line.taken_back]
        texts = [line for line in own if not line.file]
        doomed = [line for line in own if not line.stays]
        new = Line("back", len(self.of("back")))
        if what < 0.2 and texts:
            line = dice.choice(texts)
            line.edits += 1
            relation = {"rel_type": "m.replace", "event_id": line.event}
            edit: dict[str, Any] = {"m.new_content": {"msgtype": "m.text", "body": line.text}, "m.relates_to": relation}
            await self.element.send(self.room, f"* {line.text}", **edit)
        elif what < 0.4 and known:
            await self._react_back(*dice.choice(known), dice.choice(EMOJI))
        elif what < 0.5 and doomed:
            doomed[0].taken_back = True
            await self._redact(doomed[0].event)
        elif what < 0.65 and known:
            to, event = dice.choice(known)
            new.answers = to.mark
            answer: dict[str, Any] = {"m.relates_to": {"m.in_reply_to": {"event_id": event}}}
            new.event = await self.element.send(self.room, new.text, **answer)
            self.said.append(new)
        elif what < 0.75:
            new.file = True
            new.event = await files.send_file(
                self.element, self.room, files.png(seed=new.number), "image/png", new.text
            )
            self.said.append(new)
        else:
            new.event = await self.element.send(self.room, new.text)
            self.said.append(new)

    async def _react_back(self, line: Line, event: str, emoji: str) -> None:
        """One more, or one less."""
        now = line.reactions.setdefault("back", set())
        if emoji in now:
            now.remove(emoji)
            await self._redact(line.given.pop(emoji))
        else:
            now.add(emoji)
            relation = {"rel_type": "m.annotation", "event_id": event, "key": emoji}
            line.given[emoji] = await self.element.send_event(self.room, {"m.relates_to": relation}, kind="m.reaction")

    async def _redact(self, event: str) -> None:
        key = f"r{event[1:12]}"
        await self.element.call("PUT", f"/rooms/{quote(self.room)}/redact/{quote(event)}/{quote(key)}", {})

    # In the end

    async def arrived(self) -> None:
        await until(lambda: not self.pending(), self.pending, 60)
        await until(lambda: self.difference() == [], self.difference, 90)

    def difference(self) -> list[str]:
        """What either app has that it should not have, or lacks."""
        there = views.on_matrix([e for e in self.element.events if e["room_id"] == self.room], self.user.mxid)
        return self.differs(there, "on Matrix") + self.differs(self.here(), "on XMPP", self.seen_here)

    def differs(self, view: View, where: str, reacting: Iterable[str] = ("out", "back")) -> list[str]:
        found = []
        for side in ("out", "back"):
            has, wanted = view.told(side, reacting), self.wanted(side, reacting)
            if has != wanted:
                lacks, more = [x for x in wanted if x not in has], [x for x in has if x not in wanted]
                found.append(f"{side} {where}: lacks {lacks}, has {more}, order {has if not lacks + more else ''}")
        return found

    def wanted(self, side: str, reacting: Iterable[str]) -> list[str]:
        return [line.shown().told(reacting) for line in self.of(side) if not line.taken_back]

    def here(self) -> View:
        """What the app has."""
        raise NotImplementedError

    def _name(self, line: Line) -> str:
        """What it is called on XMPP; empty while the app does not know."""
        return next((name for name, mark in self.here().names.items() if mark == line.mark), "")


class MixedDirect(Mixed, Direct):
    """A direct chat, where one's own messages and reactions do not come back."""

    seen_here = ("back",)

    def here(self) -> View:
        view = View()
        for line in self.of("out"):
            view.names[line.id] = line.mark
            if not line.taken_back:
                view.shown[line.mark] = Shown(line.mark, line.text, line.answers)
        return views.on_xmpp(self.app.received, self.jid, None, view)


class MixedRoom(Mixed, InRoom):
    """A hosted room."""

    def here(self) -> View:
        return self.seen_by(self.app)

    def seen_by(self, app: XmppClient) -> View:
        return views.on_xmpp(app.received, self.jid, self.user.name, View())

    def _name(self, line: Line) -> str:
        """As the room calls it, which is not what its author has called it."""
        of_room = (s for s in self.app.received if bare(s) == self.jid and mark_in(spoken(s)) == line.mark)
        return next((name_of(stanza) for stanza in of_room), "")


def direct(chat: Direct, place: str, pace: float = 0.2) -> MixedDirect:
    """What goes on in a chat that has begun."""
    return MixedDirect(
        chat.app, chat.jid, chat.element, chat.user, chat.room, open=chat.open, sent=chat.sent, place=place, pace=pace
    )


def room(there: InRoom, place: str, pace: float = 0.2) -> MixedRoom:
    """The same."""
    return MixedRoom(there.app, there.jid, there.element, there.user, there.room, place=place, pace=pace)


async def picture(request: web.Request) -> web.Response:
    """What lies at the user's `place` (`files.website`)."""
    return web.Response(body=files.png(seed=int(request.path.strip("/out-.png"))))


def reply(text: str, to: str) -> str:
    """With a quotation for apps that know no replies (XEP-0461 #compat)."""
    quoted = "> what you said\n"
    marked = f"<fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:reply:0'><body start='0' end='{len(quoted)}'/>"
    return f"<body>&gt; what you said\n{text}</body><reply xmlns='urn:xmpp:reply:0' id='{to}'/>{marked}</fallback>"
