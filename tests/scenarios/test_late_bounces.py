"""What an app refuses after the server had taken it: the account's user hears of it."""

from tests.scenarios.conftest import Play
from tests.support.gateway import MEMORY
from tests.support.xmpp_client import CLIENT


async def test_an_error_that_comes_late_reaches_the_user(play: Play) -> None:
    await play.met()
    message = next(s for s in play.app.received if s.findtext(f"{CLIENT}body") == "Art thou not Romeo?")
    play.app.send(
        f"<message type='error' to='{play.juliet}' id='{message.get('id')}'><error type='wait'>"
        "<resource-constraint xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>"
        "<text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>The disk is full.</text></error></message>"
    )

    assert await play.app.text_from(MEMORY) == (
        "A message from Juliet could not be delivered to your XMPP app: The disk is full. "
        "You can still read it in another Memory app."
    )


async def test_errors_for_what_was_never_sent_are_ignored(play: Play) -> None:
    await play.met()
    for to in (play.juliet, MEMORY, f"unknown@{MEMORY}", f"{play.juliet}/any"):
        for id in ("guessed", ""):
            play.app.send(f"<message type='error' to='{to}' id='{id}'><error type='cancel'/></message>")
            play.app.send(f"<message type='error' to='{to}' id='{id}'/>")
    reply = await play.ask("status")

    assert reply.startswith("Your accounts on Memory:")
    assert [s for s in play.app.received if s.tag == f"{CLIENT}message" and s.get("type") == "error"] == []
