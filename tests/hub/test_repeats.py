"""What is reported again, and what only looks so: by the names that events have where they happened."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bridge.contract import (
    Contact,
    ContactId,
    Edit,
    Message,
    MessageEdited,
    MessageId,
    MessageReceived,
    MessageRetracted,
    Retract,
    Send,
)
from bridge.store.database import Database
from tests.hub.verona import ROMEO, THERE, VERONA, Verona, in_verona


@pytest.fixture
async def verona(database: Database, tmp_path: Path) -> AsyncIterator[Verona]:
    async with in_verona(database, tmp_path) as made:
        yield made


def at_home(verona: Verona, kind: Any, id: str, who: str = ROMEO, **what: Any) -> None:
    """Somebody does something from XMPP, whose app calls it `id`."""
    sender = Contact(ContactId(who))
    event = kind(chat=VERONA, id=MessageId(id), sender=sender, at=1.0, origin=f"{who}/app", confirm=False, **what)
    verona.home.xmpp.report(verona.home.home_account, event)


def on_far(verona: Verona, kind: Any, id: str, **what: Any) -> None:
    sender = Contact(ContactId("@anna"), "Anna")
    verona.home.far.report(verona.account, kind(chat=THERE, id=MessageId(id), sender=sender, at=1.0, **what))


async def test_changes_under_the_same_name_are_carried_once(verona: Verona) -> None:
    at_home(verona, MessageReceived, "m1", message=Message("one"))
    await verona.home.far.until(1, Send)
    for _ in range(2):
        at_home(verona, MessageEdited, "m2", target=MessageId("m1"), message=Message("two"))
    await verona.home.far.until(1, Edit)
    for _ in range(2):
        at_home(verona, MessageRetracted, "m3", target=MessageId("m1"))

    await verona.home.far.until(1, Retract)
    await verona.home.settled()
    assert [len(verona.home.far.actions(kind)) for kind in (Send, Edit, Retract)] == [1, 1, 1]
    assert await verona.home.rows("SELECT kind, count(*) FROM events GROUP BY kind ORDER BY kind") == [
        ("edit", 1), ("message", 1), ("retraction", 1),
    ]  # fmt: skip


async def test_an_app_that_calls_a_correction_like_its_message_can_still_name_that(verona: Verona) -> None:
    at_home(verona, MessageReceived, "m1", message=Message("one"))
    await verona.home.far.until(1, Send)
    at_home(verona, MessageEdited, "m1", target=MessageId("m1"), message=Message("two"))
    await verona.home.far.until(1, Edit)

    at_home(verona, MessageRetracted, "m3", target=MessageId("m1"))

    (sent,) = verona.home.far.actions(Send)
    (gone,) = await verona.home.far.until(1, Retract)
    assert gone.target.ids == (verona.named(sent),)


async def test_what_a_network_reports_again_later_changes_nothing(verona: Verona) -> None:
    """An edit, and its being taken back, also behind what came after them."""
    edit = {"target": MessageId("$1"), "message": Message("two")}
    on_far(verona, MessageReceived, "$1", message=Message("one"))
    await verona.home.xmpp.until(1, Send)
    on_far(verona, MessageEdited, "$2", **edit)
    await verona.home.xmpp.until(1, Edit)
    on_far(verona, MessageRetracted, "$3", target=MessageId("$2"))
    await verona.home.xmpp.until(2, Edit)
    on_far(verona, MessageEdited, "$4", target=MessageId("$1"), message=Message("three"))
    await verona.home.xmpp.until(3, Edit)

    on_far(verona, MessageReceived, "$1", message=Message("one"))
    on_far(verona, MessageEdited, "$2", **edit)
    on_far(verona, MessageRetracted, "$3", target=MessageId("$2"))
    on_far(verona, MessageReceived, "$5", message=Message("the end"))

    assert [one.message.text for one in await verona.home.xmpp.until(2, Send)] == ["one", "the end"]
    await verona.home.settled()
    assert [one.message.text for one in verona.home.xmpp.actions(Edit)] == ["two", "one", "three"]
