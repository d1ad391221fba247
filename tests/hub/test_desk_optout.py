"""`optout`: what the desk says and keeps, and who may."""

from bridge.contract import NetworkId
from bridge.hub.facades import Caller
from tests.support.asking import EVE, NETWORK, ROMEO, Scene

XMPP = NetworkId("xmpp")


async def said(scene: Scene, caller: Caller, given: dict[str, str]) -> str:
    turn = await scene.desk.begin(caller, "optout", given)
    assert turn.form is None, turn
    return turn.text


async def test_opting_out_and_in_again_is_kept(at_desk: Scene) -> None:
    assert at_desk.people is not None
    opt_outs = at_desk.people.choices.opt_outs
    told: list[tuple[str, str, bool]] = []
    opt_outs.watch(lambda *changed: told.append(changed))

    text = await said(at_desk, ROMEO, {"out": "on"})
    assert text.startswith("You have opted out: what you write in rooms that are linked is carried nowhere")
    assert text.endswith("Send `optout off` if you change your mind.")
    await said(at_desk, ROMEO, {"out": "on"})
    await at_desk.people.load()  # as after a start
    assert opt_outs.opted_out("xmpp", ROMEO.user)
    assert "You have opted out" in (await at_desk.desk.begin(ROMEO, "status", {})).text

    turn = await at_desk.desk.begin(ROMEO, "optout", {})
    assert turn.form is not None
    assert "You have opted out" in turn.text
    turn = await at_desk.desk.answer(ROMEO, turn.dialogue, {"out": "off"})
    assert turn.text.startswith("You have not opted out")
    assert told == [("xmpp", ROMEO.user, True), ("xmpp", ROMEO.user, False)]
    assert "opted out" not in (await at_desk.desk.begin(ROMEO, "status", {})).text


async def test_who_may_not_use_the_gateway_may_still_opt_out(at_desk: Scene) -> None:
    assert at_desk.people is not None
    assert [verb.name for verb in at_desk.desk.verbs(EVE)] == ["help", "optout"]

    turn = await at_desk.desk.begin(EVE, "optout", {})
    assert turn.form is not None
    assert (await at_desk.desk.answer(EVE, turn.dialogue, {"out": "on"})).text.startswith("You have opted out")
    assert at_desk.people.choices.opt_outs.opted_out("xmpp", EVE.user)
    assert (await at_desk.desk.begin(EVE, "status", {})).text == (
        "You may not use this gateway. Its operator can allow it."
    )


async def test_one_hostile_server_cannot_opt_out_without_end(at_desk: Scene) -> None:
    answers = [await said(at_desk, Caller(f"eve{n}@evil.example", NETWORK), {"out": "on"}) for n in range(101)]

    assert all(text.startswith("You have opted out") for text in answers[:100])
    assert answers[100].startswith("Those are too many commands.")
    assert (await said(at_desk, Caller("eve@other.example", NETWORK), {"out": "on"})).startswith("You have opted out")
    assert (await said(at_desk, ROMEO, {"out": "on"})).startswith("You have opted out")
