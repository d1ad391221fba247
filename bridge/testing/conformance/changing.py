"""Edits, retractions and reactions, for sessions that name them; and for those that do not."""

from collections.abc import Sequence

from bridge.contract import (
    Action,
    Edit,
    Message,
    MessageId,
    React,
    Reason,
    Refused,
    Retract,
    Session,
    Target,
)
from bridge.testing.conformance.network import NetworkUnderTest, a_send, connected, ours, raises, said, same


async def _edited(session: Session, network: NetworkUnderTest, ids: Sequence[MessageId], text: str) -> None:
    edit = Edit(chat=network.room, key="conformance-edit", target=Target(tuple(ids)), message=Message(text))
    for part in session.parts(edit):
        await session.perform(part)


def _long(words: int) -> str:
    return " ".join(f"word{n}" for n in range(words))


class Editing:
    """`Edit` is in the capabilities."""

    async def test_an_edited_message_reads_anew_in_its_place(self, network: NetworkUnderTest) -> None:
        async with connected(network) as session:
            assert Edit in session.capabilities(network.room).actions
            receipt = await session.perform(a_send(network, "1", "Helo"))
            await session.perform(a_send(network, "2", "after"))
            await _edited(session, network, receipt.ids, "Hello")

        shown = await ours(network)
        assert [s.text for s in shown] == ["Hello", "after"]
        assert [s.edited for s in shown] == [True, False]
        assert shown[0].id == receipt.ids[0]

    async def test_an_edit_may_need_more_parts(self, network: NetworkUnderTest) -> None:
        async with connected(network) as session:
            ids = await said(session, a_send(network, "1", "short"))
            await _edited(session, network, ids, _long(20_000))

        assert same(network, await ours(network), _long(20_000))

    async def test_an_edit_may_need_fewer_parts(self, network: NetworkUnderTest) -> None:
        async with connected(network) as session:
            ids = await said(session, a_send(network, "1", _long(20_000)))
            await _edited(session, network, ids, "short")

        assert [s.text for s in await ours(network)] == ["short"]

    async def test_an_edit_can_be_edited(self, network: NetworkUnderTest) -> None:
        async with connected(network) as session:
            ids = await said(session, a_send(network, "1", "one"))
            for number, text in enumerate(("two", "three")):
                edit = Edit(chat=network.room, key=f"conformance-e{number}", target=Target(ids), message=Message(text))
                await session.perform(edit)

        assert [s.text for s in await ours(network)] == ["three"]


class Retracting:
    """`Retract` is in the capabilities."""

    async def test_a_retracted_message_is_gone(self, network: NetworkUnderTest) -> None:
        async with connected(network) as session:
            assert Retract in session.capabilities(network.room).actions
            receipt = await session.perform(a_send(network, "1", "oops"))
            await session.perform(a_send(network, "2", "stays"))
            await session.perform(Retract(chat=network.room, key="conformance-3", target=Target(receipt.ids)))

        assert [s.text for s in await ours(network)] == ["stays"]

    async def test_all_parts_of_a_long_message_go(self, network: NetworkUnderTest) -> None:
        async with connected(network) as session:
            ids = await said(session, a_send(network, "1", _long(20_000)))
            retract = Retract(chat=network.room, key="conformance-2", target=Target(ids))
            for part in session.parts(retract):
                await session.perform(part)

        assert await ours(network) == []


class Reacting:
    """`React` is in the capabilities."""

    async def test_the_whole_set_stands_and_goes(self, network: NetworkUnderTest) -> None:
        target = Target((await network.say("like this?"),))
        before: tuple[tuple[str, MessageId], ...] = ()
        stood = []

        async with connected(network) as session:
            can = session.capabilities(network.room)
            assert React in can.actions
            for number, wished in enumerate((("👍",), ("👍", "🎉"), ("🎉",), ())):
                action = React(
                    chat=network.room, key=f"conformance-{number}", target=target, reactions=wished, before=before
                )
                receipt = await session.perform(action)
                before = receipt.reactions
                stood.append(set((await network.shown())[0].reactions))

        both = {"👍", "🎉"} if can.reactions is None or can.reactions > 1 else {"🎉"}
        assert stood == [{"👍"}, both, {"🎉"}, set()]


class Lacking:
    """An action is not in the capabilities: it is never asked, and refused if it is."""

    async def test_what_is_not_named_is_refused_as_unsupported(self, network: NetworkUnderTest) -> None:
        target = Target((await network.say("mine"),))
        chat, key = network.room, "conformance-1"
        possible: dict[type[Action], Action] = {
            Edit: Edit(chat=chat, key=key, target=target, message=Message("yours")),
            Retract: Retract(chat=chat, key=key, target=target),
            React: React(chat=chat, key=key, target=target, reactions=("👍",)),
        }

        async with connected(network) as session:
            lacking = set(possible) - session.capabilities(chat).actions
            assert lacking, "this session lacks nothing"
            for kind in lacking:
                async with raises(Refused) as refused:
                    await session.perform(possible[kind])
                assert refused[0].reason is Reason.UNSUPPORTED

        assert [(s.text, s.reactions) for s in await network.shown()] == [("mine", ())]
