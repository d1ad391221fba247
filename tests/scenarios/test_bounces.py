"""What the XMPP server refuses comes back to the account's user or the author."""

from tests.scenarios.conftest import PASSWORD, Play
from tests.support import commands
from tests.support.gateway import MEMORY
from tests.support.xmpp_client import XmppClient, error_of


async def test_a_message_to_nobody_is_an_error_with_a_sentence(play: Play) -> None:
    await play.log_in()
    id = play.app.message(f"rosaline@{MEMORY}", "hello?")
    stanza = await play.app.expect(lambda s: s.get("id") == id and s.get("type") == "error")

    condition, text = error_of(stanza)
    assert condition == "item-not-found"
    assert text.endswith(".")
    assert stanza.get("from") == f"rosaline@{MEMORY}"


async def test_a_user_who_is_gone_harms_nobody(play: Play) -> None:
    """Messages for an XMPP user whose server refuses them are given up; another's arrive."""
    await play.met()
    gone = play.server.add_user(f"gone-{play.app.bare.partition('@')[0]}"[:60], PASSWORD)
    await play.world.account("gone", password=PASSWORD, name="Gone")
    async with XmppClient(gone, PASSWORD, play.server.c2s_port) as app:
        step = await commands.execute(app, MEMORY, "login", {"username": "gone", "password": PASSWORD})
        assert step.status == "completed", step
        await play.world.chat("gone-chat", "gone", "nurse", kind="direct")
    play.server.remove_user(gone)
    await play.world.says("nurse", "gone-chat", "are you there?")
    await play.world.says("juliet", play.chat, "I am here")

    assert await play.app.text_from(play.juliet) == "I am here"
    assert play.gateway.readiness()["networks"]["xmpp"]["connected"]
