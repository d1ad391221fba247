"""`contacts`, `search`, `invite`, `block`, `report`, `settings`, and what admins may do: by the desk alone."""

import pytest

from bridge.contract import ChatId, Contact, ContactId, Invite, Listed, Reason, Refused
from bridge.hub.facades import Room
from bridge.hub.found import FoundRoom, FoundRooms
from bridge.store import people as stored
from bridge.store.ledger import Ledger
from tests.support.asking import JULIET, NETWORK, NURSE, ROMEO, Scene

VERONA = Room(ChatId("#verona%y@matrix.example"), NETWORK, "Verona", "")


async def done(scene: Scene, verb: str, given: dict[str, str], failed: bool = False) -> str:
    turn = await scene.desk.begin(ROMEO, verb, given)
    assert turn.form is None, turn
    assert turn.failed is failed, turn.text
    return turn.text


async def meet(scene: Scene, *people: Contact) -> None:
    """Romeo has chats with these."""
    account = await scene.log_in()

    def write(connection: object) -> None:
        ledger = Ledger()
        ledger.directory.use(connection)  # type: ignore[arg-type]
        for number, one in enumerate(people):
            ledger.directory.accounts.set_direct(account, one.id, number + 1)
        stored.remember(connection, {(account, one.id): one for one in people})  # type: ignore[arg-type]

    await scene.database.write(write)


async def test_contacts_and_rooms_are_told_with_their_addresses(at_desk: Scene) -> None:
    assert await done(at_desk, "contacts", {}) == (
        "You have no contacts on Matrix yet. Send `search` to look for people and rooms."
    )
    await meet(at_desk, Contact(ContactId("@juliet:y"), "Juliet"), Contact(ContactId("@nurse:y")))
    at_desk.doors.known = [VERONA]

    assert await done(at_desk, "contacts", {}) == (
        "Your contacts on Matrix:\nnurse%y@matrix.example\nJuliet: juliet%y@matrix.example\n"
        "Your rooms:\nVerona: #verona%y@matrix.example"
    )
    assert await done(at_desk, "contacts", {"name": "JUL"}) == (
        "Your contacts on Matrix:\nJuliet: juliet%y@matrix.example"
    )
    assert "is called like this" in await done(at_desk, "contacts", {"name": "tybalt"})
    assert await done(at_desk, "contacts", {"nme": "x"}, failed=True) == "The only field here is `name`."


async def test_thousands_of_contacts_are_cut_with_a_word(at_desk: Scene) -> None:
    await meet(at_desk, *(Contact(ContactId(f"@{n}:y"), f"Capulet {n}") for n in range(1_200)))

    text = await done(at_desk, "contacts", {})

    assert text.endswith("… and 1,100 more. Give a part of a name: `contacts NAME`.")
    assert text.count("\n") == 101


async def test_search_shows_people_and_rooms(at_desk: Scene) -> None:
    at_desk.directory.people_found = [Contact(ContactId("@juliet:y"), "Juliet")]
    at_desk.directory.rooms_found = FoundRooms(
        [
            FoundRoom(Listed(ChatId("!1:y"), "Verona", people=1_200, alias="#verona%y"), VERONA.jid),
            FoundRoom(Listed(ChatId("!2:y"), "Houses", people=1, space=True), None),
        ],
        "more",
    )

    assert await done(at_desk, "search", {"text": "ver"}) == (
        "People:\nJuliet: juliet%y@matrix.example\n"
        "Rooms that anybody may come into (with `join`, or in your app):\n"
        "Verona (1,200 people): #verona%y@matrix.example\n"
        "Houses (a space, 1 person): !2:y\n"
        "… and more. Type more of the name."
    )
    await done(at_desk, "search", {"text": "ver", "server": "elsewhere.example"})
    assert at_desk.directory.asked == [("ver",), ("ver", ""), ("ver", "elsewhere.example")]


async def test_search_of_who_is_not_logged_in_says_so(at_desk: Scene) -> None:
    at_desk.directory.refuses = Refused("You are not logged in. Send `login` first.", Reason.NOT_LOGGED_IN)

    assert await done(at_desk, "search", {"text": "x"}, failed=True) == "You are not logged in. Send `login` first."


async def test_invite_by_name_and_address(at_desk: Scene) -> None:
    await meet(at_desk, Contact(ContactId("@juliet:y"), "Juliet"))
    at_desk.doors.known = [VERONA]

    assert await done(at_desk, "invite", {"whom": "juliet", "room": "verona"}) == "@juliet:y is invited to Verona."
    await done(at_desk, "invite", {"whom": "nurse%y@matrix.example", "room": VERONA.jid, "reason": "Hie!"})

    assert at_desk.doors.wishes == [
        Invite(chat=VERONA.jid, key="-", whom=ContactId("@juliet:y")),
        Invite(chat=VERONA.jid, key="-", whom=ContactId("@nurse:y"), reason="Hie!"),
    ]


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"whom": "nobody", "room": "verona"}, "`nobody` is nobody whom you know, and no address on Matrix."),
        ({"whom": "x\ny" * 60, "room": "verona"}, "is nobody whom you know"),
        ({"whom": "@juliet:y", "room": "mantua"}, "You are in no such room."),
        ({"whom": "same", "room": "verona"}, "Several people are called so. Give the address of the one that you mean"),
    ],
)
async def test_whom_and_what_nobody_knows(at_desk: Scene, given: dict[str, str], text: str) -> None:
    await meet(at_desk, Contact(ContactId("@a:y"), "Same"), Contact(ContactId("@b:y"), "same"))
    at_desk.doors.known = [VERONA]

    assert text in await done(at_desk, "invite", given, failed=True)
    assert at_desk.doors.wishes == []


async def test_block_and_not_any_more(at_desk: Scene) -> None:
    assert "Send `block @tybalt:y off` if you change your mind." in await done(at_desk, "block", {"whom": "@tybalt:y"})
    assert await done(at_desk, "block", {"whom": "@tybalt:y", "blocked": "off"}) == "You hear of @tybalt:y again."

    assert at_desk.directory.blocked == [("@tybalt:y", True), ("@tybalt:y", False)]


async def test_report_says_what_was_reported(at_desk: Scene) -> None:
    at_desk.doors.known = [VERONA]

    said = await done(at_desk, "report", {"whom": "@tybalt:y", "reason": "He bites his thumb.", "room": "verona"})
    assert said.startswith("The last message of @tybalt:y was reported.")
    at_desk.directory.said = False
    assert (await done(at_desk, "report", {"whom": "@tybalt:y", "reason": "x"})).startswith("@tybalt:y was reported.")

    assert at_desk.directory.reported == [("@tybalt:y", VERONA.jid, "He bites his thumb."), ("@tybalt:y", "", "x")]


async def test_settings_for_all_chats_and_one(at_desk: Scene) -> None:
    at_desk.doors.known = [VERONA]
    assert at_desk.people is not None
    choices = at_desk.people.choices

    text = await done(at_desk, "settings", {"typing": "off", "picture": "on"})
    assert "Others see that you are writing (`typing`): no." in text
    assert "Others see the picture of your XMPP account (`picture`): yes." in text
    await done(at_desk, "settings", {"chat": "verona", "typing": "on", "receipts": "off"})

    await choices.load()  # as after a start
    assert not choices.on(ROMEO.user, NETWORK, "typing")
    assert choices.on(ROMEO.user, NETWORK, "typing", VERONA.jid)
    assert not choices.on(ROMEO.user, NETWORK, "receipts", VERONA.jid)
    assert choices.on(ROMEO.user, NETWORK, "receipts")
    assert choices.on(JULIET.user, NETWORK, "typing")

    await done(at_desk, "settings", {"chat": "verona", "typing": "same"})
    assert not choices.on(ROMEO.user, NETWORK, "typing", VERONA.jid)


async def test_settings_ask_for_the_chat_and_show_what_is_chosen(at_desk: Scene) -> None:
    await at_desk.log_in("x")
    await at_desk.log_in("z")

    turn = await at_desk.desk.begin(ROMEO, "settings", {})
    assert turn.form is not None
    assert "Others see what you have read (`receipts`): yes." in turn.text
    turn = await at_desk.desk.answer(ROMEO, turn.dialogue, {"chat": ""})
    assert turn.form is not None
    assert [(one.name, one.value) for one in turn.form.fields] == [
        ("receipts", "on"), ("typing", "on"), ("presence", "on"), ("mentions", "on"),
        ("joins", "off"), ("picture", "off"), ("account", "same"),
    ]  # fmt: skip
    turn = await at_desk.desk.answer(ROMEO, turn.dialogue, {"account": "@z:y", "presence": ""})

    assert turn.text.endswith("Account that is used (`account`): @z:y.")


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"typing": "perhaps"}, "`perhaps` cannot be chosen for Others see that you are writing."),
        ({"colour": "red"}, "There is no field `colour` here."),
        ({"chat": "@juliet:y", "presence": "off"}, "There is no field `presence` here."),
        ({"account": "@stranger:y"}, "There is no field `account` here."),
    ],
)
async def test_settings_that_there_are_not(at_desk: Scene, given: dict[str, str], text: str) -> None:
    turn = await at_desk.desk.begin(ROMEO, "settings", given)

    assert turn.form is not None
    assert turn.text.startswith(text)


async def test_settings_of_too_many_chats_are_refused(at_desk: Scene) -> None:
    assert at_desk.people is not None
    for number in range(1_000):
        at_desk.people.choices._settings.setdefault((ROMEO.user, NETWORK), {})[str(number), "typing"] = "off"

    assert "for too many chats" in await done(at_desk, "settings", {"chat": "@juliet:y", "typing": "off"}, failed=True)


@pytest.mark.parametrize("verb", ["users", "accounts", "dead", "announce"])
async def test_what_admins_may_others_do_not_even_have(at_desk: Scene, verb: str) -> None:
    assert verb not in [one.name for one in at_desk.desk.verbs(ROMEO)]
    assert verb in [one.name for one in at_desk.desk.verbs(NURSE)]

    assert await done(at_desk, verb, {}, failed=True) == (
        f"There is no command `{verb}`. Send `help` to see what you can do."
    )


async def test_admins_see_users_and_log_accounts_out(at_desk: Scene) -> None:
    number = await at_desk.log_in("x")

    users = await at_desk.desk.begin(NURSE, "users", {})
    assert users.text == "Users of this gateway:\nromeo@example.org: @x:y (connected)"
    shown = await at_desk.desk.begin(NURSE, "accounts", {})
    assert f"{number}: @x:y, of romeo@example.org, connected" in shown.text
    wrong = await at_desk.desk.begin(NURSE, "accounts", {"remove": f"{number}1"})
    assert wrong.failed
    gone = await at_desk.desk.begin(NURSE, "accounts", {"remove": str(number)})

    assert "is logged out. Its chats are kept" in gone.text
    assert [row.active for row in await at_desk.accounts()] == [False]


async def test_admins_announce(at_desk: Scene) -> None:
    await at_desk.log_in("x")
    await at_desk.log_in("j", JULIET)

    turn = await at_desk.desk.begin(NURSE, "announce", {"text": "The Prince comes."})

    assert turn.text == "2 of 2 users were told."
    assert at_desk.directory.announced == [
        ("juliet@example.org", "The Prince comes."),
        ("romeo@example.org", "The Prince comes."),
    ]


async def test_an_admin_that_is_none_any_more_loses_the_dialogue(at_desk: Scene) -> None:
    await at_desk.log_in("x")
    turn = await at_desk.desk.begin(NURSE, "announce", {})
    assert turn.form is not None
    at_desk.admins.clear()

    turn = await at_desk.desk.answer(NURSE, turn.dialogue, {"text": "Ha!"})

    assert (turn.text, turn.failed) == ("You are no admin of this gateway any more.", True)
    assert at_desk.directory.announced == []


async def test_dead_without_anything_says_so(at_desk: Scene) -> None:
    turn = await at_desk.desk.begin(NURSE, "dead", {})

    assert turn.text == "Everything here was delivered and understood."
