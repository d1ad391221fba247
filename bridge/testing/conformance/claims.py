"""What some sessions claim in their capabilities, held to it."""

from bridge.contract import (
    Confirm,
    Edit,
    Fail,
    Message,
    MessageEdited,
    MessageId,
    MessageReceived,
    NetworkId,
    Persona,
    Reason,
    Target,
)
from bridge.testing.conformance.network import NetworkUnderTest, a_send, connected, ours, reading

ROMEO = Persona(key="elsewhere:romeo", network=NetworkId("elsewhere"), contact="romeo", name="Romeo")
JULIET = Persona(key="elsewhere:juliet", network=NetworkId("elsewhere"), contact="juliet", name="Juliet")


class Idempotent:
    """The same key twice from the same account gives the same message once."""

    async def test_the_same_key_twice_is_one_message(self, network: NetworkUnderTest) -> None:
        async with connected(network) as session:
            assert session.capabilities(network.room).idempotent
            first = await session.perform(a_send(network, "1", "once"))
            second = await session.perform(a_send(network, "1", "once"))

        assert first.ids == second.ids
        assert [s.text for s in await ours(network)] == ["once"]

    async def test_the_same_key_from_a_new_connection_is_one_message(self, network: NetworkUnderTest) -> None:
        ids = []
        for _ in range(2):
            async with connected(network) as session:
                ids.append((await session.perform(a_send(network, "1", "once"))).ids)

        assert ids[0] == ids[1]
        assert [s.text for s in await ours(network)] == ["once"]


class Echoing:
    """Our own doings come as events that carry their key, before `Live` at the latest."""

    async def test_our_own_doing_comes_with_its_key(self, network: NetworkUnderTest) -> None:
        async with connected(network) as session, reading(session) as reader:
            assert session.capabilities(network.room).echoes
            receipt = await session.perform(a_send(network, "1", "mine"))
            await reader.until(lambda r: bool(r.of(MessageReceived)))

        echo = reader.of(MessageReceived)[0]
        assert echo.key == "conformance-1"
        assert echo.id in receipt.ids

    async def test_what_was_done_before_the_connection_comes_before_live(self, network: NetworkUnderTest) -> None:
        async with connected(network) as session, reading(session) as reader:
            cursor = reader.cursor
        async with connected(network) as session:
            receipt = await session.perform(a_send(network, "1", "unnoticed"))
            edit = Edit(
                chat=network.room, key="conformance-2", target=Target(receipt.ids), message=Message("unnoticed still")
            )
            changes = Edit in session.capabilities(network.room).actions
            if changes:
                await session.perform(edit)

        async with connected(network) as session, reading(session, cursor) as later:
            keys = [e.key for e in later.of(MessageReceived) + later.of(MessageEdited)]

        assert keys == ["conformance-1", "conformance-2"][: 1 + changes]


class Personas:
    """People of other networks have a face of their own."""

    async def test_two_people_are_two(self, network: NetworkUnderTest) -> None:
        async with connected(network) as session, reading(session) as reader:
            assert session.capabilities(network.room).personas
            await session.perform(a_send(network, "1", "from Romeo", ROMEO))
            await session.perform(a_send(network, "2", "from Juliet", JULIET))
            await session.perform(a_send(network, "3", "from Romeo again", ROMEO))

        shown = await ours(network)
        assert [s.text for s in shown] == ["from Romeo", "from Juliet", "from Romeo again"]
        del reader

    async def test_a_key_that_somebody_else_writes_is_not_ours(self, network: NetworkUnderTest) -> None:
        """The hub believes a session with personas, so that must look who wrote it: here, the other person."""
        async with connected(network) as session, reading(session) as reader:
            await network.say("theirs")
            await reader.until(lambda r: bool(r.of(MessageReceived)))

        assert reader.of(MessageReceived)[0].key is None

    async def test_one_persona_cannot_change_what_another_said(self, network: NetworkUnderTest) -> None:
        async with connected(network) as session:
            receipt = await session.perform(a_send(network, "1", "from Romeo", ROMEO))
            edit = Edit(
                chat=network.room, key="conformance-2", persona=ROMEO, target=Target(receipt.ids),
                message=Message("from Romeo himself"),
            )  # fmt: skip
            await session.perform(edit)

        assert [s.text for s in await ours(network)] == ["from Romeo himself"]


class Answering:
    """Authors are told what became of their messages."""

    async def test_an_author_is_told_either_way(self, network: NetworkUnderTest) -> None:
        async with connected(network) as session, reading(session) as reader:
            assert session.capabilities(network.room).answers
            good = await network.say("good")
            bad = await network.say("bad")
            await reader.until(lambda r: len(r.of(MessageReceived)) == 2)
            for event in reader.of(MessageReceived):
                assert event.origin, "an author who wants to be told is named"
                if event.message.text == "good":
                    await session.perform(
                        Confirm(chat=event.chat, key="conformance-1", target=event.id, origin=event.origin)
                    )
                else:
                    await session.perform(
                        Fail(
                            chat=event.chat, key="conformance-2", target=event.id, origin=event.origin,
                            reason=Reason.FORBIDDEN, text="That may not be said there.",
                        )
                    )  # fmt: skip

        assert sorted(await network.told()) == sorted([(good, ""), (bad, "forbidden")])

    async def test_an_answer_names_the_message(self, network: NetworkUnderTest) -> None:
        async with connected(network) as session, reading(session) as reader:
            await network.say("one")
            two = await network.say("two")
            await reader.until(lambda r: len(r.of(MessageReceived)) == 2)
            event = reader.of(MessageReceived)[1]
            await session.perform(
                Confirm(chat=event.chat, key="conformance-1", target=MessageId(event.id), origin=event.origin)
            )

        assert list(await network.told()) == [(two, "")]
