"""One person on Telegram who talks with several users by the operator's bot: names before what is said, choosing by
buttons and by replies, each message to exactly one; ending it; all of it also after the gateway was killed."""

from pathlib import Path

from tests.conftest import ANY_SERVER
from tests.scenarios.telegram.hosting import Hosted, hosted
from tests.support import commands
from tests.support.botapi import buttons
from tests.support.botapi.links import starts
from tests.support.botapi.state import Said
from tests.support.gateway import TELEGRAM
from tests.support.xmpp_client import XmppClient, bare, body, error_of
from tests.support.xmpp_servers import XmppServer

REACTIONS = "{urn:xmpp:reactions:0}reactions"
REPLACE = "{urn:xmpp:message-correct:0}replace"


def heard(app: XmppClient, play: Hosted) -> list[str]:
    """What Juliet has said to a user."""
    return [body(s) for s in app.received if bare(s) == play.address() and body(s)]


def name(app: XmppClient) -> str:
    return app.bare.partition("@")[0]


async def taps(play: Hosted, said: Said, text: str) -> str:
    """What is shown to Juliet when she has tapped a button."""
    id = buttons.taps(play.world, play.juliet, play.chat, said, text)
    await play.world.until(lambda: id in play.api.answered)
    return play.api.answered[id]


@ANY_SERVER
async def test_one_person_and_several_users(server: XmppServer, tmp_path: Path) -> None:
    async with hosted(server, tmp_path, "romeo", "nurse") as play:
        romeo, nurse, world, juliet, chat = play.apps["romeo"], play.apps["nurse"], play.world, play.juliet, play.chat
        await play.meets(romeo)
        alone = romeo.message(play.address(), "Alone")
        first = await play.told("^Alone$")
        to_romeo = await play.says("To Romeo")
        assert await romeo.text_from(play.address()) == "To Romeo"
        met = await play.meets(nurse)
        assert "Names stand before what people say" in met.text
        assert buttons.texts(met) == [f"Write to {name(romeo)}", f"Write to {name(nurse)}"]

        # The newest one is chosen; everything says whose it is.
        await play.says("To Nurse")
        assert await nurse.text_from(play.address()) == "To Nurse"
        romeo.message(play.address(), "O, speak again")
        spoken = await play.told(f"^{name(romeo)}: O, speak again$")
        assert buttons.texts(spoken) == [f"Write to {name(romeo)}"]
        nurse.message(play.address(), "Madam!")
        called = await play.told(f"^{name(nurse)}: Madam!$")
        assert buttons.texts(called) == []
        long = "far " * 1_500
        romeo.message(play.address(), long)
        await world.until(lambda: sum(s.text.startswith(f"{name(romeo)}: far") for s in chat.visible) == 2)

        # Somebody else has spoken last: Juliet is told to whom it went.
        unsure = await play.says("By and by, I come")
        assert await nurse.text_from(play.address()) == "By and by, I come"
        went = await play.told(f"^That went to {name(nurse)}.$", after=unsure)
        assert buttons.texts(went) == [f"Write to {name(romeo)}"]

        # By a button, by a reply; and each thing goes where its message went.
        assert await taps(play, went, f"Write to {name(romeo)}") == f"You write to {name(romeo)} now."
        await play.told(f"^You write to {name(romeo)} now.$", after=went)
        await play.says("Three words, dear Romeo")
        assert await romeo.text_from(play.address()) == "Three words, dear Romeo"
        reply = await play.says("I come, anon", reply_to=called)
        answer = await nurse.expect(lambda s: body(s).endswith("I come, anon"))
        assert answer.find("{urn:xmpp:reply:0}reply") is not None
        await play.told(f"^You write to {name(nurse)} now.$", after=reply)
        world.edits(to_romeo, chat, "To my Romeo")
        assert body(await romeo.expect(lambda s: s.find(REPLACE) is not None)) == "To my Romeo"
        world.reacts(juliet, chat, first, "❤")
        reacted = await romeo.expect(lambda s: s.find(REACTIONS) is not None)
        assert reacted.find(REACTIONS).get("id") == alone  # type: ignore[union-attr]
        romeo.message(play.address(), "Alone at last", id="r2")
        await play.told(f"^{name(romeo)}: Alone at last$")
        romeo.message(
            play.address(), "All alone", inner="<replace xmlns='urn:xmpp:message-correct:0' id='r2'/>", receipt=False
        )
        await play.told(f"^{name(romeo)}: All alone$")

        # Whatever a hostile program says of buttons means nothing.
        for data in ("to:99", "stop:99", "to:-1", "nonsense", "to:1" + "0" * 60, "stop:", "to:١"):
            id = buttons.taps(world, juliet, chat, went, "", data=data)
            await world.until(lambda id=id: id in play.api.answered)  # type: ignore[misc]
            assert "not good any more" in play.api.answered[id]
        tybalt = world.person("Tybalt")
        id = buttons.taps(world, tybalt, chat, went, "", data="stop:0")
        await world.until(lambda: id in play.api.answered)
        assert "not good any more" in play.api.answered[id]

        # It is all the same after kill -9.
        await play.restarts(kill=True)
        await play.says("Still to Nurse")
        assert await nurse.text_from(play.address()) == "Still to Nurse"
        await play.says("A reply from before", reply_to=spoken)
        assert "A reply from before" in body(await romeo.expect(lambda s: "from before" in body(s)))
        world.edits(unsure, chat, "By and by, I come soon")
        assert body(await nurse.expect(lambda s: s.find(REPLACE) is not None)) == "By and by, I come soon"

        # Opting out, and back; ending it with one of them, and with all.
        out = await play.says("/optout")
        await play.told("nobody reaches you", after=out)
        for app in (romeo, nurse):
            assert "opted out" in await app.text_from(play.address())
            refused = app.message(play.address(), "Hear me")
            error = await app.expect(lambda s, refused=refused: s.get("id") == refused and s.get("type") == "error")  # type: ignore[misc]
            assert error_of(error)[0] == "forbidden"
        assert play.opted_out() == [str(juliet.id)]
        silent = await play.says("Does anybody hear me?")
        await play.told("You have opted out", after=silent)
        back = starts(world, juliet, play.bot)
        await play.told("You talk with 2 people here", after=back)
        for app in (romeo, nurse):
            assert await app.text_from(play.address()) == "can be written to again."

        assert play.opted_out() == []
        stop = await play.says("/stop")
        which = await play.told("With whom do you not", after=stop)
        labels = [f"Not with {name(romeo)}", f"Not with {name(nurse)}", "Everybody"]
        assert buttons.texts(which) == labels
        assert await taps(play, which, labels[0]) == f"You do not talk with {name(romeo)} any more."
        assert "only be reached by a new invitation" in await romeo.text_from(play.address())
        gone = romeo.message(play.address(), "Stay!")
        error = await romeo.expect(lambda s: s.get("id") == gone and s.get("type") == "error")
        assert error_of(error)[0] == "item-not-found"
        stale = await play.says("Too late", reply_to=spoken)
        await play.told("You do not talk with them any more", after=stale)
        await play.says("Only to Nurse")
        assert await nurse.text_from(play.address()) == "Only to Nurse"
        nurse.message(play.address(), "No names any more")
        await play.told("^No names any more$")

        step = await commands.execute(nurse, TELEGRAM, "logout")
        assert step.status == "completed", step
        await play.told(f"{name(nurse)} does not talk with you by this bot any more")
        nobody = await play.says("Is anybody there?")
        await play.told("You talk with nobody", after=nobody)
        back = await play.meets(nurse)
        await play.says("There again")
        assert await nurse.text_from(play.address()) == "There again"

        assert not {"To Nurse", "By and by, I come", "Still to Nurse", "Too late"} & set(heard(romeo, play))
        assert not {"To Romeo", "Three words, dear Romeo", "Too late"} & set(heard(nurse, play))
        assert "Does anybody hear me?" not in heard(romeo, play) + heard(nurse, play)
        assert all(text.count("To Nurse") <= 1 for text in heard(nurse, play))
