"""How far a user has read is shown by their account in the end: the latest, also after a restart."""

from dataclasses import replace
from pathlib import Path

from bridge.contract import Capabilities, Contact, ContactId, MarkRead, MessageId, ReadUpTo, Send, Unavailable
from bridge.store.database import Database
from tests.support.house import FAR, House, PlainHome, at_home, house
from tests.support.little import ALL, LittleNetwork

ROMEO, JULIET = "romeo@home", "@juliet"


def marking() -> Capabilities:
    return Capabilities(actions=ALL | {MarkRead}, idempotent=True, echoes=True)


async def test_the_latest_mark_of_an_account_that_is_away_outlives_a_restart(
    database: Database, tmp_path: Path
) -> None:
    xmpp = LittleNetwork("xmpp", replace(at_home(), actions=ALL | {MarkRead}))
    async with house(database, tmp_path, xmpp=xmpp, far=LittleNetwork("far", marking())) as home:
        account = await home.account(ROMEO, "@romeo")
        home.direct(account, "!balcony", JULIET)
        for number in range(3):
            home.says(account, "!balcony", JULIET, f"text {number}", f"${number}")
        shown = await home.xmpp.until(3, Send)
        home.far.raises = lambda action: Unavailable("Away.") if isinstance(action, MarkRead) else None
        for one in shown[:2]:
            reads(home, one.key)
        await home.until_rows("SELECT target FROM read_marks", [("$1",)])

        await home.stop()
        home.far.raises = lambda action: None
        await home.start()
        await home.far.until(1, MarkRead)
        await home.until_rows("SELECT target FROM read_marks", [])

    assert [(one.chat, one.target.ids) for one in home.far.actions(MarkRead)] == [("!balcony", ("$1",))]


def reads(home: House, key: str) -> None:
    """Romeo has read up to there, in his XMPP app."""
    home.xmpp.report(
        home.home_account,
        ReadUpTo(
            chat=PlainHome().direct_chat(ROMEO, FAR, ContactId(JULIET)), sender=Contact(ContactId(ROMEO)),
            target=MessageId(key),
        ),
    )  # fmt: skip
