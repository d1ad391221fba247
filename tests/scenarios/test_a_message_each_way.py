"""A message from each side, and the receipt that says that it was accepted."""

from tests.scenarios.conftest import Play
from tests.support.xmpp_client import CLIENT, receipt_of


async def test_a_message_each_way(play: Play) -> None:
    await play.met()
    id = play.app.message(f"{play.juliet}/any", "Neither, fair maid & <more>")
    await play.heard("Neither, fair maid & <more>")
    receipt = await play.app.expect(lambda s: receipt_of(s) == id)

    assert (receipt.get("from"), receipt.get("type")) == (f"{play.juliet}/any", "chat")


async def test_a_name_is_told_once(play: Play) -> None:
    await play.met()
    await play.world.says("juliet", play.chat, "again")
    await play.app.text_from(play.juliet)

    nicks = [s.findtext("{http://jabber.org/protocol/nick}nick") for s in play.app.received
             if s.tag == f"{CLIENT}message" and (s.get("from") or "").startswith(play.juliet)]  # fmt: skip
    assert nicks == ["Juliet", None]


async def test_without_a_request_no_receipt_is_sent(play: Play) -> None:
    await play.met()
    play.app.message(play.juliet, "quiet", receipt=False)
    await play.heard("quiet")
    id = play.app.message(play.juliet, "loud")
    await play.app.expect(lambda s: receipt_of(s) == id)

    assert len([s for s in play.app.received if receipt_of(s)]) == 1


async def test_order_is_kept(play: Play) -> None:
    await play.met()
    for number in range(100):
        play.app.message(play.juliet, f"out {number}", receipt=False)
        await play.world.says("juliet", play.chat, f"in {number}")

    assert [await play.app.text_from(play.juliet) for _ in range(100)] == [f"in {number}" for number in range(100)]
    await play.heard("out 99")
    state = await play.world.state(play.chat)
    assert [s.text for s in state.visible if s.text.startswith("out")] == [f"out {number}" for number in range(100)]
