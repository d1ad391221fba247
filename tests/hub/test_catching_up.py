"""What may have arrived is not tried again before our accounts have caught up, however long the network was away."""

import asyncio
from pathlib import Path

from bridge.contract import (
    Capabilities,
    ChatId,
    Confirm,
    Contact,
    ContactId,
    Fail,
    Message,
    MessageId,
    MessageReceived,
    Send,
    Unavailable,
    Unconfirmed,
)
from bridge.hub.limits import Limits
from bridge.store.database import Database
from tests.support.house import House
from tests.support.little import ALL, LittleNetwork

ROMEO = "romeo@home.example"


async def test_what_arrived_before_a_long_outage_is_known_by_its_echo(tmp_path: Path) -> None:
    database = await Database.open(f"sqlite:///{tmp_path / 'test.db'}")
    far = LittleNetwork("far", Capabilities(actions=ALL - {Confirm, Fail}, idempotent=False, echoes=True))
    home = House(database, tmp_path, limits=Limits(live_wait=0.3, backoff_max=0.1), far=far)
    await home.start()
    romeo = await home.account(ROMEO, "@romeo")
    home.direct(romeo, "!dm", "@anna")
    await home.settled()
    errors = [Unconfirmed("The answer was lost.")]
    far.loses = lambda action: errors.pop() if errors else None
    far.refuses_connections = Unavailable("FAR is away.")
    far.held["!dm"] = asyncio.Event()
    home.writes(ROMEO, "@anna", "hello")
    (said,) = await far.until(1, Send)
    far.report(romeo, Unavailable("FAR has ended the connection."))  # type: ignore[arg-type]
    assert home.hub is not None
    seat = home.hub.sessions.seat(romeo)
    assert seat is not None
    async with asyncio.timeout(10):
        while seat.session is not None:
            await asyncio.sleep(0.01)
        far.held.pop("!dm").set()
        while "FAR is away." not in home.hub.lanes.blocked().values():
            await asyncio.sleep(0.01)

    echo = MessageReceived(
        chat=ChatId("!dm"), id=MessageId("far-1"), sender=Contact(ContactId("@romeo")), at=1.0, key=said.key,
        message=Message("hello"),
    )  # fmt: skip
    far.kept[romeo] = [echo]
    far.refuses_connections = None
    await home.xmpp.until(1, Confirm)

    assert far.actions(Send) == [said]
    await home.stop()
    await database.close()
