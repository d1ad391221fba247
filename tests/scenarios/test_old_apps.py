"""An app that announces nothing still gets words for everything; one that knows reactions gets no words for them."""

from typing import Any

import msgspec

from bridge.contract import (
    ChatId,
    Contact,
    ContactId,
    Message,
    MessageId,
    MessageReceived,
    Place,
    Preview,
    Quote,
    Span,
    SpanKind,
    Style,
)
from bridge.testing import files
from bridge.testing.wire import Report
from tests.conftest import ANY_SERVER
from tests.scenarios.conftest import PASSWORD, Play
from tests.support.gateway import MEMORY
from tests.support.xmpp_client import CLIENT, XmppClient, bare, body

pytestmark = ANY_SERVER
INFO, REACTIONS = "{http://jabber.org/protocol/disco#info}query", "urn:xmpp:reactions:0"
MARKUP = "urn:xmpp:markup:0"


async def shows_itself(play: Play, app: XmppClient) -> None:
    """The gateway has asked what the app can do, and has its answer: what comes behind that was answered."""
    app.send(f"<presence to='{play.juliet}'/>")
    await app.expect(lambda s: s.tag == f"{CLIENT}iq" and s.find(INFO) is not None and s.get("type") == "get")
    await app.iq(MEMORY, "get", "<ping xmlns='urn:xmpp:ping'/>")


async def reports(play: Play, id: str, message: Message) -> None:
    event = MessageReceived(
        chat=ChatId(play.chat), id=MessageId(id), sender=Contact(ContactId("juliet"), "Juliet"), at=1_700_000_000.0,
        message=message,
    )  # fmt: skip
    await play.world.do(Report("MessageReceived", msgspec.Raw(msgspec.json.encode(event))))  # type: ignore[arg-type]


async def test_an_app_that_announces_nothing(play: Play) -> None:
    await play.met()
    await shows_itself(play, play.app)
    told = play.world
    first = await told.says("juliet", play.chat, "a rose")
    await play.app.expect(lambda s: body(s) == "a rose")
    await told.edits("juliet", play.chat, first, "a rose, edited")
    await told.reacts("juliet", play.chat, first, "👍", "🌹")
    messages: dict[str, tuple[Message, str]] = {
        "formatted": (Message("sweet", (Span(0, 5, SpanKind.BOLD),)), "*sweet*"),
        "link": (
            Message("here", (Span(0, 4, SpanKind.LINK, "https://example.org/x"),)),
            "here <https://example.org/x>",
        ),
        "emote": (Message("sighs", style=Style.EMOTE), "/me sighs"),
        "reply": (Message("aye", reply_to=MessageId(first), quote=Quote("x")), "> x\naye"),
        "place": (Message("Verona geo:1,2", place=Place(1.0, 2.0)), "Verona geo:1,2"),
        "preview": (
            Message("https://example.org/y", previews=(Preview("https://example.org/y", "Title"),)),
            "https://example.org/y",
        ),
    }
    for id, (message, _) in messages.items():
        await reports(play, id, message)
    reference = await files.have(told, "rose.txt", b"a rose", "text/plain")
    await told.says("juliet", play.chat, "", media=[reference])
    await told.retracts("juliet", play.chat, first)

    await play.app.expect(lambda s: "retracted" in body(s))
    came = [body(s) for s in play.app.received if bare(s) == play.juliet and s.tag == f"{CLIENT}message"]
    expected: list[Any] = [
        "Art thou not Romeo?", "a rose", "a rose, edited", "/me reacted with 👍 🌹 to an earlier message.",
        *(words for _, words in messages.values()),
    ]  # fmt: skip
    assert came[: len(expected)] == expected
    assert came[-2].startswith("http")
    assert came[-1] == "/me retracted an earlier message."
    assert all(came)


async def test_an_app_that_knows_reactions(play: Play) -> None:
    await play.met()
    await shows_itself(play, play.app)
    async with XmppClient(
        play.app.bare, PASSWORD, play.server.c2s_port, resource="new", features=[REACTIONS]
    ) as modern:
        await shows_itself(play, modern)
        said = await play.world.says("juliet", play.chat, "a rose")
        await play.world.reacts("juliet", play.chat, said, "👍")
        reacted = await play.app.expect(lambda s: s.find(f"{{{REACTIONS}}}reactions") is not None)

    assert body(reacted) == ""


async def test_an_app_that_knows_markup(play: Play) -> None:
    """Its body stays plain (XEP-0394); with an app beside it that does not know that, formatting is in the body."""
    await play.met()
    hamlet = Message("sweet sorrow", (Span(0, 5, SpanKind.BOLD), Span(6, 12, SpanKind.CODE)))
    async with XmppClient(play.app.bare, PASSWORD, play.server.c2s_port, resource="new", features=[MARKUP]) as modern:
        await shows_itself(play, modern)
        await reports(play, "plain", hamlet)
        plain = await modern.expect(lambda s: bare(s) == play.juliet and body(s).endswith("sorrow"))
        inner = f"<markup xmlns='{MARKUP}'><span start='0' end='7'><strong/></span></markup>"
        modern.message(play.juliet, "parting is such", inner=inner)
        state = await play.world.until(play.chat, lambda state: state.texts[-1] == "parting is such")
        await shows_itself(play, play.app)
        await reports(play, "styled", hamlet)
        styled = await modern.expect(lambda s: bare(s) == play.juliet and "sorrow" in body(s))

    spans = [(one.get("start"), one.get("end"), one[0].tag) for one in plain.iter(f"{{{MARKUP}}}span")]
    assert body(plain) == "sweet sorrow"
    assert spans == [("0", "5", f"{{{MARKUP}}}strong"), ("6", "12", f"{{{MARKUP}}}code")]
    assert state.visible[-1].spans == [Span(0, 7, SpanKind.BOLD)]
    assert body(styled) == "*sweet* `sorrow`"
