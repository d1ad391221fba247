"""Every kind of content that a message of Telegram can have, over the wire: as what it is, or as a line for people.

The kinds are those that the library knows (`telegram.constants.MessageType`, the fields of `telegram.Message`), so one
that comes with a newer library fails here until it is told.
"""

import asyncio
import inspect
from pathlib import Path
from typing import Any

import pytest
import telegram
from telegram.constants import MessageType

from bridge.contract import ChatSeen, MediaKind, MessageId, MessageReceived, OccupantChanged, Style, Unparsable
from connectors.telegram import happenings, lines
from connectors.telegram.files import FILES
from tests.support.botapi.state import Stored
from tests.telegram.stage import stage

TEXT = "So far I have lived in hope."
NURSE = {"id": 7, "is_bot": False, "first_name": "Nurse"}
PETER = {"id": 8, "is_bot": False, "first_name": "Peter", "last_name": "Simple"}
CHANNEL = {"id": -1001234567890, "type": "channel", "title": "News of Verona"}
AT = 1_900_000_000  # 2030-03-17 17:46:40 UTC
FILE = Stored("x", "application/octet-stream", b"x", "files/x")
STAR = {"currency": "XTR", "amount": 5}
LIST = {"title": "To do", "tasks": [
    {"id": 1, "text": "Call her"}, {"id": 2, "text": "Buy poison", "completion_date": AT, "completed_by_user": NURSE}
]}  # fmt: skip
UNIQUE = {"base_name": "Rose", "name": "Rose-12", "number": 12, "gift_id": "5", "model": {}, "symbol": {}}
PAYMENT = {"currency": "XTR", "total_amount": 50, "invoice_payload": "secret", "telegram_payment_charge_id": "1"}

# By kind: what else the message has, and what becomes of it: a text, a kind of file, or nothing that is said.
CASES: dict[str, tuple[dict[str, Any], str | MediaKind | None]] = {
    # what people say
    "text": ({"text": TEXT}, TEXT),
    "photo": ({"photo": [{"file": FILE, "width": 9, "height": 9}]}, MediaKind.IMAGE),
    "live_photo": ({"live_photo": {"file": FILE}, "photo": [{"file": FILE, "width": 9}]}, MediaKind.IMAGE),
    "animation": ({"animation": {"file": FILE}, "document": {"file": FILE}}, MediaKind.VIDEO),
    "video": ({"video": {"file": FILE}}, MediaKind.VIDEO),
    "video_note": ({"video_note": {"file": FILE, "length": 9}}, MediaKind.VIDEO),
    "audio": ({"audio": {"file": FILE}}, MediaKind.AUDIO),
    "voice": ({"voice": {"file": FILE}}, MediaKind.VOICE),
    "document": ({"document": {"file": FILE}}, MediaKind.FILE),
    "sticker": ({"sticker": {"file": FILE, "emoji": "😍"}}, MediaKind.STICKER),
    "contact": ({"contact": {"first_name": "Friar", "phone_number": "+39 1"}}, "[Contact: Friar, +39 1]"),
    "location": ({"location": {"latitude": 45.4384, "longitude": 10.9916}}, "Location: geo:45.4384,10.9916"),
    "venue": (
        {"venue": {"location": {"latitude": 45.4384, "longitude": 10.9916}, "title": "Arena", "address": "Piazza Bra"},
         "location": {"latitude": 45.4384, "longitude": 10.9916}},
        "Arena, Piazza Bra geo:45.4384,10.9916",
    ),
    "poll": (
        {"poll": {"type": "quiz", "question": "Who?", "options": [{"text": "Montague"}, {"text": "Capulet"}]}},
        "[Quiz: Who?]\n- Montague\n- Capulet",
    ),
    "dice": ({"dice": {"emoji": "🎯", "value": 6}}, "🎯 6"),
    "game": ({"game": {"title": "Chess", "description": "for two", "photo": []}}, "[Game: Chess, for two]"),
    "story": (
        {"story": {"chat": CHANNEL, "id": 3}}, "[A story of News of Verona, which can be seen in Telegram apps]"
    ),
    "checklist": ({"checklist": LIST}, "[Checklist: To do]\n- Call her\n- Buy poison (done)"),
    "invoice": (
        {"invoice": {"title": "Ring", "description": "gold", "start_parameter": "x", "currency": "EUR",
                     "total_amount": 100}},
        "[Invoice: Ring, gold, EUR]",
    ),
    "paid_media": (
        {"paid_media": {"star_count": 50, "paid_media": [{"type": "preview"}, {"type": "video", "video": {}}]}},
        "[Something and a video that can be seen in Telegram apps for 50 Stars]",
    ),
    "giveaway": (
        {"giveaway": {"chats": [CHANNEL], "winners_selection_date": AT, "winner_count": 3,
                      "premium_subscription_month_count": 1, "prize_description": "a rose"}},
        "[Giveaway: 1 month of Telegram Premium and a rose for 3 winners, who are drawn at 2030-03-17 17:46 UTC. "
        "Who takes part: members of News of Verona.]",
    ),
    "giveaway_winners": (
        {"giveaway_winners": {"chat": CHANNEL, "giveaway_message_id": 3, "winners_selection_date": AT,
                              "winner_count": 2, "winners": [NURSE, PETER], "prize_star_count": 100}},
        "[Giveaway: 100 Stars have been won by Nurse and Peter Simple.]",
    ),
    # what happens
    "pinned_message": ({"pinned_message": {"message_id": 1, "text": "Rules"}}, "has pinned a message: Rules"),
    "new_chat_photo": ({"new_chat_photo": []}, "has changed the group's picture."),
    "delete_chat_photo": ({"delete_chat_photo": True}, "has removed the group's picture."),
    "message_auto_delete_timer_changed": (
        {"message_auto_delete_timer_changed": {"message_auto_delete_time": 86_400}},
        "has Telegram delete messages by themselves after 1 day.",
    ),
    "video_chat_scheduled": (
        {"video_chat_scheduled": {"start_date": AT}}, "has planned a video chat for 2030-03-17 17:46 UTC."
    ),
    "video_chat_started": (
        {"video_chat_started": {}}, "has begun a video chat, in which people with Telegram can take part."
    ),
    "video_chat_ended": ({"video_chat_ended": {"duration": 180}}, "The video chat has ended after 3 minutes."),
    "video_chat_participants_invited": (
        {"video_chat_participants_invited": {"users": [NURSE, PETER]}},
        "has invited Nurse and Peter Simple to the video chat.",
    ),
    "forum_topic_created": ({"forum_topic_created": {"name": "Love", "icon_color": 1}}, "[Topic: Love]"),
    "forum_topic_edited": ({"forum_topic_edited": {"name": "Hate"}}, "[Topic changed: Hate]"),
    "forum_topic_closed": ({"forum_topic_closed": {}}, "has closed the topic."),
    "forum_topic_reopened": ({"forum_topic_reopened": {}}, "has opened the topic again."),
    "general_forum_topic_hidden": ({"general_forum_topic_hidden": {}}, "has hidden the general topic."),
    "general_forum_topic_unhidden": ({"general_forum_topic_unhidden": {}}, "shows the general topic again."),
    "boost_added": ({"boost_added": {"boost_count": 4}}, "has boosted the group 4 times."),
    "chat_background_set": ({"chat_background_set": {"type": {}}}, "has changed the chat's background."),
    "gift": (
        {"gift": {"gift": {"id": "5", "sticker": {"emoji": "🌹"}, "star_count": 15}, "text": "For you"}},
        "has sent a gift 🌹 worth 15 Stars: For you",
    ),
    "unique_gift": ({"unique_gift": {"gift": UNIQUE, "origin": "transfer"}}, "has passed a unique gift on: Rose #12"),
    "gift_upgrade_sent": ({"gift_upgrade_sent": {"gift": {}}}, "has paid for making a gift unique."),
    "giveaway_created": ({"giveaway_created": {"prize_star_count": 500}}, "has begun a giveaway of 500 Stars."),
    "giveaway_completed": (
        {"giveaway_completed": {"winner_count": 2, "unclaimed_prize_count": 1}},
        "The giveaway has ended. 2 people won. 1 prize went to nobody.",
    ),
    "checklist_tasks_done": (
        {"checklist_tasks_done": {"checklist_message": {"message_id": 1, "checklist": LIST},
                                  "marked_as_done_task_ids": [1], "marked_as_not_done_task_ids": [2, 9]}},
        "has marked 1 task as done: Call her; has marked 2 tasks as not done: Buy poison",
    ),
    "checklist_tasks_added": (
        {"checklist_tasks_added": {"tasks": [{"id": 3, "text": "Flee"}]}}, "has added to a checklist: Flee"
    ),
    "users_shared": (
        {"users_shared": {"request_id": 1, "users": [{"user_id": 7, "first_name": "Nurse"}]}},
        "has told the bot of Nurse.",
    ),
    "chat_shared": (
        {"chat_shared": {"request_id": 1, "chat_id": -7, "title": "Verona"}}, "has told the bot of Verona."
    ),
    "write_access_allowed": (
        {"write_access_allowed": {"web_app_name": "Balcony"}}, "has allowed the bot to write to them, by Balcony."
    ),
    "connected_website": (
        {"connected_website": "verona.example"}, "has logged in to verona.example with Telegram."
    ),
    "web_app_data": (
        {"web_app_data": {"data": "secret", "button_text": "Vow"}},
        "has sent data to the bot by “Vow”, which is not passed on.",
    ),
    "passport_data": (
        {"passport_data": {"data": [{"type": "passport", "hash": "secret"}], "credentials": {}}},
        "has sent documents by Telegram Passport, which are not passed on.",
    ),
    "proximity_alert_triggered": (
        {"proximity_alert_triggered": {"traveler": NURSE, "watcher": PETER, "distance": 50}},
        "Nurse is within 50 metres of Peter Simple.",
    ),
    "successful_payment": ({"successful_payment": PAYMENT}, "has paid 50 Stars."),
    "refunded_payment": ({"refunded_payment": PAYMENT}, "The bot has given back a payment of 50 Stars."),
    "paid_message_price_changed": (
        {"paid_message_price_changed": {"paid_message_star_count": 1}}, "A message costs 1 Star here from now on."
    ),
    "direct_message_price_changed": (
        {"direct_message_price_changed": {"are_direct_messages_enabled": True, "direct_message_star_count": 2}},
        "A direct message to the channel costs 2 Stars from now on.",
    ),
    "chat_owner_changed": ({"chat_owner_changed": {"new_owner": NURSE}}, "Nurse owns the group now."),
    "chat_owner_left": (
        {"chat_owner_left": {"new_owner": PETER}}, "The owner has left. Peter Simple will own the group."
    ),
    "managed_bot_created": ({"managed_bot_created": {"bot": {"id": 9, "first_name": "Page"}}}, "has made a bot: Page"),
    "poll_option_added": (
        {"poll_option_added": {"option_persistent_id": "1", "option_text": "Prince"}}, "has added to a poll: Prince"
    ),
    "poll_option_deleted": (
        {"poll_option_deleted": {"option_persistent_id": "1", "option_text": "Prince"}}, "has taken from a poll: Prince"
    ),
    "suggested_post_approved": (
        {"suggested_post_approved": {"send_date": AT, "price": STAR}},
        "has approved the suggested post for 5 Stars, to appear at 2030-03-17 17:46 UTC.",
    ),
    "suggested_post_approval_failed": (
        {"suggested_post_approval_failed": {"price": {"currency": "TON", "amount": 2_500_000_000}}},
        "The suggested post could not be approved: whoever suggested it cannot pay 2.5 TON.",
    ),
    "suggested_post_declined": (
        {"suggested_post_declined": {"comment": "Too long"}}, "has declined the suggested post: Too long"
    ),
    "suggested_post_paid": (
        {"suggested_post_paid": {"currency": "XTR", "star_amount": {"amount": 4}}},
        "The suggested post was paid with 4 Stars."
    ),
    "suggested_post_refunded": (
        {"suggested_post_refunded": {"reason": "post_deleted"}},
        "The suggested post was not paid after all, because the post was deleted.",
    ),
    # what comes with a message, and changes nothing in what it says
    "business_connection_id": ({"text": TEXT, "business_connection_id": "abc"}, TEXT),
    "effect_id": ({"text": TEXT, "effect_id": "5104841245755180586"}, TEXT),
    "sender_boost_count": ({"text": TEXT, "sender_boost_count": 2}, TEXT),
    "sender_business_bot": ({"text": TEXT, "sender_business_bot": {"id": 9, "is_bot": True, "first_name": "B"}}, TEXT),
    "suggested_post_info": ({"text": TEXT, "suggested_post_info": {"state": "pending", "price": STAR}}, TEXT),
    "reply_to_story": ({"text": TEXT, "reply_to_story": {"chat": CHANNEL, "id": 3}}, TEXT),
    # what is told otherwise: as who is in a room, as what it is called, as where it is now
    "new_chat_members": ({"new_chat_members": [NURSE]}, None),
    "left_chat_member": ({"left_chat_member": NURSE}, None),
    "new_chat_title": ({"new_chat_title": "Fair Verona"}, None),
    "group_chat_created": ({"group_chat_created": True}, None),
    "supergroup_chat_created": ({"supergroup_chat_created": True}, None),
    "channel_chat_created": ({"channel_chat_created": True}, None),
    "migrate_to_chat_id": ({"migrate_to_chat_id": -1001234567899}, None),
}  # fmt: skip
BARE = sorted(happenings.LINES.keys() | lines.CONTENT.keys())
ODD: tuple[object, ...] = ({}, [], "x", None, {"title": 7, "users": [None], "tasks": [[]], "gift": 1, "chats": {}})
Came = dict[str, list[MessageReceived]]


@pytest.fixture(scope="module")
def came(tmp_path_factory: pytest.TempPathFactory) -> Came:
    """Everything, said one after the other: what came of each."""
    return asyncio.run(_play(tmp_path_factory.mktemp("contents")))


async def _play(folder: Path) -> Came:
    names: dict[MessageId, str] = {}
    async with stage(folder) as play, play.live() as (_, reader):
        world, juliet = play.world, play.juliet
        square = world.group("Verona", juliet, play.bot, supergroup=True)
        for kind, (content, _) in CASES.items():
            where = world.group(kind, juliet, play.bot) if kind.startswith("migrate") else square
            said = world.says(juliet, where, **content)
            names[play.id(said, where)] = kind
        said = world.says(juliet, square, brand_new={"of": 2031}, sender_tag="x")
        names[play.id(said, square)] = "brand_new"
        for kind in BARE:
            for number, odd in enumerate(ODD):
                said = world.says(juliet, square, **{kind: odd})
                names[play.id(said, square)] = f"odd {number} {kind}"
        world.says(juliet, square, "END")
        await reader.until(lambda r: "END" in r.texts)

    assert reader.of(Unparsable) == []
    assert {e.name for e in reader.of(ChatSeen)} >= {"Verona"}
    nurse = [e.occupant.membership for e in reader.of(OccupantChanged) if e.occupant.contact.name == "Nurse"]
    assert len(nurse) == 2, "she came and went"
    found: Came = {name: [] for name in names.values()}
    for event in reader.of(MessageReceived):
        if event.id in names:
            found[names[event.id]].append(event)
    return found


@pytest.mark.parametrize("kind", list(CASES))
def test_each_kind_is_told(came: Came, kind: str) -> None:
    expected = CASES[kind][1]
    events = came[kind]

    assert len(events) == (0 if expected is None else 1)
    for event in events:
        said = event.message
        if isinstance(expected, MediaKind):
            assert [one.kind for one in said.media] == [expected]
            assert said.text == ""
        else:
            assert (said.text, said.media) == (expected, ())
        assert "secret" not in said.text


def test_what_happens_is_told_apart_from_what_people_say(came: Came) -> None:
    styles = {kind: came[kind][0].message.style for kind in CASES if came[kind]}

    assert {styles[kind] for kind in happenings.LINES} == {Style.NOTICE}
    assert {styles[kind] for kind in ("text", "location", "venue")} == {Style.TEXT}


def test_an_answer_to_a_story_says_so(came: Came) -> None:
    quote = came["reply_to_story"][0].message.quote

    assert quote is not None
    assert quote.text == "[A story of News of Verona, which can be seen in Telegram apps]"


def test_what_nobody_knows_is_named(came: Came) -> None:
    [event] = came["brand_new"]

    assert (event.message.text, event.message.style) == ("[unsupported: brand_new]", Style.NOTICE)


@pytest.mark.parametrize("kind", BARE)
def test_whatever_stands_in_it_there_is_a_line(came: Came, kind: str) -> None:
    for number in range(len(ODD)):
        [event] = came[f"odd {number} {kind}"]
        assert event.message.text.strip()
        assert "None" not in event.message.text


def test_every_kind_that_the_library_knows_is_here() -> None:
    assert {str(one.value) for one in MessageType} - CASES.keys() == set()


def test_every_field_of_a_message_that_the_library_knows_has_its_place() -> None:
    fields = set(inspect.signature(telegram.Message.__init__).parameters) - {"self", "from_user", "api_kwargs"}
    told = CASES.keys() | FILES.keys() | lines.CONTENT.keys() | happenings.LINES.keys()

    assert fields - told - happenings.AROUND - happenings.SILENT == set()
