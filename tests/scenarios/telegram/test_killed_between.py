"""kill -9 while somebody follows invitations of two users and writes to both: each is followed once, each message
reaches the one whom it is for and nobody else, and who was chosen stays so."""

import asyncio
import random
from pathlib import Path

from tests.conftest import ANY_SERVER, FULL
from tests.scenarios.telegram.hosting import ACCEPTED, Hosted, hosted
from tests.support.botapi import buttons
from tests.support.botapi.links import follows
from tests.support.botapi.state import Said
from tests.support.xmpp_client import XmppClient, bare, shown
from tests.support.xmpp_servers import XmppServer

ROUNDS = 10 if FULL else 3


def texts(app: XmppClient, play: Hosted) -> list[str]:
    """What Juliet has said to a user; what came again under the same id once. Replies quote what they answer."""
    at_once, kept = shown(s for s in app.received if bare(s) == play.address())
    return [text.splitlines()[-1] for text in [*at_once, *kept]]


async def killed_soon(play: Hosted, chance: random.Random) -> None:
    await asyncio.sleep(chance.uniform(0.0, 0.4))  # where it is killed is the point
    await play.restarts(kill=True)


@ANY_SERVER
async def test_what_is_said_while_we_are_killed_reaches_the_right_one_once(server: XmppServer, tmp_path: Path) -> None:
    seed = random.randrange(1_000_000)
    print(f"seed {seed}")
    chance = random.Random(seed)
    async with hosted(server, tmp_path, "romeo", "nurse") as play:
        romeo, nurse, world, juliet, chat = play.apps["romeo"], play.apps["nurse"], play.world, play.juliet, play.chat
        links = {app: await play.link(app) for app in (romeo, nurse)}
        wanted: dict[XmppClient, list[str]] = {romeo: [], nurse: []}
        chosen, count = romeo, 0

        def says(reply_to: Said | None = None) -> None:
            nonlocal count
            count += 1
            wanted[chosen].append(f"number {count}")
            world.says(juliet, chat, f"number {count}", reply_to=reply_to)

        for app in (romeo, nurse):
            chosen = app
            follows(world, juliet, links[app])
            wanted[app].append(ACCEPTED)
            for _ in range(5):
                says()
        await killed_soon(play, chance)
        await play.polls()

        for number in range(ROUNDS):
            spoken = {}
            for app in (romeo, nurse):
                app.message(play.address(), f"answer {number} of {app.bare}")
                spoken[app] = await play.told(f"answer {number} of {app.bare}")
            for _ in range(20):
                other = chance.choice((romeo, nurse))
                if chance.random() < 0.4:
                    chosen = other
                    says(spoken[other])
                else:
                    says()
            await killed_soon(play, chance)
            await play.polls()
            overview = world.says(juliet, chat, "/start")
            said = await play.told("You talk with 2 people here", after=overview)
            assert said.text.endswith(f"You write to {chosen.bare.partition('@')[0]}.")
            chosen = nurse if chosen is romeo else romeo
            label = f"Write to {chosen.bare.partition('@')[0]}"
            id = buttons.taps(world, juliet, chat, said, label)
            await world.until(lambda id=id: id in play.api.answered)  # type: ignore[misc]
            says()
        for app, expected in wanted.items():
            await app.expect(lambda s: bool(s.findtext("{jabber:client}body")), again=True)
            async with asyncio.timeout(30):
                while len(texts(app, play)) < len(expected):
                    await app.expect(lambda s: bare(s) == play.address(), 30)
            assert texts(app, play) == expected
