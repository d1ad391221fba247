"""An app that says a message again under the same id, because it heard nothing."""

from tests.scenarios.conftest import Play
from tests.support.xmpp_client import receipt_of


async def test_a_repeat_is_confirmed_again_and_carried_once(play: Play) -> None:
    await play.met()
    for text in ("one", "one", "two"):
        play.app.message(play.juliet, text, id="chosen")
        await play.app.expect(lambda s: receipt_of(s) == "chosen")
    play.app.message(play.juliet, "the end")
    await play.heard("the end")

    state = await play.world.state(play.chat)
    assert [said.text for said in state.visible] == ["Art thou not Romeo?", "one", "two", "the end"]


async def test_repeats_after_a_kill_are_carried_once(play: Play) -> None:
    await play.met()
    id = play.app.message(play.juliet, "once")
    await play.app.expect(lambda s: receipt_of(s) == id)
    play.gateway.kill()
    play.gateway.start()
    play.app.message(play.juliet, "once", id=id)
    play.app.message(play.juliet, "the end")
    await play.heard("the end")

    state = await play.world.state(play.chat)
    assert [said.text for said in state.visible] == ["Art thou not Romeo?", "once", "the end"]
