"""What was not delivered is listed without words, shown with them, tried again, put away; beside a hub and without."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bridge.contract import (
    Action,
    ChatId,
    Confirm,
    Contact,
    ContactId,
    DeliveryFailed,
    Fail,
    Message,
    MessageEdited,
    MessageId,
    MessageReceived,
    Reason,
    Refused,
    Send,
    Unavailable,
    Unparsable,
)
from bridge.hub.desk.departure import Departure
from bridge.hub.engines import Resting, Running
from bridge.hub.limits import Limits
from bridge.hub.operator import Operator
from bridge.hub.workspace import Workspaces
from bridge.store.aside import add_dead_letter
from bridge.store.database import Database
from bridge.store.secrets import Secrets
from tests.support.asking import HandClock, NoHttp, Switchboard
from tests.support.house import House, PlainHome, house

WORDS = "but soft, what light"


@pytest.fixture
async def home(database: Database, tmp_path: Path) -> AsyncIterator[House]:
    async with house(database, tmp_path, limits=Limits(backoff_max=0.1)) as made:
        await made.account("romeo", "r")
        yield made


def operator(home: House) -> Operator:
    """Beside the hub, if one runs."""
    database = home.database
    engine = Running(home.hub) if home.hub is not None else Resting(database)
    secrets = Secrets.load(home.folder / "key")
    workspaces = Workspaces(database, NoHttp(), HandClock(), home.folder, {})
    return Operator(Departure(database, secrets, Switchboard(), workspaces, {}), engine)


async def failed(home: House, error: Exception, answers: int = 1) -> str:
    """Romeo's message to Juliet fails; what it is called."""
    home.far.raises = lambda action: error
    home.writes("romeo", "j", WORDS)
    await home.xmpp.until(answers, Fail)
    home.far.raises = lambda action: None
    [line] = (await operator(home).dead()).lines
    return line.id


async def test_a_refused_delivery_is_listed_without_words_and_shown_with_them(home: House) -> None:
    identity = await failed(home, Refused("Juliet has blocked you.", Reason.FORBIDDEN))

    [line] = (await operator(home).dead()).lines
    shown = dict(await operator(home).show(identity))

    assert (line.network, line.chat, line.why) == (
        "far", "direct-j", "refused: forbidden. Juliet has blocked you."
    )  # fmt: skip
    assert WORDS not in repr(line)
    assert WORDS in shown["event"]
    assert (shown["kind"], shown["author"], shown["performed by"]) == ("message", "romeo on xmpp", "account 2, r")
    assert shown["somebody was told"] == "yes"


@pytest.mark.parametrize("error", [Refused("No."), RuntimeError("a bug")])
async def test_what_is_tried_again_arrives_and_its_author_hears_so(home: House, error: Exception) -> None:
    identity = await failed(home, error)

    said = await operator(home).retry(identity)

    [sent] = await home.far.until(1, Send)
    assert (said.ok, said.text) == (True, f"{identity} is owed again, as a whole.")
    assert sent.message.text == WORDS
    await home.xmpp.until(1, Confirm)
    assert (await operator(home).dead()).lines == ()
    assert not (await operator(home).retry(identity)).ok


async def test_what_is_tried_again_has_all_the_patience_anew(home: House) -> None:
    identity = await failed(home, Refused("No."))
    await home.stop()
    await home.database.write(lambda c: c.exec_driver_sql("UPDATE events SET at = 1"))
    await home.database.write(lambda c: c.exec_driver_sql("UPDATE deliveries SET at = 1"))
    await operator(home).retry(identity)
    troubles = [Unavailable("Not now.")]
    home.far.raises = lambda action: troubles.pop() if troubles else None

    await home.start()

    assert [s.message.text for s in await home.far.until(1, Send)] == [WORDS]
    assert troubles == []


async def test_without_a_hub_it_is_tried_again_at_the_next_start(home: House) -> None:
    identity = await failed(home, Refused("No."))
    await home.stop()

    said = await operator(home).retry(identity)
    assert said.ok
    assert home.far.actions(Send) == []

    await home.start()
    assert [s.message.text for s in await home.far.until(1, Send)] == [WORDS]


async def test_what_waits_for_a_login_is_said_so(home: House) -> None:
    identity = await failed(home, Refused("No."))
    await home.database.write(lambda c: c.exec_driver_sql("UPDATE accounts SET state = 'logged_out'"))

    said = await operator(home).retry(identity)

    assert said.text.endswith(" It waits until romeo logs in again as r.")


async def test_what_bounced_is_sent_again_although_it_had_a_name_there(home: House) -> None:
    assert home.hub is not None
    home.direct(2, "direct-j", "j")
    home.says(2, "direct-j", "j", WORDS, "1")
    [sent] = await home.xmpp.until(1, Send)
    await home.hub.writer.drained()
    chat = PlainHome().direct_chat("romeo", "far", ContactId("j"))  # type: ignore[arg-type]
    home.xmpp.report(
        home.home_account,
        DeliveryFailed(chat=chat, target=MessageId("xmpp-1"), reason=Reason.SERVICE, text="It came back."),
    )
    await home.xmpp.until(2, Send)  # Romeo is told
    [line] = (await operator(home).dead()).lines

    assert (await operator(home).retry(line.id)).ok

    again = (await home.xmpp.until(3, Send))[-1]
    assert (again.message.text, again.key) == (WORDS, sent.key)
    await home.hub.writer.drained()
    assert (await operator(home).dead()).lines == ()


async def test_an_edit_that_was_refused_is_tried_again_as_an_edit(home: House) -> None:
    home.writes("romeo", "j", WORDS)
    await home.far.until(1, Send)
    await home.xmpp.until(1, Confirm)
    home.far.raises = lambda action: Refused("Too late.")
    edit = MessageEdited(
        chat=PlainHome().direct_chat("romeo", "far", ContactId("j")),  # type: ignore[arg-type]
        id=MessageId("2"), sender=Contact(ContactId("romeo")), at=1.0, target=MessageId("1"), message=Message("else"),
        origin="romeo/app 2",
    )  # fmt: skip
    home.xmpp.report(home.home_account, edit)
    await home.xmpp.until(1, Fail)
    home.far.raises = lambda action: None
    [line] = (await operator(home).dead()).lines

    await operator(home).retry(line.id)

    await home.far.until(2)
    assert [type(action).__name__ for action in home.far.actions(Action)] == ["Send", "Edit"]


async def test_what_is_put_away_is_gone_and_says_no_again(home: House) -> None:
    identity = await failed(home, Refused("Juliet has blocked you."))

    said = await operator(home).drop(identity)

    assert (said.ok, said.text) == (True, f"{identity} is removed.")
    assert (await operator(home).dead()).lines == ()
    assert await operator(home).show(identity) == []
    assert not (await operator(home).drop(identity)).ok
    home.writes("romeo", "j", WORDS)
    assert [a.text for a in await home.xmpp.until(2, Fail)] == ["Juliet has blocked you."] * 2


async def letter(home: House, raw: str, account: int = 2) -> str:
    await home.database.write(lambda c: add_dead_letter(c, "far", account, "room", "MessageReceived: DataError", raw))
    return (await operator(home).dead()).lines[-1].id


def broken_then() -> MessageReceived:
    """An event that broke the journal of an older program."""
    return MessageReceived(
        chat=ChatId("direct-j"), id=MessageId("1"), sender=Contact(ContactId("j"), "Juliet"), at=1.0,
        message=Message(WORDS),
    )  # fmt: skip


async def test_an_event_that_broke_the_journal_is_taken_in_again(home: House) -> None:
    assert home.hub is not None
    home.direct(2, "direct-j", "j")
    identity = await letter(home, home.hub.letters.pack(broken_then()))
    assert WORDS not in repr(await operator(home).dead())

    said = await operator(home).retry(identity)

    assert (said.ok, said.text) == (True, f"{identity} was taken in, as if it had just come.")
    assert [s.message.text for s in await home.xmpp.until(1, Send)] == [WORDS]
    assert (await operator(home).dead()).lines == ()


async def test_what_could_not_be_parsed_can_only_be_removed(home: House) -> None:
    home.far.report(2, Unparsable(source="room", reason="no type", raw='{"x": 1}'))
    while not (lines := (await operator(home).dead()).lines):
        await asyncio.sleep(0)

    said = await operator(home).retry(lines[0].id)

    assert not said.ok
    assert "only what was understood, and broke the journal, is kept so that it can be" in said.text
    assert dict(await operator(home).show(lines[0].id))["raw"] == '{"x": 1}'
    assert (await operator(home).drop(lines[0].id)).ok
    assert (await operator(home).dead()).lines == ()


async def test_nothing_from_outside_passes_for_an_event(home: House) -> None:
    assert home.hub is not None
    seal, rest = home.hub.letters.pack(broken_then()).split(" ", 1)
    for raw in (rest, f"{'0' * 64} {rest}", f"{seal} {rest.replace('light', 'night')}", f"é {rest}", "", seal):
        assert home.hub.letters.unpack(raw) is None
    identity = await letter(home, f"{'0' * 64} {rest}")

    assert not (await operator(home).retry(identity)).ok
    assert home.xmpp.actions(Send) == []


async def test_a_letter_needs_its_account_and_a_running_gateway(home: House) -> None:
    assert home.hub is not None
    raw = home.hub.letters.pack(broken_then())
    strange = await letter(home, raw, account=77)

    assert (await operator(home).retry(strange)).text == (
        f"{strange} cannot be tried again: Its account is not connected. Try again when it is."
    )
    await home.stop()
    assert (await operator(home).retry(strange)).text == (
        f"{strange} cannot be tried again: only a running gateway can take it in. Start it first."
    )


async def test_what_is_turned_away_stays(home: House) -> None:
    assert home.hub is not None
    identity = await letter(home, home.hub.letters.pack(broken_then()))  # of a chat that nobody has heard of

    said = await operator(home).retry(identity)

    assert not said.ok
    assert "it was turned away" in said.text
    assert (await operator(home).dead()).lines[0].id == identity


@pytest.mark.parametrize(
    "identity", ["letter-9", "delivery-1-1", "delivery-999999999999999999-999999999", "nonsense", "letter-0", ""]
)
async def test_what_there_is_not_is_said_so(home: House, identity: str) -> None:
    assert await operator(home).show(identity) == []
    for said in (await operator(home).retry(identity), await operator(home).drop(identity)):
        assert (said.ok, said.text) == (
            False, f"There is no {identity}. `landbridge dead list` shows what there is."
        )  # fmt: skip
