"""Logging in and out by chat, by form and by in-band registration has the same result, and the same words."""

from collections.abc import Awaitable, Callable
from xml.sax.saxutils import escape

import pytest

from tests.scenarios.conftest import PASSWORD, Play
from tests.support.commands import COMMANDS, answer_form, execute
from tests.support.gateway import MEMORY
from tests.support.xmpp_client import error_of

REGISTER = "jabber:iq:register"
Way = Callable[[Play, str, dict[str, str]], Awaitable[str]]
"""Gives a command with its answers; what was said at the end."""


async def by_chat(play: Play, verb: str, answers: dict[str, str]) -> str:
    said = await play.ask(verb)
    for answer in answers.values():
        said = await play.ask(answer)
    if said.endswith("Send `cancel` to stop."):
        await play.ask("cancel")
    return said


async def by_form(play: Play, verb: str, answers: dict[str, str]) -> str:
    return (await execute(play.app, MEMORY, verb, *([answers] if answers else []))).text


async def by_registration(play: Play, verb: str, answers: dict[str, str]) -> str:
    content = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in answers.items())
    return await registered(play, content if verb == "login" else "<remove/>")


async def by_registration_with_a_form(play: Play, verb: str, answers: dict[str, str]) -> str:
    fields = "".join(f"<field var='{k}'><value>{escape(v)}</value></field>" for k, v in answers.items())
    form = f"<x xmlns='jabber:x:data' type='submit'>{fields}</x>"
    return await registered(play, form if verb == "login" else "<remove/>")


async def registered(play: Play, content: str) -> str:
    answer = await play.app.iq(MEMORY, "set", f"<query xmlns='{REGISTER}'>{content}</query>")
    return error_of(answer)[1] if answer.get("type") == "error" else ""


async def known(play: Play) -> bool:
    """Whether the gateway says that one is registered."""
    answer = await play.app.iq(MEMORY, "get", f"<query xmlns='{REGISTER}'/>")
    assert answer.find(f"{{{REGISTER}}}query/{{{REGISTER}}}password") is not None
    return answer.find(f"{{{REGISTER}}}query/{{{REGISTER}}}registered") is not None


@pytest.mark.parametrize("way", [by_chat, by_form, by_registration, by_registration_with_a_form])
async def test_logging_in_and_out(play: Play, way: Way) -> None:
    refused = await way(play, "login", {"username": "romeo", "password": "wrong"})
    assert refused.startswith("The name or the password is wrong.")
    assert not await known(play)

    done = await way(play, "login", {"username": "romeo", "password": PASSWORD})
    assert done in ("You are logged in to Memory as romeo.", "")  # XEP-0077 #usecases-register: success has no words
    await play.world.until_accounts(lambda found: found["romeo"].attached)
    assert await play.ask("status") == "Your accounts on Memory:\nromeo: connected.\nNo messages are waiting."
    assert await known(play)

    gone = await way(play, "logout", {})
    assert gone.startswith("You are logged out of Memory (romeo).") or gone == ""
    await play.world.until_accounts(lambda found: not found["romeo"].attached)
    assert (await play.ask("status")).startswith("Your accounts on Memory:\nromeo: logged out.")
    assert not await known(play)


async def test_nobody_registers_with_a_person(play: Play) -> None:
    answer = await play.app.iq(play.juliet, "get", f"<query xmlns='{REGISTER}'/>")

    assert error_of(answer)[0] == "service-unavailable"


async def test_a_command_belongs_to_who_gave_it_and_ends(play: Play) -> None:
    """Another user, or a client that goes on with what is over, gets an error that says so (XEP-0050)."""
    given = {"username": "romeo", "password": PASSWORD}
    begun = await execute(play.app, MEMORY, "login")
    async with play.on_stage(f"{play.app.bare.partition('@')[0]}-eve") as eve:
        stolen = await answer_form(eve, MEMORY, "login", begun.session, given, 30)
        assert (stolen.status, stolen.text.split()[0]) == ("error", "bad-request")
        cancel = f"<command xmlns='{COMMANDS}' node='login' sessionid='{begun.session}' action='cancel'/>"
        answer = await eve.iq(MEMORY, "set", cancel)
        assert error_of(answer)[0] == "bad-request"
        assert answer.find(f".//{{{COMMANDS}}}bad-sessionid") is not None

    done = await answer_form(play.app, MEMORY, "login", begun.session, given, 30)
    assert done.text == "You are logged in to Memory as romeo."

    over = await play.app.iq(MEMORY, "set", cancel)
    assert error_of(over)[0] == "not-allowed"
    assert over.find(f".//{{{COMMANDS}}}session-expired") is not None


async def test_who_logs_in_again_keeps_what_is_there(play: Play) -> None:
    await play.met()
    for way in (by_chat, by_form, by_registration):
        await way(play, "login", {"username": "romeo", "password": PASSWORD})
    await play.world.until_accounts(lambda found: found["romeo"].attached)

    play.app.message(play.juliet, "it is my lady")

    await play.heard("it is my lady")
    assert (await play.ask("status")).count("romeo") == 1


async def test_what_people_type_becomes_an_address(play: Play) -> None:
    asked = "<query xmlns='jabber:iq:gateway'><prompt>juliet</prompt></query>"
    answer = await play.app.iq(MEMORY, "set", asked)
    assert answer.findtext(".//{jabber:iq:gateway}jid") == play.juliet

    wrong = await play.app.iq(MEMORY, "set", asked.replace("juliet", "ju li et"))
    assert error_of(wrong)[0] == "item-not-found"
