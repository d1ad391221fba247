"""What there is to see of a conversation in the end, as an app on either side shows it: each message as it reads after
its edits, with what it answers and who reacted how. What was taken back is not there.

Every text names its message: who began it and its number, "out 3 v1" after an edit, "back-4.png" for a file. That a
change comes before its message, that something comes twice or comes back after it was taken back raises AssertionError.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from tests.support import muc
from tests.support.files import META, SFS
from tests.support.matrix_client import Event
from tests.support.xmpp_client import CLIENT, bare, body, error_of

MARK = re.compile(r"(out|back)[ -](\d+)(?: v\d+|\.png)$")
REPLACE, RETRACT = "{urn:xmpp:message-correct:0}replace", "{urn:xmpp:message-retract:1}retract"
REACTIONS, REACTION = "{urn:xmpp:reactions:0}reactions", "{urn:xmpp:reactions:0}reaction"
REPLY, FALLBACK = "{urn:xmpp:reply:0}reply", "{urn:xmpp:fallback:0}fallback"


@dataclass
class Shown:
    """`answers` is another message's mark, `reactions` are by side."""

    mark: str
    text: str
    answers: str = ""
    reactions: dict[str, set[str]] = field(default_factory=dict)
    address: str = ""  # of a file

    def told(self, sides: Iterable[str]) -> str:
        """In a line, with the reactions of these sides."""
        some = [f"{side}: {' '.join(sorted(now))}" for side in sides if (now := self.reactions.get(side))]
        return " | ".join([self.text, *([f"answers {self.answers}"] if self.answers else []), *some])


@dataclass
class View:
    """`names` says which message an id means."""

    names: dict[str, str] = field(default_factory=dict)
    shown: dict[str, Shown] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)

    def say(self, mark: str, text: str, answers: str, *ids: str, address: str = "") -> None:
        assert mark not in self.gone, f"{text} came back after it was taken back"
        assert mark not in self.shown, f"{text} came twice"
        self.shown[mark] = Shown(mark, text, answers, address=address)
        self.names.update(dict.fromkeys(ids, mark))

    def edit(self, target: str, text: str, *ids: str) -> None:
        mark = self.mark_of(target, text)
        assert mark not in self.gone, f"{text} edits what was taken back"
        self.shown[mark].text = text
        self.names.update(dict.fromkeys(ids, mark))

    def retract(self, target: str) -> None:
        mark = self.mark_of(target, "a retraction")
        self.gone.add(mark)
        self.shown.pop(mark, None)

    def react(self, target: str, side: str, now: set[str]) -> None:
        mark = self.mark_of(target, f"{now} of {side}")
        if mark in self.shown:
            self.shown[mark].reactions[side] = now

    def mark_of(self, target: str, what: str) -> str:
        assert target in self.names, f"{what} came before its message"
        return self.names[target]

    def told(self, side: str, reacting: Iterable[str] = ("out", "back")) -> list[str]:
        """What one side has said, in order."""
        return [one.told(reacting) for one in self.shown.values() if one.mark.startswith(side)]


def mark_in(text: str) -> str:
    found = MARK.search(text)
    return f"{found[1]} {found[2]}" if found else ""


def file_name(stanza: Element) -> str:
    name = stanza.findtext(f"{SFS}file-sharing/{META}file/{META}name") or body(stanza).rpartition("/")[2]
    return name if name.endswith(".png") else ""


def spoken(stanza: Element) -> str:
    """Its text without the quotation before a reply; the name of its file."""
    end = next((m.find("*") for m in stanza.iter(FALLBACK) if m.get("for") == "urn:xmpp:reply:0"), None)
    return file_name(stanza) or body(stanza)[int(end.get("end", "0")) if end is not None else 0 :]


def name_of(stanza: Element) -> str:
    """What the next ones call it: in a room as the room does (XEP-0359)."""
    found = stanza.find(muc.STANZA_ID)
    return stanza.get("id", "") if found is None else found.get("id", "")


def on_xmpp(stanzas: Iterable[Element], jid: str, user: str | None, view: View) -> View:
    """What an app has of a chat, besides what is in `view`. `user` is the nick of whoever is "out", in a room."""
    first: dict[str, str] = {}
    for stanza in stanzas:
        if bare(stanza) != jid or stanza.tag != f"{CLIENT}message" or error_of(stanza)[0]:
            continue
        side = "out" if muc.nick(stanza) == user else "back"
        id, name = stanza.get("id", ""), name_of(stanza)
        retract, reactions, replace = (stanza.find(tag) for tag in (RETRACT, REACTIONS, REPLACE))
        text = spoken(stanza)
        mark = mark_in(text)
        if retract is not None:
            view.retract(retract.get("id", ""))
        elif reactions is not None:
            view.react(reactions.get("id", ""), side, {one.text or "" for one in reactions.iter(REACTION)})
        elif replace is not None:
            view.edit(replace.get("id", ""), text, id, name)
        elif mark and first.get(mark) == name:  # the same again
            assert mark not in view.gone, f"{text} came back after it was taken back"
            if stanza.find(muc.DELAY) is not None and mark in view.shown:
                view.shown[mark].text = text  # in the history of a room: as it reads now
        elif mark:
            first[mark] = name
            reply = stanza.find(REPLY)
            answers = view.names.get(reply.get("id", ""), "unknown") if reply is not None else ""
            view.say(mark, text, answers, id, name, address=body(stanza))
    return view


def on_matrix(events: Iterable[Event], user: str) -> View:
    """What an app has of a room; `user` is the Matrix id of whoever is "out"."""
    view = View()
    seen: set[str] = set()
    given: dict[str, tuple[str, str, str]] = {}
    for event in events:
        seen.add(event["event_id"])
        content, side = event["content"], "out" if event["sender"] == user else "back"
        relation = content.get("m.relates_to", {})
        target = relation.get("event_id", "")
        if event["type"] == "m.room.redaction":
            gone = str(event.get("redacts") or content.get("redacts"))
            if gone in given:
                mark, by, emoji = given.pop(gone)
                view.shown[mark].reactions[by].discard(emoji)
            elif gone in view.names:
                view.retract(gone)
        elif event["type"] == "m.reaction" and target in view.names:
            mark = view.names[target]
            if mark in view.shown:
                view.shown[mark].reactions.setdefault(side, set()).add(relation["key"])
                given[event["event_id"]] = (mark, side, relation["key"])
        elif event["type"] == "m.room.message" and relation.get("rel_type") == "m.replace":
            assert target in seen, f"{content} came before its message"
            if target in view.names:  # else it is known to be redacted by now
                view.edit(target, content["m.new_content"]["body"])
        elif event["type"] == "m.room.message" and (mark := mark_in(content.get("body", ""))):
            answered = relation.get("m.in_reply_to", {}).get("event_id", "")
            answers = view.names.get(answered, "unknown") if answered else ""
            view.say(mark, content["body"], answers, event["event_id"], address=content.get("url", ""))
    return view
