"""Replies, formatting, mentions, spoilers and emotes, both ways, in a direct chat and in a room."""

from dataclasses import dataclass
from xml.etree.ElementTree import Element

from bridge.contract import Span, SpanKind, Style
from bridge.testing.states import Said
from tests.conftest import ANY_SERVER
from tests.scenarios.rooms.conftest import InVerona
from tests.scenarios.rooms.test_bad_changes import Place
from tests.support import muc
from tests.support.views import REPLY, name_of, spoken
from tests.support.xmpp_client import bare, body

SPOILER, UNSTYLED = "{urn:xmpp:spoiler:0}spoiler", "{urn:xmpp:styling:0}unstyled"
REFERENCE = "{urn:xmpp:reference:0}reference"


@dataclass(frozen=True)
class Row:
    """What is written on XMPP is, on the other network, this text with these spans; and the other way round. `beside`
    is what stands beside the body, from an app and from us."""

    name: str
    body: str
    text: str
    spans: tuple[Span, ...] = ()
    style: Style = Style.TEXT
    beside: str = ""
    marked: str = ""  # an element that we write then


LETTERS = "👩\u200d👩\u200d👧 e\u0301 𝒳"
ROWS = [
    Row("plain", "2*3*4 and a_b_c", "2*3*4 and a_b_c"),
    Row("bold, italic, struck", "*b* _i_ ~s~", "b i s", (
        Span(0, 1, SpanKind.BOLD), Span(2, 3, SpanKind.ITALIC), Span(4, 5, SpanKind.STRIKE))),
    Row("code", "use `*x*` so", "use *x* so", (Span(4, 7, SpanKind.CODE),)),
    Row("a code block with its language", "```python\nx = 1\n```", "x = 1", (Span(0, 5, SpanKind.PRE, "python"),)),
    Row("a quotation", "> who?\nI", "who?\nI", (Span(0, 4, SpanKind.QUOTE),)),
    Row("stars that are none", "*x*", "*x*", beside="<unstyled xmlns='urn:xmpp:styling:0'/>", marked=UNSTYLED),
    Row("a spoiler", "They die", "They die", (Span(0, 8, SpanKind.SPOILER, "the end"),),
        beside="<spoiler xmlns='urn:xmpp:spoiler:0'>the end</spoiler>", marked=SPOILER),
    Row("an emote", "/me waves", "waves", style=Style.EMOTE),
    Row("right to left, and letters of several parts", f"*שלום* {LETTERS}", f"שלום {LETTERS}", (
        Span(0, 4, SpanKind.BOLD),)),
]  # fmt: skip


async def last(place: Place, author: str) -> Said:
    return [said for said in (await place.verona.play.world.state(place.chat)).visible if said.author == author][-1]


async def heard(place: Place, text: str) -> Said:
    """What Romeo has just said, on the other network."""
    await place.verona.play.world.until(
        place.chat,
        lambda state: bool(state.visible) and (state.visible[-1].author, state.visible[-1].text) == ("romeo", text),
    )
    return await last(place, "romeo")


async def came(place: Place, text: str) -> Element:
    def fits(stanza: Element) -> bool:
        own = place.kind == "groupchat" and muc.nick(stanza) == "Romeo"
        return bare(stanza) == place.to and not own and bool(body(stanza)) and spoken(stanza) == text

    return await place.verona.app.expect(fits, what=text)


async def each_way(place: Place, row: Row, id: str) -> None:
    escaped = row.body.replace("&", "&amp;").replace(">", "&gt;").replace("<", "&lt;")
    place.send(id, f"<body>{escaped}</body>{row.beside}")
    said = await heard(place, row.text)
    assert (tuple(said.spans), said.style) == (row.spans, row.style), row.name
    await place.verona.play.world.says("juliet", place.chat, row.text, spans=list(row.spans), style=row.style)
    stanza = await came(place, row.body)
    assert (stanza.find(row.marked) is not None) if row.marked else True, row.name


async def reply_each_way(place: Place) -> None:
    asked = await place.verona.play.world.says("juliet", place.chat, "Art thou a Montague?")
    shown = await came(place, "Art thou a Montague?")
    quoted = "> Art thou a Montague?\n"
    mark = (
        f"<fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:reply:0'><body start='0' end='{len(quoted)}'/></fallback>"
    )
    reply = f"<reply xmlns='urn:xmpp:reply:0' id='{name_of(shown)}'/>{mark}"
    place.send(f"reply-{place.kind}", f"<body>&gt; Art thou a Montague?\nNeither</body>{reply}")
    said = await heard(place, "Neither")
    assert said.reply_to == asked
    await place.verona.play.world.says("juliet", place.chat, "How camest thou?", reply_to=said.id)
    answer = await came(place, "How camest thou?")
    named = answer.find(REPLY)
    assert named is not None
    assert named.get("id") in (f"reply-{place.kind}", own_name(place))
    assert body(answer).startswith("> ")


def own_name(place: Place) -> str:
    """What the room calls Romeo's reply."""
    return next((name_of(s) for s in place.verona.app.received if s.get("id") == f"reply-{place.kind}"), "")


@ANY_SERVER
async def test_rows(verona: InVerona) -> None:
    play = verona.play
    await verona.enter()
    await play.world.chat(play.chat, "romeo", "juliet", kind="direct")
    for place in (Place(verona, verona.room, "groupchat", verona.chat), Place(verona, play.juliet, "chat", play.chat)):
        await place.comes("Ay me!")
        for number, row in enumerate(ROWS):
            await each_way(place, row, f"{place.kind}-{number}")
        await reply_each_way(place)
    assert "Traceback" not in play.gateway.log


@ANY_SERVER
async def test_who_is_mentioned_is_meant_on_either_side(verona: InVerona) -> None:
    await verona.enter()
    muc.say(verona.app, verona.room, "Juliet: hark, Nurse", "m1")
    await verona.heard("Juliet: hark, Nurse")
    said = (await verona.play.world.state(verona.chat)).visible[-1]
    mention = Span(0, 5, SpanKind.MENTION, "romeo")
    await verona.play.world.says("juliet", verona.chat, "Romeo: ay", spans=[mention])
    stanza = await muc.said(verona.app, verona.room, "Romeo: ay")

    assert said.spans[0] == Span(0, 6, SpanKind.MENTION, "juliet")
    reference = stanza.find(REFERENCE)
    assert reference is not None
    assert (reference.get("type"), reference.get("begin"), reference.get("end")) == ("mention", "0", "5")
