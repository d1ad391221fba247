"""Without privileges (XEP-0356) what Romeo writes in another app of his stays there, and everything else goes on."""

from tests.scenarios.conftest import Play
from tests.support.xmpp_client import receipt_of


async def test_what_one_writes_elsewhere_is_not_shown_and_holds_nothing_up(play: Play) -> None:
    await play.met()
    own = await play.world.says("romeo", play.chat, "a rose")
    await play.world.edits("romeo", play.chat, own, "a rose, edited")
    await play.world.says("juliet", play.chat, "By whose direction?")
    assert await play.app.text_from(play.juliet) == "By whose direction?"
    id = play.app.message(play.juliet, "By love")
    await play.app.expect(lambda s: receipt_of(s) == id)

    assert [s for s in play.app.received if any("rose" in text for text in s.itertext())] == []
