"""`help`, `logout`, `status`; who may; what nonsense gets."""

from pathlib import Path

import pytest

from bridge.contract import NetworkId, Unavailable
from bridge.hub.facades import Caller
from bridge.hub.limits import Limits
from bridge.store.accounts import end_account
from bridge.store.database import Database
from tests.support.asking import EVE, JULIET, PASSWORD, ROMEO, Scene, scene

FIELDS = "The fields are `homeserver`, `username`, `password` and `device`."
TOO_LONG = " is too long: at most 4,096 characters are possible."


async def test_help_says_what_one_can_do_in_few_words(at_desk: Scene) -> None:
    turn = await at_desk.desk.begin(ROMEO, "help", {})

    assert turn.text == (
        "This is the gateway to Matrix. Send one of these words, or use the commands of your app:\n"
        "`help`: Show what you can do here.\n"
        "`login`: Connect your own account.\n"
        "`logout`: Disconnect an account of yours; your chats are kept.\n"
        "`status`: Show your accounts, and what waits.\n"
        "`search`: Look for people and rooms.\n"
        "`contacts`: Show your contacts and rooms, or those of a name.\n"
        "`join`: Come into a room.\n"
        "`leave`: Leave a room.\n"
        "`create`: Make a room.\n"
        "`invite`: Invite somebody to talk, or to a room.\n"
        "`link`: Link a room on XMPP with one of another network.\n"
        "`unlink`: End the link of a room.\n"
        "`links`: Show links of rooms.\n"
        "`settings`: Choose what others see of you, and what you are told.\n"
        "`block`: Hear nothing of somebody, or again.\n"
        "`report`: Report somebody, or what they have said.\n"
        "`optout`: Have nothing of yours carried, or again.\n"
        "When you are logged in, people on Matrix are contacts like any others: write to them."
    )
    assert len(turn.text) <= 2_000
    assert [verb.name for verb in at_desk.desk.verbs(ROMEO)] == [
        "help", "login", "logout", "status", "search", "contacts", "join", "leave", "create", "invite", "link",
        "unlink", "links", "settings", "block", "report", "optout",
    ]  # fmt: skip


async def test_who_is_not_allowed_gets_a_sentence_and_nothing_else(at_desk: Scene) -> None:
    assert [verb.name for verb in at_desk.desk.verbs(EVE)] == ["help", "optout"]

    for verb in ("help", "login", "logout", "status", "nonsense"):
        turn = await at_desk.desk.begin(EVE, verb, {})
        assert (turn.text, turn.failed) == ("You may not use this gateway. Its operator can allow it.", True)


async def test_a_right_that_is_taken_away_ends_a_dialogue(at_desk: Scene) -> None:
    turn = await at_desk.desk.begin(ROMEO, "login", {})
    at_desk.users.clear()

    turn = await at_desk.desk.answer(ROMEO, turn.dialogue, PASSWORD)

    assert (turn.text, turn.failed) == ("You may not use this gateway. Its operator can allow it.", True)
    assert await at_desk.accounts() == []


@pytest.mark.parametrize(
    ("verb", "given", "text"),
    [
        ("frobnicate", {}, "There is no command `frobnicate`. Send `help` to see what you can do."),
        ("x" * 5_000, {}, f"There is no command `{'x' * 40}`. Send `help` to see what you can do."),
        ("", {}, "There is no command ``. Send `help` to see what you can do."),
        ("help", {"verb": "login"}, "`help` asks for nothing, so nothing can be given to it."),
        ("status", {"a": "b"}, "`status` asks for nothing, so nothing can be given to it."),
        ("login", {"password": "p" * 4_097}, "The value of `password`" + TOO_LONG),
        ("login", {str(n): "" for n in range(65)}, "That is too much at once: at most 64 fields can be sent."),
        ("logout", {}, "You are not logged in to Matrix."),
    ],
)  # fmt: skip
async def test_what_cannot_begin_is_refused_with_a_sentence(
    at_desk: Scene, verb: str, given: dict[str, str], text: str
) -> None:
    turn = await at_desk.desk.begin(ROMEO, verb, given)

    assert (turn.text, turn.form, turn.failed) == (text, None, True)


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({}, "Please fill in: Homeserver, User name, Password."),
        ({"homeserver": " ", "username": "x", "password": "p"}, "Please fill in: Homeserver."),
        ({**PASSWORD, "pasword": "p"}, f"There is no field `pasword` here. {FIELDS}"),
        ({**PASSWORD, "n" * 50: "p"}, f"There is no field `{'n' * 39}…` here. {FIELDS}"),
        ({**PASSWORD, "username": "x" * 4_097}, "The value of `username`" + TOO_LONG),
    ],
)  # fmt: skip
async def test_an_answer_that_will_not_do_is_asked_again_with_the_reason(
    at_desk: Scene, given: dict[str, str], text: str
) -> None:
    begun = await at_desk.desk.begin(ROMEO, "login", {})
    assert begun.form is not None

    turn = await at_desk.desk.answer(ROMEO, begun.dialogue, given)

    assert turn.form is not None
    assert turn.text == turn.form.text == f"{text}\nWho are you?"
    assert [field.name for field in turn.form.fields] == [field.name for field in begun.form.fields]
    assert "sesame" not in repr(turn)
    turn = await at_desk.desk.answer(ROMEO, turn.dialogue, PASSWORD)
    assert turn.text == "You are logged in to Matrix as @x:y."


async def test_what_was_typed_is_proposed_again_except_secrets(at_desk: Scene) -> None:
    turn = await at_desk.desk.begin(ROMEO, "login", {"homeserver": "y", "password": "open sesame"})

    assert turn.form is not None
    assert turn.text == "Please fill in: User name.\nWho are you?"
    assert [field.value for field in turn.form.fields] == ["y", "", "", ""]


async def test_a_misspelt_field_is_named_at_once(at_desk: Scene) -> None:
    turn = await at_desk.desk.begin(ROMEO, "login", {"user": "x"})

    assert turn.text.startswith("There is no field `user` here. The fields are `homeserver`,")


async def test_a_dialogue_belongs_to_who_began_it_and_where(at_desk: Scene) -> None:
    turn = await at_desk.desk.begin(ROMEO, "login", {})

    for stranger in (JULIET, Caller(ROMEO.user, NetworkId("telegram"))):
        answer = await at_desk.desk.answer(stranger, turn.dialogue, PASSWORD)
        cancel = at_desk.desk.cancel(stranger, turn.dialogue)
        assert answer.text == cancel.text == "This dialogue is over, or it never was. Begin again."
        assert answer.failed
        assert cancel.failed

    turn = await at_desk.desk.answer(ROMEO, turn.dialogue, PASSWORD)
    assert turn.text == "You are logged in to Matrix as @x:y."


async def test_a_fourth_dialogue_ends_the_oldest(at_desk: Scene) -> None:
    open_ones = [await at_desk.desk.begin(ROMEO, "login", {}) for _ in range(3)]
    hers = await at_desk.desk.begin(JULIET, "login", {})

    fourth = await at_desk.desk.begin(ROMEO, "login", {})

    assert fourth.form is not None
    assert (await at_desk.desk.answer(ROMEO, open_ones[0].dialogue, {})).failed
    for turn, caller in ((open_ones[1], ROMEO), (open_ones[2], ROMEO), (fourth, ROMEO), (hers, JULIET)):
        assert (await at_desk.desk.answer(caller, turn.dialogue, {})).form is not None


async def test_an_unknown_gateway_is_refused(at_desk: Scene) -> None:
    turn = await at_desk.desk.begin(Caller(ROMEO.user, NetworkId("icq")), "help", {})

    assert (turn.text, turn.failed) == ("There is no gateway here.", True)


async def test_logout_ends_the_session_here_and_there_and_keeps_the_account(at_desk: Scene) -> None:
    identity = await at_desk.log_in()

    turn = await at_desk.desk.begin(ROMEO, "logout", {})

    assert (turn.text, turn.failed) == (
        "You are logged out of Matrix (@x:y). Your chats are kept for when you log in again.",
        False,
    )
    assert at_desk.sessions.calls == [("start", identity), ("stop", identity)]
    [account] = at_desk.connector.logged_out
    assert (account.id, account.me, account.secret) == (identity, "@x:y", {"token": "token of @x:y"})
    [row] = await at_desk.accounts()
    assert (row.id, row.active, row.secret) == (identity, False, b"")


async def test_logout_ends_here_even_if_the_network_cannot_be_told(at_desk: Scene) -> None:
    await at_desk.log_in()
    at_desk.connector.trouble = Unavailable("The homeserver does not answer.")

    turn = await at_desk.desk.begin(ROMEO, "logout", {})

    assert not turn.failed
    assert turn.text == (
        "You are logged out of Matrix (@x:y). Your chats are kept for when you log in again.\n"
        "Matrix could not be told: The homeserver does not answer.\n"
        "To be sure, end this session in another Matrix app, or change your password."
    )
    [row] = await at_desk.accounts()
    assert not row.active


async def test_a_fault_of_the_connector_at_logout_still_ends_the_account_here(at_desk: Scene) -> None:
    await at_desk.log_in()
    at_desk.connector.trouble = KeyError("bug")

    turn = await at_desk.desk.begin(ROMEO, "logout", {})

    assert turn.failed
    assert turn.text.startswith("Something is wrong in the gateway, and `logout` had to be ended.")
    [row] = await at_desk.accounts()
    assert (row.active, row.secret) == (False, b"")


async def test_logout_asks_which_of_several_accounts(at_desk: Scene) -> None:
    await at_desk.log_in("x")
    await at_desk.log_in("z")

    turn = await at_desk.desk.begin(ROMEO, "logout", {})
    assert turn.form is not None
    assert turn.text == "You have several accounts: @x:y, @z:y. Which one do you want to log out?"
    assert [(field.name, field.options) for field in turn.form.fields] == [("account", (("@x:y", "x"), ("@z:y", "z")))]

    turn = await at_desk.desk.answer(ROMEO, turn.dialogue, {"account": "@z:y"})
    assert turn.text.startswith("You are logged out of Matrix (@z:y).")
    assert [(row.me, row.active) for row in await at_desk.accounts()] == [("@x:y", True), ("@z:y", False)]


async def test_logout_never_takes_another_account_than_the_named_one(at_desk: Scene) -> None:
    await at_desk.log_in("x")

    turn = await at_desk.desk.begin(ROMEO, "logout", {"account": "@z:y"})
    assert turn.text == "You are not logged in to Matrix with that account, only as @x:y."
    turn = await at_desk.desk.begin(ROMEO, "logout", {"acount": "@z:y"})
    assert turn.text == "The only field here is `account`."

    assert [row.active for row in await at_desk.accounts()] == [True]


async def test_status_before_any_login_says_how_to_begin(at_desk: Scene) -> None:
    turn = await at_desk.desk.begin(ROMEO, "status", {})

    assert turn.text == "You are not logged in to Matrix. Send `login` to connect your account."


async def test_status_tells_each_account_why_it_is_away_and_what_waits(at_desk: Scene) -> None:
    await at_desk.log_in("x")
    away = await at_desk.log_in("z")
    ended = await at_desk.log_in("w")
    at_desk.sessions.states[away] = (False, "The homeserver does not answer.")
    await at_desk.database.write(
        lambda c: end_account(c, ended, "Matrix no longer accepts your login. Send `login` to sign in again.")
    )
    at_desk.sessions.waiting = (1_234, 7_300.0)

    turn = await at_desk.desk.begin(ROMEO, "status", {})

    assert turn.text == (
        "Your accounts on Matrix:\n"
        "@x:y: connected.\n"
        "@z:y: not connected. The homeserver does not answer.\n"
        "@w:y: logged out. Matrix no longer accepts your login. Send `login` to sign in again.\n"
        "1,234 messages are waiting, the oldest for 2 hours."
    )


async def test_status_after_logout_says_how_to_come_back(at_desk: Scene) -> None:
    await at_desk.log_in("x")
    await at_desk.desk.begin(ROMEO, "logout", {})
    at_desk.sessions.waiting = (1, 59.0)

    turn = await at_desk.desk.begin(ROMEO, "status", {})

    assert turn.text == (
        "Your accounts on Matrix:\n"
        "@x:y: logged out.\n"
        "You are not logged in to Matrix. Send `login` to sign in again.\n"
        "1 message has been waiting for 59 seconds."
    )


async def test_too_many_commands_have_to_wait(database: Database, tmp_path: Path) -> None:
    async with scene(database, tmp_path, limits=Limits(commands=3)) as at_desk:
        for _ in range(3):
            assert not (await at_desk.desk.begin(ROMEO, "status", {})).failed
            at_desk.clock.now += 10

        turn = await at_desk.desk.begin(ROMEO, "status", {})

        assert (turn.text, turn.failed) == ("Those are too many commands. You can go on in 30 seconds.", True)
        assert not (await at_desk.desk.begin(JULIET, "status", {})).failed
        at_desk.clock.now += 30
        assert not (await at_desk.desk.begin(ROMEO, "status", {})).failed
