"""What is wrong in a command's session: each gets an answer that says so, and the session goes on as if it had not been
sent (XEP-0050)."""

import asyncio
from xml.etree.ElementTree import Element

from tests.scenarios.conftest import PASSWORD, Play
from tests.support.commands import COMMANDS, answer_form, execute
from tests.support.gateway import MEMORY
from tests.support.xmpp_client import XmppClient, error_of

LOGIN = {"username": "romeo", "password": PASSWORD}
FORM = "<x xmlns='jabber:x:data' type='submit'>{}</x>"


def field(name: str, value: str) -> str:
    return f"<field var='{name}'><value>{value}</value></field>"


async def step(app: XmppClient, session: str, content: str, node: str = "login") -> Element:
    asked = f"<command xmlns='{COMMANDS}' node='{node}' sessionid='{session}'>{content}</command>"
    return await app.iq(MEMORY, "set", asked)


async def test_whatever_is_wrong_is_answered_and_the_session_goes_on(play: Play) -> None:
    begun = await execute(play.app, MEMORY, "login")

    # Wrong as a form of this command: asked again, with the reason.
    for given, reason in (
        (LOGIN | {"colour": "red"}, "There is no field `colour` here. The fields are `username` and `password`."),
        ({"username": "romeo"}, "Please fill in: Password."),
        (LOGIN | {"username": "x" * 4_097}, "The value of `username` is too long: at most 4,096 characters"),
        ({str(number): "" for number in range(65)}, "That is too much at once: at most 64 fields can be sent."),
    ):
        again = await answer_form(play.app, MEMORY, "login", begun.session, given, 30)
        assert (again.status, again.session) == ("executing", begun.session)
        assert again.text.startswith(reason)
        assert PASSWORD not in again.text

    # Wrong as a form, or as a step: an error.
    twice = FORM.format(field("username", "romeo") + field("username", "paris") + field("password", PASSWORD))
    many = FORM.format("".join(field(str(number), "") for number in range(101)))
    for content, why in (
        (twice, "The form has the field `username` more than once."),
        (many, "A form can have at most 100 fields."),
        (FORM.format("") * 2, "The form must be sent with the type `submit`."),
        ("<x xmlns='jabber:x:data' type='result'/>", "The form must be sent with the type `submit`."),
    ):
        answer = await step(play.app, begun.session, content)
        assert error_of(answer) == ("bad-request", why)
        assert answer.find(f".//{{{COMMANDS}}}bad-payload") is not None
    other = await step(play.app, begun.session, FORM.format(""), node="logout")
    assert other.find(f".//{{{COMMANDS}}}bad-sessionid") is not None
    async with play.on_stage(f"{play.app.bare.partition('@')[0]}-eve") as eve:
        stolen = await answer_form(eve, MEMORY, "login", begun.session, LOGIN, 30)
        assert stolen.text.startswith("bad-request")

    # Sent twice in one moment: one login, both are told of it; a third time it is over.
    answers = [asyncio.create_task(answer_form(play.app, MEMORY, "login", begun.session, LOGIN, 30)) for _ in range(2)]
    done = await asyncio.gather(*answers)
    assert done[0].text == "You are logged in to Memory as romeo."
    assert done[1].text in (done[0].text, "not-allowed This command is over. Begin again.")
    over = await step(play.app, begun.session, FORM.format(""))
    assert error_of(over)[0] == "not-allowed"
    assert over.find(f".//{{{COMMANDS}}}session-expired") is not None
    assert (await play.ask("status")).count("romeo") == 1
