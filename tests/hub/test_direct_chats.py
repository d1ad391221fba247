"""Direct chats: from the first message to the last answer, with networks on both sides."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bridge.contract import (
    ChatId,
    Confirm,
    DeliveryFailed,
    Fail,
    LoggedOut,
    MessageId,
    Reason,
    Refused,
    Scope,
    Send,
    Unavailable,
    Unconfirmed,
)
from bridge.hub.limits import Limits
from bridge.store.database import Database
from tests.support.house import House, house

ROMEO, JULIET = "romeo@home.example", "juliet@home.example"


@pytest.fixture
async def home(database: Database, tmp_path: Path) -> AsyncIterator[House]:
    async with house(database, tmp_path, limits=Limits(delay_notice=0.2, backoff_max=0.3)) as made:
        yield made


async def test_a_first_message_opens_the_chat_and_is_confirmed_after_the_network_took_it(home: House) -> None:
    account = await home.account(ROMEO, "@romeo")

    home.writes(ROMEO, "@anna", "hello")

    (sent,) = await home.far.until(1, Send)
    assert (sent.chat, sent.message.text, sent.persona) == ("direct-@anna", "hello", None)
    assert home.far.done[0][0] == account
    (confirmed,) = await home.xmpp.until(1, Confirm)
    assert (confirmed.target, confirmed.origin) == ("1", f"{ROMEO}/app 1")


async def test_without_an_account_the_author_is_told_to_log_in(home: House) -> None:
    home.writes(ROMEO, "@anna", "hello")

    (failed,) = await home.xmpp.until(1, Fail)
    assert failed.reason is Reason.NOT_LOGGED_IN
    assert failed.text == (
        "You are not logged in to FAR. Send “login” to the gateway, or use its command of that name."
    )
    assert await home.rows("SELECT * FROM events") == []


async def test_somebody_elses_account_opens_no_chat(home: House) -> None:
    account = await home.account(JULIET, "@juliet")
    home.direct(account, "!dm", "@anna")

    home.writes(ROMEO, "@anna", "hello")

    (failed,) = await home.xmpp.until(1, Fail)
    assert failed.reason is Reason.NOT_LOGGED_IN
    assert home.far.actions() == []


async def test_a_message_from_the_network_reaches_the_user(home: House) -> None:
    account = await home.account(ROMEO, "@romeo")
    home.direct(account, "!dm", "@anna")

    home.says(account, "!dm", "@anna", "hi", "$1")

    (sent,) = await home.xmpp.until(1, Send)
    assert (sent.chat, sent.message.text) == (f"{ROMEO} @anna@far", "hi")


async def test_an_answer_goes_into_the_chat_that_the_network_showed(home: House) -> None:
    account = await home.account(ROMEO, "@romeo")
    home.direct(account, "!dm", "@anna")
    home.says(account, "!dm", "@anna", "hi", "$1")
    await home.xmpp.until(1, Send)

    home.writes(ROMEO, "@anna", "hello")

    (sent,) = await home.far.until(1, Send)
    assert sent.chat == "!dm"


async def test_a_chat_that_is_seen_while_it_is_opened_is_the_same_chat(home: House) -> None:
    account = await home.account(ROMEO, "@romeo")
    home.far.raises = lambda action: None
    home.writes(ROMEO, "@anna", "one", "1")
    home.direct(account, "direct-@anna", "@anna")
    home.writes(ROMEO, "@anna", "two", "2")
    home.says(account, "direct-@anna", "@anna", "three", "$3")

    sent = await home.far.until(2, Send)
    await home.xmpp.until(1, Send)
    assert [s.message.text for s in sent] == ["one", "two"]
    assert len(await home.rows("SELECT * FROM links")) == 1


async def test_two_users_of_one_server_share_the_chat_between_them(home: House) -> None:
    first, second = await home.account(ROMEO, "@romeo"), await home.account(JULIET, "@juliet")
    home.direct(first, "!dm", "@juliet")
    home.direct(second, "!dm", "@romeo")
    await home.hub.writer.drained()  # type: ignore[union-attr]

    home.writes(ROMEO, "@juliet", "hello")
    (sent,) = await home.far.until(1, Send)
    for account in (first, second):
        home.says(account, "!dm", "@romeo", "hello", "$1", key=sent.key)
    home.says(second, "!dm", "@juliet", "hi", "$2")
    home.says(first, "!dm", "@juliet", "hi", "$2")

    shown = await home.xmpp.until(2, Send)
    assert sorted((s.chat, s.message.text) for s in shown) == [
        (f"{JULIET} @romeo@far", "hello"),
        (f"{ROMEO} @juliet@far", "hi"),
    ]


async def test_what_a_user_writes_in_another_app_is_not_sent_to_him_as_if_by_somebody_else(home: House) -> None:
    account = await home.account(ROMEO, "@romeo")
    home.direct(account, "!dm", "@anna")
    home.says(account, "!dm", "@romeo", "from my phone", "$1")
    home.says(account, "!dm", "@anna", "hi", "$2")

    (sent,) = await home.xmpp.until(1, Send)
    assert sent.message.text == "hi"
    assert await home.rows("SELECT count(*) FROM events WHERE kind = 'message'") == [(2,)]


async def test_same_id_same_text_is_a_repeat_and_is_confirmed_again(home: House) -> None:
    await home.account(ROMEO, "@romeo")
    home.writes(ROMEO, "@anna", "hello")
    await home.xmpp.until(1, Confirm)

    home.writes(ROMEO, "@anna", "hello")

    await home.xmpp.until(2, Confirm)
    assert len(home.far.actions(Send)) == 1


async def test_same_id_other_text_is_a_new_message(home: House) -> None:
    await home.account(ROMEO, "@romeo")
    home.writes(ROMEO, "@anna", "hello")
    home.writes(ROMEO, "@anna", "other")

    sent = await home.far.until(2, Send)
    assert [s.message.text for s in sent] == ["hello", "other"]


async def test_an_unknown_person_is_an_error_for_the_author(home: House) -> None:
    await home.account(ROMEO, "@romeo")
    home.far.unknown.add("@nobody")

    home.writes(ROMEO, "@nobody", "hello")

    (failed,) = await home.xmpp.until(1, Fail)
    assert failed.text == "There is no such person."
    assert home.xmpp.actions(Confirm) == []


async def test_a_refused_message_is_answered_to_its_author_and_the_next_goes_on(home: House) -> None:
    await home.account(ROMEO, "@romeo")
    home.far.raises = lambda a: (
        Refused("Not here.", Reason.FORBIDDEN)
        if getattr(a, "message", None)
        and (
            a.message.text == "bad"  # type: ignore[attr-defined]
        )
        else None
    )
    home.writes(ROMEO, "@anna", "bad", "1")
    home.writes(ROMEO, "@anna", "good", "2")

    (sent,) = await home.far.until(1, Send)
    (failed,) = await home.xmpp.until(1, Fail)
    (confirmed,) = await home.xmpp.until(1, Confirm)
    assert sent.message.text == "good"
    assert (failed.target, failed.reason, failed.text) == ("1", Reason.FORBIDDEN, "Not here.")
    assert confirmed.target == "2"


async def test_a_bounce_after_delivery_is_told_to_the_accounts_user(home: House) -> None:
    account = await home.account(ROMEO, "@romeo")
    home.direct(account, "!dm", "@anna")
    home.says(account, "!dm", "@anna", "hi", "$1")
    await home.xmpp.until(1, Send)
    await home.hub.writer.drained()  # type: ignore[union-attr]

    home.xmpp.report(
        home.home_account,
        DeliveryFailed(
            chat=ChatId(f"{ROMEO} @anna@far"), target=MessageId("xmpp-1"), reason=Reason.SERVICE,
            text="Romeo is offline and keeps no messages.",
        ),
    )  # fmt: skip

    sent = await home.xmpp.until(2, Send)
    assert sent[1].chat == f"{ROMEO} @far"
    assert sent[1].message.text == (
        "A message from @anna could not be delivered to your XMPP app: Romeo is offline and keeps no messages. "
        "You can still read it in another FAR app."
    )


async def test_outage_keeps_order_and_is_told_once(home: House) -> None:
    await home.account(ROMEO, "@romeo")
    home.writes(ROMEO, "@anna", "0", "m0")
    await home.far.until(1, Send)
    home.far.raises = lambda action: Unavailable("FAR does not answer.", scope=Scope.ACCOUNT)
    for number in range(1, 40):
        home.writes(ROMEO, "@anna", str(number), f"m{number}")

    (notice,) = await home.xmpp.until(1, Send)
    assert notice.chat == f"{ROMEO} @far"
    assert notice.message.text.startswith("Messages of yours to @anna could not be delivered to FAR yet: ")
    home.far.raises = lambda action: None

    sent = await home.far.until(40, Send)
    assert [s.message.text for s in sent] == [str(number) for number in range(40)]
    await home.xmpp.until(40, Confirm)
    assert len(home.xmpp.actions(Send)) == 1
    assert home.xmpp.actions(Fail) == []


async def test_an_unconfirmed_call_is_made_again_with_the_same_key(home: House) -> None:
    await home.account(ROMEO, "@romeo")
    keys: list[str] = []

    def lost(action: object) -> Exception | None:
        keys.append(action.key)  # type: ignore[attr-defined]
        return Unconfirmed("The answer was lost.") if len(keys) == 1 else None

    home.far.raises = lost
    home.writes(ROMEO, "@anna", "hello")

    (sent,) = await home.far.until(1, Send)
    assert keys == [sent.key, sent.key]
    assert sent.maybe_done


async def test_a_bug_goes_to_the_dead_letters_after_three_attempts_and_the_lane_goes_on(home: House) -> None:
    await home.account(ROMEO, "@romeo")
    tried: list[str] = []

    def broken(action: object) -> Exception | None:
        tried.append(action.message.text)  # type: ignore[attr-defined]
        return ZeroDivisionError() if tried[-1] == "poison" else None

    home.far.raises = broken
    home.writes(ROMEO, "@anna", "poison", "1")
    home.writes(ROMEO, "@anna", "fine", "2")

    await home.far.until(1, Send)
    (failed,) = await home.xmpp.until(1, Fail)
    assert tried == ["poison", "poison", "poison", "fine"]
    assert failed.reason is Reason.INTERNAL
    assert await home.rows("SELECT state, bugs FROM deliveries WHERE state <> 0") == [(2, 3)]


async def test_a_logged_out_account_keeps_its_deliveries_and_its_user_is_told(home: House) -> None:
    account = await home.account(ROMEO, "@romeo")
    home.writes(ROMEO, "@anna", "one", "1")
    await home.far.until(1, Send)
    home.far.raises = lambda action: LoggedOut("FAR no longer accepts your login. Send “login” to sign in again.")

    home.writes(ROMEO, "@anna", "two", "2")

    (notice,) = await home.xmpp.until(1, Send)
    assert notice.message.text == "FAR no longer accepts your login. Send “login” to sign in again."
    home.far.raises = lambda action: None
    assert await home.account(ROMEO, "@romeo") == account
    sent = await home.far.until(2, Send)
    assert [s.message.text for s in sent] == ["one", "two"]


async def test_patience_ends_with_an_error_for_every_author(database: Database, tmp_path: Path) -> None:
    async with house(database, tmp_path, limits=Limits(patience=0.5, backoff_max=0.2)) as home:
        await home.account(ROMEO, "@romeo")
        home.far.raises = lambda action: Unavailable("FAR is full.", scope=Scope.CHAT)

        home.writes(ROMEO, "@anna", "one", "1")
        home.writes(ROMEO, "@anna", "two", "2")

        failed = await home.xmpp.until(2, Fail)
        assert [f.target for f in failed] == ["1", "2"]
        assert {f.reason for f in failed} == {Reason.TIMEOUT}


async def test_an_unavailable_chat_does_not_hold_another(home: House) -> None:
    await home.account(ROMEO, "@romeo")
    home.far.raises = lambda a: Unavailable("busy", scope=Scope.CHAT) if a.chat == "direct-@anna" else None
    home.writes(ROMEO, "@anna", "waits", "1")

    home.writes(ROMEO, "@bert", "goes", "2")

    (sent,) = await home.far.until(1, Send)
    assert sent.message.text == "goes"


async def test_a_poison_row_does_not_harm_its_group(home: House) -> None:
    account = await home.account(ROMEO, "@romeo")
    home.direct(account, "!dm", "@anna")
    await home.hub.writer.drained()  # type: ignore[union-attr]

    home.says(account, "!dm", "@anna", "one", "$1")
    home.says(account, "!dm", "@anna", "\ud800", "$2")
    home.says(account, "!dm", "@anna", "three", "$3")

    sent = await home.xmpp.until(2, Send)
    assert [s.message.text for s in sent] == ["one", "three"]
    await asyncio.sleep(0)
    await home.hub.writer.drained()  # type: ignore[union-attr]
    assert await home.rows("SELECT network FROM dead_letters") == [("far",)]


async def test_what_was_owed_before_a_stop_is_delivered_after_it(home: House) -> None:
    await home.account(ROMEO, "@romeo")
    home.writes(ROMEO, "@anna", "one", "1")
    await home.far.until(1, Send)
    home.far.raises = lambda action: Unavailable("down", scope=Scope.CHAT)
    home.writes(ROMEO, "@anna", "two", "2")
    home.writes(ROMEO, "@anna", "three", "3")
    await home.hub.writer.drained()  # type: ignore[union-attr]
    await home.stop()

    home.far.raises = lambda action: None
    await home.start()

    sent = await home.far.until(3, Send)
    assert [s.message.text for s in sent] == ["one", "two", "three"]
    await home.xmpp.until(3, Confirm)


async def test_who_begins_very_many_chats_has_to_wait(database: Database, tmp_path: Path) -> None:
    async with house(database, tmp_path, limits=Limits(openings=2)) as home:
        await home.account(ROMEO, "@romeo")
        for contact in ("@anna", "@bert"):
            home.writes(ROMEO, contact, "hello")
        await home.far.until(2, Send)

        home.writes(ROMEO, "@carl", "hello")
        (failed,) = await home.xmpp.until(1, Fail)
        home.writes(ROMEO, "@anna", "and again")  # what exists goes on

        assert failed.reason is Reason.POLICY
        assert failed.text.startswith("You have begun very many new chats in the last hour.")
        await home.far.until(3, Send)


async def test_who_writes_to_two_accounts_of_one_user_is_heard_from_both(home: House) -> None:
    """At home that is one chat, and what is written there goes to where they wrote last."""
    one, other = await home.account(ROMEO, "@romeo"), await home.account(ROMEO, "@montague")
    home.direct(one, "!one", "@anna")
    home.direct(other, "!other", "@anna")
    await home.settled()

    for number, (account, chat) in enumerate(((one, "!one"), (other, "!other"), (other, "!other"), (one, "!one"))):
        home.says(account, chat, "@anna", f"hello {number}", f"${number}")
        shown = await home.xmpp.until(number + 1, Send)
        assert shown[-1].message.text == f"hello {number}"
    home.writes(ROMEO, "@anna", "which of us do you mean?")

    (said,) = await home.far.until(1, Send)
    assert said.chat == "!one"
    assert await home.rows("SELECT count(*) FROM dead_letters") == [(0,)]
