"""The one reaction that a bot may have: of one person, of several, of what the chat allows; and who is told."""

from collections.abc import Sequence

from bridge.contract import (
    ChatId,
    Fail,
    MessageId,
    NetworkId,
    Persona,
    React,
    Reason,
    Receipt,
    Refused,
    Session,
    Target,
)
from bridge.testing.conformance.network import outcome
from connectors.telegram import ids
from connectors.telegram.about import About
from connectors.telegram.api import Api
from connectors.telegram.chats import Chats
from connectors.telegram.limits import Limits
from connectors.telegram.reactions import Reactions, Trust
from connectors.telegram.sending import Speaker
from connectors.telegram.stickers import Stickers
from tests.support.botapi.state import Chat
from tests.telegram.linked import linked
from tests.telegram.stage import Stage


async def reacts(
    session: Session | Speaker, chat: Chat, target: MessageId, key: str, *wished: str, who: str = ""
) -> Receipt | BaseException:
    persona = Persona(f"xmpp:{who}@home.example", NetworkId("xmpp"), f"{who}@home.example", who) if who else None
    action = React(chat=ChatId(str(chat.id)), key=key, target=Target((target,)), reactions=wished, persona=persona)
    try:
        return await session.perform(action)
    except Refused as refusal:
        return refusal


async def test_of_one_person_it_is_the_last_that_the_chat_allows(play: Stage) -> None:
    group = play.world.group("Verona", play.juliet, play.bot, supergroup=True)
    said = play.world.says(play.juliet, group, "A rose")
    group.reactions = {"👍", "❤"}
    shown: list[Sequence[str]] = []
    standing: list[object] = []
    async with play.connected() as session:
        for number, wished in enumerate((("👍", "❤️"), ("❤️", "🔥", "🫖"), ("🫖",), ("👍",), ())):
            came = await reacts(session, group, play.id(said, group), f"r{number}", *wished)
            standing.append([one for one, _ in came.reactions] if isinstance(came, Receipt) else came)
            shown.append(said.emoji(play.bot.id))

    assert shown == [["❤"], ["❤"], [], ["👍"], []]
    refused = standing.pop(2)
    assert standing == [["❤️"], ["❤️"], ["👍"], []]
    assert isinstance(refused, Refused)
    assert refused.reason is Reason.NOT_ACCEPTABLE
    assert refused.text.endswith("allows only these in this chat: ❤ 👍")
    assert play.api.calls["getchat"] == 1, "asked once, and not for every reaction"


async def test_of_several_it_is_what_most_want_and_of_equals_what_came_last_also_after_a_restart(play: Stage) -> None:
    group = play.world.group("Verona", play.juliet, play.bot)
    said = play.world.says(play.juliet, group, "A rose")
    target = play.id(said, group)
    doings = (
        ("Abram", ("👍",)), ("Gregory", ("❤",)), ("Peter", ("🔥", "👍")), ("Sampson", ("❤", "🔥")),
        ("Peter", ()), ("Abram", ("🔥",)), ("Gregory", ()), ("Sampson", ()), ("Abram", ()),
    )  # fmt: skip
    shown = []
    for number, (who, wished) in enumerate(doings):
        async with play.connected() as session:
            await reacts(session, group, target, f"r{number}", *wished, who=who)
        shown.append("".join(said.emoji(play.bot.id)))

    assert shown == ["👍", "❤", "👍", "🔥", "❤", "🔥", "🔥", "🔥", ""]


async def test_several_texts_in_one_message_have_one_reaction_together(play: Stage) -> None:
    said = play.world.says(play.juliet, play.chat, "A rose\nby any other name")
    first = play.id(said)
    second = MessageId(f"{first}+1")
    doings = (("Abram", first, "👍"), ("Abram", second, "🔥"), ("Gregory", second, "👍"), ("Gregory", second, ""))
    shown = []
    async with play.connected() as session:
        for number, (who, target, wished) in enumerate(doings):
            await reacts(session, play.chat, target, f"r{number}", *wished, who=who)
            shown.append("".join(said.emoji(play.bot.id)))
        await reacts(session, play.chat, second, "r9", who="Abram")

    assert shown == ["👍", "🔥", "👍", "🔥"]
    assert said.emoji(play.bot.id) == ["👍"], "what Abram wants of the other text"


async def test_who_agrees_with_what_is_shown_costs_no_request(play: Stage) -> None:
    said = play.world.says(play.juliet, play.chat, "A rose")
    async with play.connected() as session:
        for number, who in enumerate(("Abram", "Gregory", "Peter")):
            await reacts(session, play.chat, play.id(said), f"r{number}", "👍", who=who)
        calls = play.api.calls["setmessagereaction"]
        again = React(
            chat=play.room, key="r2", target=Target((play.id(said),)), reactions=("👍",), maybe_done=True,
            persona=Persona("xmpp:Peter@home.example", NetworkId("xmpp"), "Peter@home.example"),
        )  # fmt: skip
        await session.perform(again)

    assert (calls, play.api.calls["setmessagereaction"]) == (1, 2), "but it is said again when nobody knows"


async def test_whose_are_all_forbidden_hears_it_and_takes_nothing_of_others_away(play: Stage) -> None:
    group = play.world.group("Verona", play.juliet, play.bot, supergroup=True)
    said = play.world.says(play.juliet, group, "A rose")
    target = play.id(said, group)
    group.reactions = {"👍"}
    async with play.connected() as session:
        await reacts(session, group, target, "r1", "👍", who="Abram")
        calls = play.api.calls["setmessagereaction"]
        refused = await reacts(session, group, target, "r2", "🔥", who="Gregory")
        assert said.emoji(play.bot.id) == ["👍"]
        group.reactions = set()
        nothing = await reacts(session, group, target, "r3", "🎉", who="Peter")

    assert isinstance(refused, Refused)
    assert "👍" in refused.text
    assert isinstance(nothing, Refused), "what is allowed was asked for lately, and is not asked for again"
    assert (play.api.calls["setmessagereaction"], play.api.calls["getchat"]) == (calls, 1)


async def test_what_is_allowed_is_asked_for_again_when_telegram_says_otherwise_and_after_a_while(play: Stage) -> None:
    group = play.world.group("Verona", play.juliet, play.bot, supergroup=True)
    one, two = (play.world.says(play.juliet, group, text) for text in ("A rose", "by any other name"))
    workspace = play.workspace()
    async with Api(play.api.url, play.bot.token, play.http) as api:
        chats = Chats(workspace.memory)
        reactions = Reactions(About(api), workspace.memory, Trust(doubted=0.0, denied=0.0))
        speaker = Speaker(api, chats, Limits(play.pace), Stickers(api, play.folder), more={React: reactions.react})
        await reacts(speaker, group, play.id(one, group), "r1", "🔥", who="Abram")
        group.reactions = {"👍"}
        known = await reacts(speaker, group, play.id(two, group), "r2", "👍", "🔥", who="Gregory")
        shown = two.emoji(play.bot.id)
        group.reactions = {"🎉"}
        new = await reacts(speaker, group, play.id(two, group), "r3", "🎉", who="Gregory")

    assert isinstance(known, Receipt)
    assert shown == ["👍"], "🔥 was refused by Telegram itself"
    assert isinstance(new, Receipt), "what was not allowed lately is asked for"
    assert two.emoji(play.bot.id) == ["🎉"]


async def test_a_message_that_takes_none_ends_after_a_few_tries(play: Stage) -> None:
    """As what comes from a channel by itself, which has the channel's reactions."""
    said = play.world.says(play.juliet, play.chat, "A rose")
    for _ in range(9):
        play.api.faults.answer(
            "setmessagereaction", 400, {"ok": False, "error_code": 400, "description": "Bad Request: REACTION_INVALID"}
        )
    async with play.connected() as session:
        came = await reacts(
            session, play.chat, play.id(said), "r1", "👍", "❤", "🔥", "🎉", "🤔", "😁", "👏", who="Abram"
        )

    assert isinstance(came, Refused)
    assert "allows a bot no reaction to this message" in came.text
    assert play.api.calls["setmessagereaction"] == 4


async def test_what_a_chat_allows_may_be_anything(play: Stage) -> None:
    said = play.world.says(play.juliet, play.chat, "A rose")
    odd = {"ok": True, "result": {"id": play.chat.id, "type": "private", "available_reactions": [
        {"type": "emoji", "emoji": 7}, {"type": "emoji", "emoji": "🫖"}, None, {"type": "paid"},
    ]}}  # fmt: skip
    play.api.faults.answer("getchat", 200, odd)
    async with play.connected() as session:
        came = await reacts(session, play.chat, play.id(said), "r1", "👍")
        lost = await outcome(
            session.perform(React(chat=play.room, key="r2", target=Target((MessageId("s7"),)), reactions=("👍",)))
        )

    assert isinstance(came, Refused)
    assert came.text.endswith(": 🫖")
    assert isinstance(lost, Refused)


async def test_people_of_a_link_have_one_reaction_together_and_who_has_none_there_is_told(play: Stage) -> None:
    group = play.world.group("Verona", play.juliet, play.bot, supergroup=True)
    group.reactions = {"👍", "❤"}
    async with linked(play, group) as hub:
        rose = hub.says("Abram", group, "A rose")
        await play.world.until(lambda: bool(hub.by_bot(group)))
        [said] = hub.by_bot(group)
        hub.reacts("Abram", group, rose, "👍")
        hub.reacts("Gregory", group, rose, "❤️")
        await play.world.until(lambda: said.emoji(play.bot.id) == ["❤"])
        hub.reacts("Peter", group, rose, "👍")
        await play.world.until(lambda: said.emoji(play.bot.id) == ["👍"])
        refused = hub.reacts("Sampson", group, rose, "🔥")
        [told] = await hub.away.until(1, Fail)
        hub.reacts("Peter", group, rose)
        hub.reacts("Abram", group, rose)
        await play.world.until(lambda: said.emoji(play.bot.id) == ["❤"])

    assert told.target == refused
    assert told.reason is Reason.NOT_ACCEPTABLE
    assert "only these" in told.text


async def test_what_a_chat_allows_is_among_its_capabilities(play: Stage) -> None:
    """Of one of which Telegram has told nothing yet: what bots have anywhere."""
    group = play.world.group("Verona", play.juliet, play.bot, supergroup=True)
    group.reactions = {"👍", "🔥"}
    async with play.live() as (session, reader):
        play.world.says(play.juliet, group, "Well?")
        await reader.until(lambda r: "Well?" in r.texts)
        some, usual = (session.capabilities(ids.chat(number)) for number in (group.id, -1_009_999_999_999))

    assert some.allowed_reactions == ("👍", "🔥")
    assert some.reactions == usual.reactions == 1
    assert {"👍", "❤"} < set(usual.allowed_reactions or ())
