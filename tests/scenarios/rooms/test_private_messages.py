"""What is written to one person of a room goes into the direct chat with them (XEP-0045 #privatemessage)."""

from tests.conftest import ANY_SERVER
from tests.scenarios.rooms.conftest import InVerona
from tests.support.xmpp_client import error_of

pytestmark = ANY_SERVER


def whisper(verona: InVerona, nick: str, text: str, id: str) -> None:
    inner = f"<body>{text}</body><x xmlns='http://jabber.org/protocol/muc#user'/><request xmlns='urn:xmpp:receipts'/>"
    verona.app.send(f"<message type='chat' id='{id}' to='{verona.room}/{nick}'>{inner}</message>")


async def test_it_goes_to_them_alone_and_they_answer_from_their_own_address(verona: InVerona) -> None:
    play = verona.play
    await verona.enter()
    whisper(verona, "Juliet", "But soft!", "w1")

    chat = "dm.romeo.juliet"
    await play.world.until(chat, lambda state: state.texts == ["But soft!"])
    receipt = await verona.app.expect(lambda s: s.find("{urn:xmpp:receipts}received") is not None)
    assert receipt.get("from") == f"{verona.room}/Juliet"
    await play.world.says("juliet", chat, "Who's there?")
    assert await verona.app.text_from(play.juliet) == "Who's there?"
    assert (await play.world.state(verona.chat)).texts == []


async def test_who_cannot_be_written_to_is_said(verona: InVerona) -> None:
    entered = await verona.enter()
    for nick, condition in ((entered.nick, "not-acceptable"), ("Nobody", "item-not-found")):
        whisper(verona, nick, "Psst", f"w-{condition}")
        answer = await verona.app.expect(lambda s, id=f"w-{condition}": s.get("id") == id)  # type: ignore[misc]
        assert error_of(answer)[0] == condition


async def test_a_direct_invitation_is_one_on_the_network(verona: InVerona) -> None:
    await verona.enter()
    await verona.play.world.people("mercutio")
    asked = f"<x xmlns='jabber:x:conference' jid='{verona.room}' reason='Come'/>"
    mercutio = verona.play.juliet.replace("juliet", "mercutio")
    verona.app.send(f"<message id='i1' to='{mercutio}'>{asked}<body>Come in</body></message>")

    await verona.play.world.until(verona.chat, lambda state: state.invited == ["mercutio"])
    verona.app.send(f"<message id='i2' to='{mercutio.replace('mercutio', 'tybalt')}'>{asked}</message>")
    assert error_of(await verona.app.expect(lambda s: s.get("id") == "i2"))[0] == "item-not-found"
