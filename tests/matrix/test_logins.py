"""Ways to log in, and servers that take part in them and cannot be trusted."""

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from bridge.contract import (
    Account,
    AccountId,
    Credentials,
    Form,
    LoggedOut,
    LoginRefused,
    NetworkId,
    Unavailable,
    Unconfirmed,
    Workspace,
)
from bridge.contract.workspace import Visit
from bridge.hub.workspace import PassingMemory
from bridge.testing.conformance.login import TypedEnough
from bridge.web.client import HttpClient
from connectors.matrix import MatrixConnector, credentials
from connectors.matrix.api import path
from tests.matrix.stage import Clock, Hasty, a_send
from tests.support.auth_server import AuthServer, Login
from tests.support.faults import Fault
from tests.support.homeserver import Homeserver, instead, lose_answer, says, silent

PASSWORD = "open sesame"
HERE = "http://127.0.0.1:1/login/state"


class Arriving:
    """The browser's visit, that a test makes."""

    def __init__(self) -> None:
        self.url = HERE
        self.query: asyncio.Future[Mapping[str, str]] = asyncio.get_running_loop().create_future()

    async def came(self) -> Mapping[str, str]:
        return await asyncio.shield(self.query)


@dataclass
class Door:
    """A homeserver and its authorization server, and who logs in there: `says` is given each form, and answers it; None
    leaves the question open."""

    server: Homeserver
    auth: AuthServer
    http: HttpClient
    folder: Path
    clock: Clock = field(default_factory=Clock)
    visit: Arriving = field(default_factory=Arriving)
    kept: list[dict[str, str]] = field(default_factory=list)
    keeps: bool = True
    seconds: float = 5.0
    forms: list[Form] = field(default_factory=list)
    connector: MatrixConnector = field(default_factory=lambda: MatrixConnector("matrix"))

    @property
    def workspace(self) -> Workspace:
        @contextmanager
        def visit() -> Any:
            there: Visit = self.visit
            yield there

        async def keep(secret: Mapping[str, str]) -> None:
            if not self.keeps:
                raise Unavailable("The disk is full.")
            self.kept.append(dict(secret))

        return Workspace(
            AccountId(1), {"homeserver": self.server.url}, Hasty(self.http, self.seconds), PassingMemory(), self.clock,  # type: ignore[arg-type]
            logging.getLogger("landbridge.matrix"), self.folder, keep, visit=visit,
        )  # fmt: skip

    async def log_in(self, flow: str, says: Callable[[Form], Mapping[str, str] | None]) -> Credentials:
        chosen = next(one for one in self.connector.flows if one.id == flow)
        async with asyncio.timeout(30):
            return await self.connector.login(chosen, _Person(self, says), self.workspace)

    async def refused(self, flow: str, says: Callable[[Form], Mapping[str, str] | None]) -> str:
        with pytest.raises(LoginRefused) as refusal:
            await self.log_in(flow, says)
        return str(refusal.value)

    def api(self, found: Credentials, secret: Mapping[str, str] | None = None) -> Any:
        account = Account(AccountId(1), NetworkId("matrix"), "romeo@example.org", found.me, secret or found.secret)
        return credentials.api_of(account, self.workspace)


class _Person:
    def __init__(self, door: Door, says: Callable[[Form], Mapping[str, str] | None]) -> None:
        self._door, self._says = door, says

    async def ask(self, form: Form) -> Mapping[str, str]:
        self._door.forms.append(form)
        given = self._says(form)
        if given is None:
            await asyncio.Event().wait()
        return {field.name: (given or {}).get(field.name, field.value) for field in form.fields}

    async def show(self, text: str) -> None:
        raise AssertionError(text)


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[Door]:
    async with doors(tmp_path) as made:
        yield made


@asynccontextmanager
async def doors(folder: Path, *, private: bool = True) -> AsyncIterator[Door]:
    """With `private` the authorization server may be contacted."""
    async with Homeserver() as server, AuthServer() as auth:
        server.add_user("romeo")

        async def admits(login: Login, token: str) -> None:
            server.tokens[token] = f"@{login.user}:{server.name}"

        auth.admits = admits
        http = HttpClient([f"127.0.0.1:{auth.port}"] if private else [])
        try:
            yield Door(server, auth, http, folder)
        finally:
            await http.close()


def types(**given: str) -> Callable[[Form], Mapping[str, str]]:
    return lambda form: given


def in_browser(door: Door, act: Callable[[str], None]) -> Callable[[Form], Mapping[str, str] | None]:
    """`act` with the code, once it is shown; then nothing more is typed."""

    def says(form: Form) -> Mapping[str, str] | None:
        if form.fields:
            return {}
        found = re.search(r"code ([0-9A-F]{6})", form.text)
        assert found is not None
        act(found[1])
        return None

    return says


def confirm(door: Door) -> Callable[[Form], Mapping[str, str] | None]:
    door.server.login_types = []
    door.server.auth_metadata = door.auth.metadata
    return in_browser(door, lambda code: door.auth.confirm(code, "romeo"))


# What a homeserver offers.


@pytest.mark.parametrize(
    ("offered", "possible"),
    [([], ["token"]), (["m.login.sso", "m.login.token"], ["token", "sso"]), (["m.login.sso"], ["token"])],
)
async def test_who_chose_a_password_where_there_is_none_is_told_what_there_is(
    door: Door, offered: list[str], possible: list[str]
) -> None:
    door.server.login_types = offered

    def says(form: Form) -> Mapping[str, str]:
        if form.fields[0].name == "flow":
            raise TypedEnough
        return {"username": "romeo", "password": PASSWORD}

    with pytest.raises(TypedEnough):
        await door.log_in("password", says)

    [choice] = door.forms[-1].fields
    assert [option for option, _ in choice.options] == possible
    assert "127.0.0.1 does not let people log in here in that way." in door.forms[-1].text
    assert door.server.count("POST") == 0  # no password went there


async def test_a_password_where_only_single_sign_on_was_wanted(door: Door) -> None:
    chosen = {"flow": "password", "username": "romeo", "password": PASSWORD}
    found = await door.log_in("sso", types(**chosen))

    assert found.me == "@romeo:hs.test"


# Access tokens.


async def test_an_access_token_is_checked(door: Door) -> None:
    token = door.server.token("@romeo:hs.test")
    answers = iter(["", "wrong", "line\r\nbreak", "tökän", "x" * 20_000, f" {token}\n"])

    found = await door.log_in("token", lambda form: {"token": next(answers)})

    assert found.me == "@romeo:hs.test"
    assert found.secret["token"] == token
    assert "both are logged out" in door.forms[0].text
    assert all(form.text.endswith(".") for form in door.forms)


@pytest.mark.parametrize(
    "said", [{}, {"user_id": 7}, {"user_id": "romeo"}, {"user_id": "@romeo:hs.test", "is_guest": True}]
)
async def test_a_token_that_is_nobodys_is_refused(door: Door, said: Any) -> None:
    door.server.fault("GET", "whoami", says(200, said))

    assert (await door.refused("token", types(token="t"))).endswith(".")


async def test_many_users_together_guess_no_more_than_one(door: Door) -> None:
    """The desk counts by user; this counts by account, whoever guesses."""
    right = types(username="@romeo:hs.test", password=PASSWORD)

    def guesses(form: Form) -> Mapping[str, str]:
        if len(door.forms) > 10:
            raise TypedEnough
        return {"username": "romeo", "password": "guess"}

    with pytest.raises((TypedEnough, LoginRefused)):
        await door.log_in("password", guesses)
    asked = door.server.count("POST")

    assert "too many wrong logins at this homeserver" in await door.refused("password", right)
    assert door.server.count("POST") == asked == 10
    door.server.add_user("paris")
    assert (await door.log_in("password", types(username="paris", password=PASSWORD))).me == "@paris:hs.test"
    door.clock.now += 601
    assert (await door.log_in("password", right)).me == "@romeo:hs.test"


# Single sign-on.


async def test_single_sign_on_takes_the_token_that_the_browser_brings(door: Door) -> None:
    door.server.login_types = ["m.login.sso", "m.login.token"]
    door.server.login_tokens["one-time"] = "@romeo:hs.test"

    def says(form: Form) -> Mapping[str, str] | None:
        if form.fields[0].name == "homeserver":
            return {}
        assert f"{door.server.url}/_matrix/client/v3/login/sso/redirect?redirectUrl=http%3A%2F%2F127.0.0.1" in form.text
        door.visit.query.set_result({"loginToken": "one-time"})
        return None

    assert (await door.log_in("sso", says)).me == "@romeo:hs.test"


async def test_single_sign_on_takes_what_the_browser_shows_but_not_of_another_login(door: Door) -> None:
    door.server.login_types = ["m.login.sso", "m.login.token"]
    door.server.login_tokens["one-time"] = "@romeo:hs.test"
    pasted = iter(["http://127.0.0.1:1/login/other?loginToken=one-time", "https://[x?loginToken=1", "two words",
                   f"{HERE}?loginToken=", f"{HERE}?loginToken=one-time"])  # fmt: skip

    found = await door.log_in("sso", lambda form: {"token": next(pasted)} if form.fields[0].name == "token" else {})

    assert found.me == "@romeo:hs.test"
    assert [form.text.splitlines()[0] for form in door.forms[2:]] == [
        "That address belongs to another login. Use the link below.",
        "That is no web address.",
        "That is no login token, nor an address with one.",
        "There is no login token in that address.",
    ]


async def test_who_has_no_browser_that_can_come_to_us_sends_what_it_shows(door: Door) -> None:
    door.server.login_types = ["m.login.sso", "m.login.token"]
    door.server.login_tokens["one-time"] = "@romeo:hs.test"
    door.visit.url = ""

    def says(form: Form) -> Mapping[str, str]:
        if form.fields[0].name == "homeserver":
            return {}
        assert "a page that it cannot open: send the address of that page here" in form.text
        assert "redirectUrl=http%3A%2F%2Flocalhost%2F" in form.text
        return {"token": "http://localhost/?loginToken=one-time"}

    assert (await door.log_in("sso", says)).me == "@romeo:hs.test"


@pytest.mark.parametrize("brought", [{}, {"loginToken": ""}, {"loginToken": "a b"}, {"loginToken": "too-late"}])
async def test_a_browser_that_comes_back_with_nothing_good_ends_the_login(door: Door, brought: dict[str, str]) -> None:
    door.server.login_types = ["m.login.sso", "m.login.token"]
    door.visit.query.set_result(brought)

    said = await door.refused("sso", lambda form: {} if form.fields[0].name == "homeserver" else None)

    assert "Send “login”" in said


# The device grant.


async def test_the_device_grant_waits_until_it_is_confirmed(door: Door) -> None:
    found = await door.log_in("sso", confirm(door))

    assert found.me == "@romeo:hs.test"
    assert found.secret["refresh"] == door.auth.logins[0].pairs[0][1]
    assert door.auth.clients[0]["client_name"] == "Landbridge (XMPP gateway)"
    assert re.fullmatch(r"[A-Z]{12}", door.auth.logins[0].device)


@pytest.mark.parametrize(
    ("fault", "words"),
    [(says(400, {"error": "expired_token"}), "in time"), (says(400, {"error": "access_denied"}), "declined"),
     (says(400, {"error": "server\r\nerror" + "x" * 500}), "does not log you in: server error"),
     (says(200, {"access_token": 7}), "no sense"), (says(200, b"[" * 50_000), "no sense"),
     (says(200, {"access_token": "a b", "token_type": "Bearer"}), "no sense"),
     (says(200, {"access_token": "a", "token_type": "mac"}), "no sense")],
)  # fmt: skip
async def test_a_device_grant_that_fails_says_why(door: Door, fault: Fault, words: str) -> None:
    wanted = confirm(door)
    door.auth.fault("POST", "/oauth2/token", fault)

    said = await door.refused("sso", wanted)

    assert words in said
    assert said.isprintable()


async def test_a_device_grant_outlives_an_authorization_server_that_stumbles(door: Door) -> None:
    wanted = confirm(door)
    door.seconds = 0.5
    for fault in (silent, says(503, "x"), says(400, {"error": "authorization_pending"})):
        door.auth.fault("POST", "/oauth2/token", fault)

    assert (await door.log_in("sso", wanted)).me == "@romeo:hs.test"


async def test_slow_down_makes_us_slower(door: Door) -> None:
    door.auth.fault("POST", "/oauth2/token", says(400, {"error": "slow_down"}))
    begun = asyncio.get_running_loop().time()

    await door.log_in("sso", confirm(door))

    assert asyncio.get_running_loop().time() - begun >= 1 + 6  # RFC 8628 #section-3.5


@pytest.mark.parametrize(
    "said",
    [{}, {"device_code": "d", "user_code": "u", "expires_in": 60},
     {"device_code": 1, "user_code": "u", "verification_uri": "https://a.test", "expires_in": 60},
     {"device_code": "d", "user_code": "u", "verification_uri": "javascript:alert(1)", "expires_in": 60},
     {"device_code": "d", "user_code": "u", "verification_uri": "https://a.test\nhttps://b.test", "expires_in": 60},
     {"device_code": "d", "user_code": "", "verification_uri": "https://a.test", "expires_in": 60},
     {"device_code": "d", "user_code": "u", "verification_uri": "https://a.test", "expires_in": -1}],
)  # fmt: skip
async def test_a_code_that_makes_no_sense_is_refused(door: Door, said: Any) -> None:
    wanted = confirm(door)
    door.auth.fault("POST", "/oauth2/device", says(200, said))

    assert "no code to confirm" in await door.refused("sso", wanted)


async def test_who_does_not_register_us_is_said_to(door: Door) -> None:
    wanted = confirm(door)
    refusal = {"error": "invalid_client_metadata", "error_description": "client_uri is missing"}
    door.auth.fault("POST", "/oauth2/registration", says(400, refusal))

    said = await door.refused("sso", wanted)

    assert "does not let this gateway log people in (client_uri is missing)." in said
    assert "`http.public_url`" in said


def other(**more: Any) -> Callable[[dict[str, Any]], Any]:
    return lambda said: {**said, **more}


@pytest.mark.parametrize(
    "change",
    [other(issuer=7), other(issuer="http://auth.test/"), other(issuer="https://u:p@auth.test/"),
     other(issuer="https://auth.test/?x=1"), other(token_endpoint="https://evil.test/token"),
     other(token_endpoint=["x"]), other(device_authorization_endpoint="file:///etc/passwd"),
     other(registration_endpoint="http://169.254.169.254/latest"), other(revocation_endpoint="https://[::1"),
     other(token_endpoint="/oauth2/token"), other(device_authorization_endpoint="https://127.0.0.1:1#x")],
)  # fmt: skip
async def test_metadata_that_does_not_fit_its_issuer_is_refused(door: Door, change: Callable[[Any], Any]) -> None:
    wanted = confirm(door)
    door.server.fault("GET", "auth_metadata", instead(change))

    assert "does not describe properly how people log in" in await door.refused("sso", wanted)
    assert door.auth.asked == []


@pytest.mark.parametrize(
    ("fault", "words"),
    [(says(200, b"x" * 30_000_000), "`password`"), (says(200, "[]"), "`password`"), (says(404, "no"), "`password`"),
     (says(200, {"issuer": 7}), "`password`"), (says(500, "no"), "HTTP status 500"), (silent, "took longer")],
)  # fmt: skip
async def test_metadata_that_is_none_leaves_the_other_ways(door: Door, fault: Fault, words: str) -> None:
    door.seconds = 0.5
    door.server.fault("GET", "auth_metadata", fault)

    def says_once(form: Form) -> Mapping[str, str]:
        if len(door.forms) > 1:
            raise TypedEnough
        return {}

    with pytest.raises(TypedEnough):
        await door.log_in("sso", says_once)

    assert words in door.forms[1].text


async def test_metadata_leads_nobody_into_a_private_network(tmp_path: Path) -> None:
    async with doors(tmp_path, private=False) as door:
        said = await door.refused("sso", confirm(door))

        assert "private network" in said
        assert door.auth.asked == []


# Tokens that are renewed.


def passwords(door: Door) -> Callable[[Form], Mapping[str, str]]:
    """A homeserver whose own tokens end."""
    door.server.lifetime = 100.0
    return types(username="romeo", password=PASSWORD)


@pytest.fixture(params=["password", "sso"])
async def renewable(door: Door, request: pytest.FixtureRequest) -> Credentials:
    """Renewed by the homeserver itself, and by its authorization server."""
    door.auth.lifetime = 100.0
    wanted = passwords(door) if request.param == "password" else confirm(door)
    return await door.log_in(request.param, wanted)


async def whoami(api: Any) -> Any:
    return (await api.get(path("account", "whoami")))["user_id"]


def renewals(door: Door) -> int:
    return door.server.count("/refresh") + sum("/oauth2/token" in asked for asked in door.auth.asked[3:])


async def test_a_token_is_renewed_before_it_ends_and_kept_before_it_is_used(door: Door, renewable: Credentials) -> None:
    api = door.api(renewable)
    assert await whoami(api) == renewable.me
    assert door.kept == []

    door.clock.now += 85
    assert await whoami(api) == renewable.me

    [kept] = door.kept
    assert kept["token"] != renewable.secret["token"]
    assert kept["refresh"] != renewable.secret["refresh"]
    assert float(kept["since"]) == door.clock.now  # what was sent before is looked for before it is sent again
    assert set(kept) == set(renewable.secret)
    assert await whoami(door.api(renewable, kept)) == renewable.me  # after a crash


async def test_a_token_that_cannot_be_kept_is_not_used(door: Door, renewable: Credentials) -> None:
    door.keeps = False
    door.server.tokens.clear()
    api = door.api(renewable)

    with pytest.raises(Unavailable):
        await whoami(api)

    door.keeps = True
    assert await whoami(door.api(renewable)) == renewable.me  # the old refresh token is still good


async def test_many_requests_renew_once(door: Door, renewable: Credentials) -> None:
    door.server.tokens.clear()
    api = door.api(renewable)

    found = await asyncio.gather(*(whoami(api) for _ in range(20)))

    assert set(found) == {renewable.me}
    assert len(door.kept) == 1


async def test_a_refresh_token_that_has_ended_is_a_log_out(door: Door, renewable: Credentials) -> None:
    door.server.tokens.clear()
    door.server._refresh.clear()
    for login in door.auth.logins:
        login.over = True
    api = door.api(renewable)

    with pytest.raises(LoggedOut, match="“login”"):
        await whoami(api)


@pytest.mark.parametrize(
    "fault", [silent, says(500, "x"), says(200, "[]"), says(200, {"access_token": "a\nb"}), says(404, {"error": "no"}),
              says(429, {}), says(200, b"x" * 100_000), says(302, "", Location="http://169.254.169.254/")]
)  # fmt: skip
async def test_a_renewal_that_fails_is_no_log_out(door: Door, renewable: Credentials, fault: Fault) -> None:
    """While the old token may be good it is used; then the account waits, and comes back by itself."""
    door.seconds = 0.5
    for place in (door.server, door.auth):
        place.fault("POST", "/refresh", fault)
        place.fault("POST", "/oauth2/token", fault)
    api = door.api(renewable)
    door.clock.now += 85
    assert await whoami(api) == renewable.me

    door.server.heal()
    door.auth.heal()
    door.server.tokens.clear()
    door.server.fault("POST", "/refresh", fault)
    door.auth.fault("POST", "/oauth2/token", fault)
    with pytest.raises(Unavailable):
        await asyncio.gather(*(whoami(api) for _ in range(5)))

    door.server.heal()
    door.auth.heal()
    assert await whoami(api) == renewable.me


async def test_logging_out_ends_what_can_be_renewed(door: Door, renewable: Credentials) -> None:
    await credentials.end(renewable.secret, door.workspace)

    assert all(login.over for login in door.auth.logins)
    assert door.auth.logins or renewable.secret["token"] not in door.server.tokens


async def test_no_secret_of_any_way_in_is_logged_or_shown(
    door: Door, renewable: Credentials, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    door.clock.now += 85
    api = door.api(renewable)
    await whoami(api)

    seen = caplog.text + repr(renewable) + repr(api) + "".join(map(repr, door.forms))
    kept = door.kept[0]
    for secret in (renewable.secret["token"], renewable.secret["refresh"], kept["token"], kept["refresh"], PASSWORD):
        assert secret not in seen
    assert all(secret not in str(door.auth.queries + door.server.queries) for secret in kept.values() if secret)


async def test_what_may_have_been_said_with_the_old_token_is_not_said_twice_with_the_new(
    door: Door, renewable: Credentials
) -> None:
    """Here transaction ids count for one token, as homeservers before version 1.7 have it."""
    room = door.server.direct("@romeo:hs.test", "@juliet:hs.test")
    account = Account(AccountId(1), NetworkId("matrix"), "romeo@example.org", renewable.me, renewable.secret)
    async with door.connector.connect(account, door.workspace) as session:
        door.server.fault("PUT", "/send/", lose_answer, times=10)
        with pytest.raises(Unconfirmed):
            await session.perform(a_send(room, "but soft", at=door.clock.now))
        door.server.heal()
        door.clock.now += 85

        receipt = await session.perform(a_send(room, "but soft", at=door.clock.now - 85, maybe_done=True))

    assert door.server.said(room) == ["but soft"]
    assert receipt.ids == (door.server.rooms[room][-1][1]["event_id"],)
    assert door.kept
