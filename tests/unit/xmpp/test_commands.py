"""Commands by form, on a real desk."""

from pathlib import Path
from xml.etree.ElementTree import Element
from xml.sax.saxutils import quoteattr

import pytest

from bridge.hub.desk import Patience
from bridge.store.database import Database
from bridge.xmpp.chats import Addresses
from bridge.xmpp.commands import Commands
from bridge.xmpp.errors import StanzaError
from tests.support.asking import PASSWORD, Scene, scene
from tests.unit.xmpp.known import DOMAIN, Asking

COMMANDS = "http://jabber.org/protocol/commands"
X = "{jabber:x:data}"
EVE = "eve@evil.example/x"


class Steps(Asking):
    """Sends steps of commands."""

    async def step(self, node: str = "login", session: str = "", action: str = "", form: str = "",
                   sender: str = "romeo@example.org/phone", to: str = DOMAIN) -> Element:  # fmt: skip
        given = {"node": node, "sessionid": session, "action": action}
        attributes = "".join(f" {name}={quoteattr(value)}" for name, value in given.items() if value)
        answer = await self.ask("set", f"<command xmlns='{COMMANDS}'{attributes}>{form}</command>", to, sender)
        return answer[0]


def submit(given: dict[str, str], kind: str = "submit") -> str:
    fields = "".join(f"<field var={quoteattr(k)}><value>{v}</value></field>" for k, v in given.items())
    return f"<x xmlns='jabber:x:data' type='{kind}'>{fields}</x>"


TWICE = (
    "<x xmlns='jabber:x:data' type='submit'><field var='username'><value>x</value></field>"
    "<field var='username'><value>y</value></field></x>"
)


def note(command: Element) -> tuple[str | None, str | None]:
    found = command.find(f"{{{COMMANDS}}}note")
    return (None, None) if found is None else (found.get("type"), found.text)


def session(command: Element) -> str:
    return command.get("sessionid", "")


@pytest.fixture
def steps(addresses: Addresses, at_desk: Scene) -> Steps:
    return Steps(Commands(at_desk.desk).answerers(), addresses)


async def test_a_command_that_asks_nothing_is_done_at_once(steps: Steps) -> None:
    answer = await steps.step("status")

    assert (answer.get("status"), answer.get("node")) == ("completed", "status")
    assert note(answer) == ("info", "You are not logged in to Matrix. Send `login` to connect your account.")


async def test_a_form_asks_and_its_answer_completes(steps: Steps) -> None:
    begun = await steps.step()

    assert begun.get("status") == "executing"
    actions = begun.find(f"{{{COMMANDS}}}actions")
    assert actions is not None
    assert (actions.get("execute"), [a.tag.rpartition("}")[2] for a in actions]) == ("next", ["next"])
    form = begun.find(f"{X}x")
    assert form is not None
    assert (form.get("type"), form.findtext(f"{X}instructions")) == ("form", "Who are you?")
    fields = [(f.get("var"), f.get("type"), f.find(f"{X}required") is not None) for f in form.iter(f"{X}field")]
    assert fields == [
        ("homeserver", "text-single", True), ("username", "text-single", True), ("password", "text-private", True),
        ("device", "text-single", False),
    ]  # fmt: skip

    hidden = "<field var='FORM_TYPE' type='hidden'><value>x</value></field></x>"
    filled = submit(PASSWORD).replace("</x>", hidden)
    done = await steps.step(session=session(begun), action="complete", form=filled)
    assert done.get("status") == "completed"
    assert note(done) == ("info", "You are logged in to Matrix as @x:y.")


@pytest.mark.parametrize("action", ["", "execute", "next", "complete"])
async def test_a_first_form_may_be_filled_in_already(steps: Steps, action: str) -> None:
    if action in ("", "execute"):
        assert note(await steps.step(action=action, form=submit(PASSWORD)))[1] == "You are logged in to Matrix as @x:y."
    else:
        with pytest.raises(StanzaError) as refused:
            await steps.step(action=action, form=submit(PASSWORD))
        assert "bad-action" in refused.value.extra


async def test_a_refused_step_comes_again_with_the_reason_and_without_the_password(steps: Steps) -> None:
    begun = await steps.step()
    again = await steps.step(session=session(begun), form=submit(PASSWORD | {"password": "guess"}))

    assert (again.get("status"), session(again)) == ("executing", session(begun))
    assert note(again) == ("warn", "The password is wrong. Who are you?")
    assert "guess" not in "".join(again.itertext())
    missing = await steps.step(session=session(begun), form=submit({"homeserver": "y"}))
    assert note(missing) == ("warn", "Please fill in: User name, Password.")
    values = {f.get("var"): f.findtext(f"{X}value") for f in missing.iter(f"{X}field")}
    assert values == {"homeserver": "y", "username": None, "password": None, "device": None}
    assert (await steps.step(session=session(begun), form=submit(PASSWORD))).get("status") == "completed"


async def test_a_session_belongs_to_the_user_in_all_their_apps(steps: Steps) -> None:
    begun = await steps.step()

    done = await steps.step(session=session(begun), form=submit(PASSWORD), sender="romeo@example.org/tablet")

    assert done.get("status") == "completed"


@pytest.mark.parametrize("form", ["", submit({}, "cancel")])
async def test_cancelling(steps: Steps, form: str) -> None:
    begun = await steps.step()

    ended = await steps.step(session=session(begun), action="" if form else "cancel", form=form)

    assert (ended.get("status"), note(ended)) == ("canceled", ("info", "`login` was cancelled."))
    with pytest.raises(StanzaError) as refused:
        await steps.step(session=session(begun), form=submit(PASSWORD))
    assert (refused.value.condition, "session-expired" in refused.value.extra) == ("not-allowed", True)


async def test_a_failed_command_ends_with_an_error_note(steps: Steps) -> None:
    begun = await steps.step()
    failed = await steps.step(session=session(begun), form=submit(PASSWORD | {"homeserver": "down"}))

    assert (failed.get("status"), note(failed)) == ("completed", ("error", "The homeserver does not answer."))


async def test_several_ways_to_log_in_are_a_list(addresses: Addresses, tmp_path: Path) -> None:
    database = await Database.open(f"sqlite:///{tmp_path / 'list.db'}")
    async with scene(database, tmp_path, "password", "token") as at_desk:
        steps = Steps(Commands(at_desk.desk).answerers(), addresses)
        begun = await steps.step()
        [field] = begun.iter(f"{X}field")
        options = [(option.get("label"), option.findtext(f"{X}value")) for option in field.iter(f"{X}option")]
        assert (field.get("type"), options) == ("list-single", [("Password", "password"), ("Token", "token")])

        asked = await steps.step(session=session(begun), form=submit({"flow": "token"}))
        assert note(asked) == (None, None)
        done = await steps.step(session=session(begun), form=submit({"token": "good"}))
        assert note(done) == ("info", "You are logged in to Matrix as @token:y.")
    await database.close()


@pytest.mark.parametrize(
    ("given", "condition", "extra"),
    [
        ({"node": "nonsense"}, "item-not-found", ""),
        ({"node": ""}, "item-not-found", ""),
        ({"action": "dance"}, "bad-request", "malformed-action"),
        ({"action": "prev"}, "bad-request", "bad-action"),
        ({"action": "cancel"}, "bad-request", "bad-action"),
        ({"session": "guessed"}, "bad-request", "bad-sessionid"),
        ({"session": "guessed", "action": "cancel"}, "bad-request", "bad-sessionid"),
        ({"form": submit({}, "result")}, "bad-request", "bad-payload"),
        ({"form": submit({}) * 2}, "bad-request", "bad-payload"),
        ({"form": TWICE}, "bad-request", "bad-payload"),
        ({"form": submit({str(n): "" for n in range(101)})}, "bad-request", "bad-payload"),
        ({"to": f"juliet@{DOMAIN}"}, "item-not-found", ""),
        ({"sender": EVE}, "item-not-found", ""),
    ],
)
async def test_what_is_wrong_is_refused_as_the_xep_says(
    steps: Steps, given: dict[str, str], condition: str, extra: str
) -> None:
    with pytest.raises(StanzaError) as refused:
        await steps.step(**given)

    assert refused.value.condition == condition
    assert extra in refused.value.extra
    assert refused.value.text.endswith(".")


async def test_going_back_is_refused_and_ends_nothing(steps: Steps) -> None:
    begun = await steps.step()

    with pytest.raises(StanzaError) as refused:
        await steps.step(session=session(begun), action="prev")

    assert "bad-action" in refused.value.extra
    assert (await steps.step(session=session(begun), form=submit(PASSWORD))).get("status") == "completed"


async def test_nobody_goes_on_with_somebody_elses_session(steps: Steps) -> None:
    begun = await steps.step()

    for wrong in ({"sender": "juliet@example.org/x"}, {"node": "logout"}):
        with pytest.raises(StanzaError) as refused:
            await steps.step(session=session(begun), form=submit(PASSWORD), **wrong)
        assert "bad-sessionid" in refused.value.extra


async def test_a_session_that_nobody_has_gone_on_with_has_expired(addresses: Addresses, tmp_path: Path) -> None:
    database = await Database.open(f"sqlite:///{tmp_path / 'late.db'}")
    async with scene(database, tmp_path, patience=Patience(answer=0.05)) as at_desk:
        steps = Steps(Commands(at_desk.desk).answerers(), addresses)
        begun = await steps.step()
        conversation = at_desk.desk._open[session(begun)]
        assert conversation.task is not None
        await conversation.task

        late = await steps.step(session=session(begun), form=submit(PASSWORD))
        assert (late.get("status"), note(late)[0]) == ("completed", "error")
        assert "There was no answer for" in (note(late)[1] or "")
        with pytest.raises(StanzaError) as over:
            await steps.step(session=session(begun), form=submit(PASSWORD))
        assert (over.value.condition, "session-expired" in over.value.extra) == ("not-allowed", True)
        assert await at_desk.accounts() == []
    await database.close()


async def test_who_may_not_is_told_why(steps: Steps) -> None:
    with pytest.raises(StanzaError, match="You may not use this gateway"):
        await steps.step("login", sender=EVE)

    assert note(await steps.step("help", sender=EVE)) == (
        "error", "You may not use this gateway. Its operator can allow it."
    )  # fmt: skip
