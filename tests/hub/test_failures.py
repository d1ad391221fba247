"""Networks fail in every way they can: nothing is lost, and who must know is told, once."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from bridge.contract import AccountId
from bridge.hub.hub import Hub
from bridge.hub.limits import Limits
from bridge.store.database import Database
from bridge.store.deliveries import waiting
from bridge.testing.control import Control, controlled
from bridge.testing.states import Answered, ChatState
from bridge.testing.wire import Bounce, EndLogin, SignIn
from bridge.testing.world import VARIANTS, serve
from tests.hub.building import hub_over, put_account, running

GATEWAY = "romeo.far.gateway"


@dataclass
class Scene:
    """Romeo at home, with an account on far; people there with whom he has direct chats, "with-NAME" on far."""

    home: Control
    far: Control
    hub: Hub
    database: Database
    account: AccountId

    async def writes(self, to: str, text: str, identity: str) -> None:
        await self.home.says("romeo", f"romeo.far.{to}", text, id=identity)

    async def arrived(self, name: str, *texts: str) -> None:
        await self.far.until(f"with-{name}", lambda state: tuple(state.texts) == texts)

    async def answered(self, name: str, number: int) -> list[Answered]:
        return (await self.home.until(f"romeo.far.{name}", lambda state: len(state.answers) >= number)).answers

    async def told(self, so: Callable[[list[str]], bool] = bool) -> list[str]:
        """What the gateway has said to Romeo, once it is so."""
        return (await self.home.until(GATEWAY, lambda state: so(state.texts))).texts

    async def said_by_the_gateway(self) -> list[str]:
        state: ChatState = await self.home.state(GATEWAY)
        return state.texts


@asynccontextmanager
async def scene(database: Database, folder: Path, limits: Limits) -> AsyncIterator[Scene]:
    sockets = {"xmpp": folder / "xmpp.sock", "far": folder / "far.sock"}
    async with AsyncExitStack() as stack:
        for name, like in (("xmpp", "x"), ("far", "a")):
            await stack.enter_async_context(serve(VARIANTS[like], sockets[name]))
        home = await stack.enter_async_context(controlled(sockets["xmpp"]))
        far = await stack.enter_async_context(controlled(sockets["far"]))
        await home.account("xmpp", relay=True, everywhere=True)
        await home.people("romeo")
        await far.account("romeo-far")
        await far.people("anna", "bert")
        for name in ("anna", "bert"):
            await home.chat(f"romeo.far.{name}", "romeo", "xmpp", kind="direct", addressee=("far", name))
            await far.chat(f"with-{name}", "romeo-far", name, kind="direct")
        hub = await stack.enter_async_context(running(await hub_over(database, sockets, folder, limits)))
        account = await put_account(database, "far", "romeo", "romeo-far")
        await hub.connect(account)
        for world in (home, far):  # what is said at home before somebody listens there is never told, as on XMPP
            await world.until_accounts(lambda found: all(one.attached for one in found.values()))
        made = Scene(home, far, hub, database, account)
        await made.writes("anna", "first", "a0")
        await made.writes("bert", "first", "b0")
        await made.answered("anna", 1)
        await made.answered("bert", 1)
        yield made


@pytest.fixture
async def romeo(database: Database, tmp_path: Path) -> AsyncIterator[Scene]:
    async with scene(database, tmp_path, Limits(backoff_max=0.2)) as made:
        yield made


@pytest.fixture
async def watchful(database: Database, tmp_path: Path) -> AsyncIterator[Scene]:
    """Delays are told after 0.4 seconds; notices are coalesced over one."""
    limits = Limits(backoff_max=0.2, delay_notice=0.4, notice_window=1.0)
    async with scene(database, tmp_path, limits) as made:
        yield made


async def test_a_chat_that_asks_for_a_pause_gets_it_and_holds_no_other(romeo: Scene) -> None:
    await romeo.far.fault("limit", chat="with-anna", seconds=1.5)

    for number in (1, 2, 3):
        await romeo.writes("anna", str(number), f"a{number}")
    await romeo.writes("bert", "meanwhile", "b1")

    await romeo.arrived("bert", "first", "meanwhile")
    assert (await romeo.far.state("with-anna")).texts == ["first"]
    await romeo.arrived("anna", "first", "1", "2", "3")
    assert romeo.hub.counters.retries["far"] == 1, "it was left alone meanwhile"


async def test_an_account_that_asks_for_a_pause_gets_it_in_all_its_chats(romeo: Scene) -> None:
    await romeo.far.fault("limit", seconds=1.5)

    for name in ("anna", "bert"):
        for number in (1, 2):
            await romeo.writes(name, str(number), f"{name}{number}")

    await romeo.arrived("anna", "first", "1", "2")
    await romeo.arrived("bert", "first", "1", "2")
    assert romeo.hub.counters.retries["far"] <= 2, "every chat has asked once at most"


async def test_a_long_outage_loses_nothing_and_is_told_once(watchful: Scene) -> None:
    await watchful.far.fault("down")
    for number in range(1, 21):
        await watchful.writes("anna", str(number), f"a{number}")
        await watchful.writes("bert", str(number), f"b{number}")

    (notice,) = await watchful.told()
    await asyncio.sleep(1.0)  # twice the time after which an author is told
    await watchful.far.mend("down")

    expected = ["first", *(str(number) for number in range(1, 21))]
    await watchful.arrived("anna", *expected)
    await watchful.arrived("bert", *expected)
    for name in ("anna", "bert"):
        answers = await watchful.answered(name, 21)
        assert [a.reason for a in answers] == [""] * 21
    _, ended = await watchful.told(lambda texts: len(texts) == 2)
    assert ended == "The 40 messages that were late have now been delivered to Memory."
    assert re.fullmatch(
        r"Messages of yours to anna, bert could not be delivered to Memory yet: The network .*\. "
        r"They are tried again until it works; you hear of it if it does not\.",
        notice,
    )


async def test_when_patience_ends_every_author_gets_an_error_and_later_messages_go_on(
    database: Database, tmp_path: Path
) -> None:
    async with scene(database, tmp_path, Limits(backoff_max=0.2, patience=1.0)) as romeo:
        await romeo.far.fault("down")
        for number in (1, 2):
            await romeo.writes("anna", str(number), f"a{number}")

        answers = await romeo.answered("anna", 3)
        await romeo.far.mend("down")
        await romeo.writes("anna", "3", "a3")

        await romeo.arrived("anna", "first", "3")
    assert [(a.target, a.reason) for a in answers[1:]] == [
        ("a1", "remote-server-timeout"),
        ("a2", "remote-server-timeout"),
    ]
    assert answers[1].text == (
        "The message could not be delivered in time and will not be tried again. The network is down."
    )


async def test_a_log_out_keeps_what_is_owed_until_the_user_is_back(romeo: Scene) -> None:
    await romeo.far.fault("limit", chat="with-anna")
    await romeo.writes("anna", "1", "a1")
    await romeo.writes("anna", "2", "a2")
    async with asyncio.timeout(20):
        while (await romeo.database.read(waiting)).get("far", (0, 0.0))[0] < 2:
            await asyncio.sleep(0.01)

    await romeo.far.do(EndLogin("romeo-far"))
    (notice,) = await romeo.told()
    await romeo.far.mend()
    await romeo.far.do(SignIn("romeo-far", ""))
    assert await put_account(romeo.database, "far", "romeo", "romeo-far") == romeo.account
    await romeo.hub.connect(romeo.account)

    await romeo.arrived("anna", "first", "1", "2")
    assert notice == "The network no longer accepts this login. Log in again."


async def test_what_is_written_while_logged_out_comes_back_with_the_way_in(romeo: Scene) -> None:
    await romeo.far.do(EndLogin("romeo-far"))
    await romeo.told()
    await romeo.writes("anna", "1", "a1")

    answer = (await romeo.answered("anna", 2))[1]
    assert (answer.target, answer.reason) == ("a1", "registration-required")
    assert "Send “login”" in answer.text


async def test_a_message_that_comes_back_after_it_was_delivered_is_an_error_for_its_author(romeo: Scene) -> None:
    (said,) = (await romeo.far.state("with-anna")).visible

    await romeo.far.do(Bounce(chat="with-anna", target=said.id, reason="gone", text="Anna has left."))

    answers = await romeo.answered("anna", 2)
    assert [(a.target, a.reason, a.text) for a in answers] == [("a0", "", ""), ("a0", "gone", "Anna has left.")]


async def test_failures_whose_authors_are_out_of_reach_are_told_to_the_user_together(watchful: Scene) -> None:
    await watchful.home.fault("reject", chat="romeo.far.anna", times=0, reason="resource-constraint", text="Full.")

    for number in range(1, 6):
        await watchful.far.says("anna", "with-anna", str(number))

    told = await watchful.told(lambda texts: sum(_count(text) for text in texts) == 5)
    assert len(told) <= 2
    assert all(re.search(r"from Anna could not be delivered to your XMPP app: Full\.", text) for text in told)


def _count(notice: str) -> int:
    """Of how many messages it tells."""
    number = re.match(r"(A|\d+) messages? from ", notice)
    assert number is not None, notice
    return 1 if number[1] == "A" else int(number[1])
