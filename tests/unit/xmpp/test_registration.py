"""In-band registration, on a real desk."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from xml.etree.ElementTree import Element

import pytest

from bridge.contract import Unavailable
from bridge.hub.desk import Patience
from bridge.hub.people import KnownPeople
from bridge.store.database import Database
from bridge.xmpp.chats import Addresses
from bridge.xmpp.errors import StanzaError
from bridge.xmpp.registration import REGISTER, Registration
from tests.support.asking import JULIET, PASSWORD, ROMEO, Scene, scene
from tests.unit.xmpp.known import DOMAIN, Asking
from tests.unit.xmpp.test_commands import EVE, X, submit

R = f"{{{REGISTER}}}"


class Registrar(Asking):
    """Sends what an app with in-band registration does."""

    async def form(self, sender: str = "romeo@example.org/phone", to: str = DOMAIN) -> Element:
        return (await self.ask("get", f"<query xmlns='{REGISTER}'/>", to, sender))[0]

    async def register(self, content: str, sender: str = "romeo@example.org/phone", to: str = DOMAIN) -> None:
        answer = await self.ask("set", f"<query xmlns='{REGISTER}'>{content}</query>", to, sender)
        assert len(answer) == 0

    async def refused(self, content: str, **more: str) -> StanzaError:
        with pytest.raises(StanzaError) as caught:
            await self.register(content, **more)
        return caught.value


def registrar_of(at_desk: Scene, addresses: Addresses) -> Registrar:
    people = KnownPeople(at_desk.database, at_desk.users, [])
    return Registrar(Registration(at_desk.desk, people).answerers(), addresses)


@pytest.fixture
def registrar(addresses: Addresses, at_desk: Scene) -> Registrar:
    return registrar_of(at_desk, addresses)


@asynccontextmanager
async def desk(folder: Path, *flows: str, patience: Patience | None = None) -> AsyncIterator[Scene]:
    database = await Database.open(f"sqlite:///{folder / 'own.db'}")
    async with scene(database, folder / "own", *flows, patience=patience) as made:
        yield made
    await database.close()


async def test_the_form_is_there_for_old_and_new_apps(registrar: Registrar) -> None:
    query = await registrar.form()

    names = [child.tag.removeprefix(R) for child in query]
    assert names == ["instructions", "username", "password", "misc", "text", f"{X}x"]
    assert query.findtext(f"{R}instructions") == (
        "Who are you?\nInto `misc` goes: Homeserver.\nInto `text` goes: Device name."
    )
    fields = [(f.get("var"), f.get("type"), f.findtext(f"{X}value")) for f in query.iter(f"{X}field")]
    assert fields == [
        ("FORM_TYPE", "hidden", REGISTER), ("homeserver", "text-single", None), ("username", "text-single", None),
        ("password", "text-private", None), ("device", "text-single", None),
    ]  # fmt: skip


async def test_of_several_ways_to_log_in_it_is_the_first(addresses: Addresses, tmp_path: Path) -> None:
    async with desk(tmp_path, "token", "password") as at_desk:
        registrar = registrar_of(at_desk, addresses)
        query = await registrar.form()
        assert [child.tag.removeprefix(R) for child in query] == ["instructions", "password", f"{X}x"]

        await registrar.register("<password>good</password>")

        assert [row.me for row in await at_desk.accounts()] == ["@token:y"]


LEGACY = "<username>x</username><password>open sesame</password><misc>y</misc><text/>"


@pytest.mark.parametrize("content", [submit(PASSWORD), LEGACY])
async def test_filled_in_it_logs_in(registrar: Registrar, at_desk: Scene, content: str) -> None:
    await registrar.register(content)

    [row] = await at_desk.accounts()
    assert (row.me, row.active) == ("@x:y", True)
    assert at_desk.sessions.calls == [("start", row.id)]
    assert (await registrar.form()).find(f"{R}registered") is not None
    assert (await registrar.form(f"{JULIET.user}/x")).find(f"{R}registered") is None


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (submit(PASSWORD | {"password": "guess"}), "The password is wrong. Who are you?"),
        (LEGACY.replace("open sesame", "guess"), "The password is wrong. Who are you?"),
        (submit({"homeserver": "y"}), "Please fill in: User name, Password.\nWho are you?"),
        ("", "Please fill in: Homeserver, User name, Password.\nWho are you?"),
        (submit({"hat": "red"}), "There is no field `hat` here."),
        (submit(PASSWORD | {"homeserver": "down"}), "The homeserver does not answer."),
    ],
)
async def test_what_will_not_do_is_refused_in_the_words_of_the_command(
    registrar: Registrar, at_desk: Scene, content: str, words: str
) -> None:
    error = await registrar.refused(content)

    assert (error.condition, error.text[: len(words)]) == ("not-acceptable", words)
    assert "guess" not in error.text
    assert await at_desk.accounts() == []
    assert (await registrar.form()).findtext(f"{R}instructions", "").startswith("Who are you?")
    await registrar.register(submit(PASSWORD))


async def test_guessing_has_an_end(registrar: Registrar) -> None:
    for _ in range(5):
        await registrar.refused(submit(PASSWORD | {"password": "guess"}))

    error = await registrar.refused(submit(PASSWORD))

    assert (error.condition, error.text) == (
        "not-acceptable", "Too many logins have failed. You can try again in 10 minutes."
    )  # fmt: skip


async def test_a_slow_network_is_waited_for(addresses: Addresses, tmp_path: Path) -> None:
    async with desk(tmp_path, patience=Patience(turn=0.05)) as at_desk:
        registrar = registrar_of(at_desk, addresses)
        error = await registrar.refused(submit(PASSWORD | {"homeserver": "slow"}))
        assert error.condition == "remote-server-timeout"
        await at_desk.connector.cancelled.wait()

        at_desk.connector.answered.set()
        await registrar.register(submit(PASSWORD | {"homeserver": "slow"}))
        assert [row.me for row in await at_desk.accounts()] == ["@x:slow"]


async def test_asking_for_the_form_leaves_nothing_behind(registrar: Registrar, at_desk: Scene) -> None:
    asked = await at_desk.desk.begin(ROMEO, "login", {})
    for _ in range(5):
        await registrar.form()

    done = await at_desk.desk.answer(ROMEO, asked.dialogue, PASSWORD)

    assert done.text == "You are logged in to Matrix as @x:y."


async def test_removing_logs_out_of_everything(registrar: Registrar, at_desk: Scene) -> None:
    for name in ("x", "z"):
        await at_desk.log_in(name)
    await at_desk.log_in("j", JULIET)

    await registrar.register("<remove/>")

    assert [(row.me, row.active) for row in await at_desk.accounts()] == [("@x:y", False), ("@z:y", False)]
    assert [account.me for account in at_desk.connector.logged_out] == ["@x:y", "@z:y"]
    assert [row.active for row in await at_desk.accounts(JULIET)] == [True]
    assert (await registrar.form()).find(f"{R}registered") is None
    error = await registrar.refused("<remove/>")
    assert (error.condition, error.text) == ("registration-required", "You are not logged in here.")


async def test_a_network_that_cannot_be_told_keeps_nobody(registrar: Registrar, at_desk: Scene) -> None:
    await at_desk.log_in()
    at_desk.connector.trouble = Unavailable("The homeserver does not answer.")

    await registrar.register("<remove/>")

    assert [row.active for row in await at_desk.accounts()] == [False]


@pytest.mark.parametrize(
    ("content", "given", "condition"),
    [
        ("<remove/><username>x</username>", {}, "bad-request"),
        (submit(PASSWORD, "result"), {}, "bad-request"),
        (submit(PASSWORD) * 2, {}, "bad-request"),
        ("<username>x</username><username>y</username><password>open sesame</password>", {}, "bad-request"),
        (submit(PASSWORD), {"sender": EVE}, "forbidden"),
        (submit(PASSWORD), {"to": f"juliet@{DOMAIN}"}, "service-unavailable"),
        ("<remove/>", {"to": f"juliet@{DOMAIN}"}, "service-unavailable"),
    ],
)
async def test_what_is_wrong_is_refused_as_the_xep_says(
    registrar: Registrar, content: str, given: dict[str, str], condition: str
) -> None:
    assert (await registrar.refused(content, **given)).condition == condition


async def test_who_may_not_sees_no_form(registrar: Registrar) -> None:
    for given, condition in (({"sender": EVE}, "forbidden"), ({"to": f"juliet@{DOMAIN}"}, "service-unavailable")):
        with pytest.raises(StanzaError) as refused:
            await registrar.form(**given)
        assert refused.value.condition == condition
        assert refused.value.text.endswith(".")


async def test_a_cancelled_form_does_nothing(registrar: Registrar, at_desk: Scene) -> None:
    await registrar.register(submit({}, "cancel"))

    assert await at_desk.accounts() == []
