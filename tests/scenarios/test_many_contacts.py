"""A user with 500 contacts: none asks for anything, each app hears of each once, and a logout ends it all."""

from collections import Counter

from tests.conftest import ANY_SERVER
from tests.scenarios.conftest import Play
from tests.scenarios.test_subscriptions import PRESENCE, presence, presence_of, subscriptions, with_roster
from tests.support.gateway import MEMORY
from tests.support.xmpp_client import XmppClient, bare

pytestmark = ANY_SERVER
CONTACTS = 500
SECONDS = 90.0


async def with_contacts(play: Play) -> list[str]:
    """Romeo's account has direct chats with this many people; their JIDs."""
    for number in range(CONTACTS):
        await play.world.chat(f"with p{number}", "romeo", f"p{number}", kind="direct")
    return [f"p{number}@{MEMORY}" for number in range(CONTACTS)]


def shown(app: XmppClient, kind: str | None = None, since: int = 0) -> Counter[str]:
    """How many presences of a kind (None: of who is there) an app got, by contact."""
    came = [bare(s) for s in app.received[since:] if s.tag == PRESENCE and s.get("type") == kind]
    return Counter(jid for jid in came if jid.endswith(f"@{MEMORY}"))


async def all_shown(app: XmppClient, jids: list[str], kind: str | None = None) -> None:
    for jid in jids:
        await app.expect(
            lambda s, jid=jid: s.tag == PRESENCE and bare(s) == jid and s.get("type") == kind, SECONDS,
            f"presence {kind} of {jid}", again=True,
        )  # fmt: skip


async def speaks(play: Play, text: str) -> None:
    """The last contact says something, which comes after everything that the login brought."""
    await play.world.people(f"p{CONTACTS - 1}")
    await play.world.says(f"p{CONTACTS - 1}", f"with p{CONTACTS - 1}", text)
    assert await play.app.text_from(f"p{CONTACTS - 1}@{MEMORY}", SECONDS) == text


async def test_five_hundred_contacts_ask_for_nothing_and_are_shown_once(play: Play) -> None:
    app = await with_roster(play)
    jids = await with_contacts(play)
    app.send(presence("subscribe", MEMORY))
    await presence_of(app, MEMORY)
    await play.log_in()
    await speaks(play, "Good morrow")
    assert (shown(app), shown(app, "subscribe")) == ({}, {})

    for jid in jids:
        app.send(presence("subscribe", jid))
    await all_shown(app, jids)
    async with play.on_stage("romeo") as other:
        await all_shown(other, jids)
        await other.iq(jids[-1], "get", "<ping xmlns='urn:xmpp:ping'/>")
        for one in (app, other):
            assert shown(one) == dict.fromkeys(jids, 1)
            assert shown(one, "subscribe") == {}

    app.message(MEMORY, "logout", receipt=False)
    await all_shown(app, jids, "unsubscribed")
    assert await subscriptions(app) == {MEMORY: "to", **dict.fromkeys(jids, "none")}
    since = len(app.received)
    await play.log_in()
    await speaks(play, "Good night")
    assert (shown(app, since=since), shown(app, "subscribe")) == ({}, {})
