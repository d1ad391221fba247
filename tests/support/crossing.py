"""What each of three networks shows of one thing that was said or done in a link: found, said, and told apart."""

from typing import Any
from xml.etree.ElementTree import Element

from tests.support import files, muc
from tests.support.botapi.uploads import file_of
from tests.support.files import OOB
from tests.support.matrix_client import Event
from tests.support.threeway import Link, is_said, nick
from tests.support.xmpp_client import body

REPLACE, RETRACT = "{urn:xmpp:message-correct:0}replace", "{urn:xmpp:message-retract:1}retract"
REACTIONS, REACTION = "{urn:xmpp:reactions:0}reactions", "{urn:xmpp:reactions:0}reaction"


async def in_all(link: Link, who: str, wanted: list[bytes]) -> None:
    """These files of one person are in the MUC and on Matrix, in this order, once."""
    await link.stanza(lambda s: len(shared_by(link, who)) >= len(wanted), "files")
    assert [(await files.get(url)).body for url in shared_by(link, who)] == wanted
    names = await link.names()
    await link.event(lambda e: len(images(link, names, who)) >= len(wanted), "files")
    assert [await files.matrix_file(link.world.element, mxc) for mxc in images(link, names, who)] == wanted


def shared_by(link: Link, who: str) -> list[str]:
    urls = [
        s.findtext(f"{OOB}x/{OOB}url", "")
        for s in link.mucs[link.muc].received
        if s.get("from") == f"{link.muc}/{who}" and is_said(s)
    ]
    return [url for url in urls if url]


def images(link: Link, names: Any, who: str) -> list[str]:
    return [
        str(e["content"]["url"])
        for e in link.world.element.events
        if e["room_id"] == link.room and e["content"].get("msgtype") == "m.image" and names.get(e["sender"]) == who
    ]


async def reacted(link: Link, event: Event, wanted: set[tuple[str, str]]) -> None:
    """These, and no others, stand on Matrix in the end."""
    names = await link.names()

    def stand() -> set[tuple[str, str]]:
        here = [e for e in link.world.element.events if e["room_id"] == link.room]
        gone = {redacts(e) for e in here}
        some = [(names.get(e["sender"], ""), e["content"]["m.relates_to"]["key"], e["event_id"])
                for e in here if e["type"] == "m.reaction" and reacts(e, event)]  # fmt: skip
        return {(who, key) for who, key, id in some if id not in gone}

    try:
        await link.world.element.until(lambda app: stand() == wanted, 30)
    except TimeoutError:
        raise TimeoutError(f"instead of {wanted}: {stand()}") from None


def sid(stanza: Element) -> str:
    """What the MUC calls it."""
    found = stanza.find(muc.STANZA_ID)
    assert found is not None, "no stanza-id"
    return found.get("id", "")


def replying(id: str) -> str:
    return f"<reply xmlns='urn:xmpp:reply:0' id='{id}'/>"


def react(link: Link, who: str, id: str, *emoji: str) -> None:
    some = "".join(f"<reaction>{one}</reaction>" for one in emoji)
    link.on_xmpp(
        who, "", inner=f"<reactions xmlns='urn:xmpp:reactions:0' id='{id}'>{some}</reactions>"
        "<store xmlns='urn:xmpp:hints'/>"
    )  # fmt: skip


def has_set(stanza: Element, who: str, id: str, wanted: set[str]) -> bool:
    found = stanza.find(REACTIONS)
    if found is None or nick(stanza) != who or found.get("id") != id:
        return False
    return {(one.text or "").rstrip("\ufe0f") for one in found.iter(REACTION)} == wanted


def corrects(stanza: Element, first: Element, text: str) -> bool:
    found = stanza.find(REPLACE)
    return found is not None and found.get("id") == first.get("id") and body(stanza) == text


def retracts(stanza: Element, first: Element) -> bool:
    found = stanza.find(RETRACT)
    return found is not None and found.get("id") == sid(first)


def answering(event: str) -> dict[str, Any]:
    return {"m.relates_to": {"m.in_reply_to": {"event_id": event}}}


def within(event: str) -> dict[str, Any]:
    return {"rel_type": "m.thread", "event_id": event, "is_falling_back": True, "m.in_reply_to": {"event_id": event}}


def mention(user: str, name: str, rest: str) -> dict[str, Any]:
    pill = f"<a href='https://matrix.to/#/{user}'>{name}</a>{rest}"
    return {
        "m.mentions": {"user_ids": [user]}, "format": "org.matrix.custom.html", "formatted_body": pill,
    }  # fmt: skip


async def redact(link: Link, who: str, event: str) -> None:
    await link.world.elements[who].redact(link.room, event)


async def annotate(link: Link, who: str, event: str, emoji: str) -> str:
    relation = {"rel_type": "m.annotation", "event_id": event, "key": emoji}
    return await link.world.elements[who].send_event(link.room, {"m.relates_to": relation}, kind="m.reaction")


def edits(event: Event, first: Event, text: str) -> bool:
    content = event["content"]
    relation = content.get("m.relates_to", {})
    return bool(
        relation.get("rel_type") == "m.replace"
        and relation.get("event_id") == first["event_id"]
        and event["sender"] == first["sender"]
        and content["m.new_content"]["body"] == text
    )


def redacts(event: Event) -> str:
    gone = event["type"] == "m.room.redaction"
    return str(event.get("redacts") or event["content"].get("redacts")) if gone else ""


def reacts(event: Event, target: Event, emoji: str = "") -> bool:
    relation = event["content"].get("m.relates_to", {})
    return bool(
        event["type"] == "m.reaction"
        and relation.get("event_id") == target["event_id"]
        and relation["key"].rstrip("\ufe0f").startswith(emoji)
    )


def pictures(link: Link) -> list[bytes]:
    """The bot's files in the group."""
    held = [file_of(s.content) for s in link.group.visible if s.author is link.world.bot]
    return [one.data for one in held if one is not None]
