"""Gateways between Prosody and Synapse as a bench uses them: ours, and matridge (slidge's), to compare with."""

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Protocol

from tests.support import muc
from tests.support.commands import answer_form
from tests.support.gateway import MATRIX, Gateway, matrix
from tests.support.process import Folder, Server
from tests.support.prosody import Prosody
from tests.support.synapse import Synapse
from tests.support.xmpp_client import XmppClient, error_of

PEER = "matridge.localhost"
PASSWORD = "open sesame"
_PATIENCE = 60.0  # seconds
_INVITATION = "{jabber:x:conference}x"
Figures = dict[str, float]


class Beside(Protocol):
    """Runs while it is entered."""

    domain: str

    def __enter__(self) -> Any: ...
    def __exit__(self, kind: Any, error: Any, at: Any) -> None: ...

    @property
    def pid(self) -> int: ...

    async def ready(self, app: XmppClient) -> None:
        """Return when people can log in."""

    async def log_in(self, app: XmppClient, name: str) -> float:
        """To Matrix; seconds from the last form to the answer."""

    async def room(self, app: XmppClient, alias: str) -> str:
        """The JID of the only Matrix room that the app's user is in, once the gateway has it."""


class Landbridge(Gateway):
    """`landbridge run`."""

    domain = MATRIX

    def __init__(self, prosody: Prosody, synapse: Synapse) -> None:
        networks = matrix(prosody.components[MATRIX], synapse.url)
        super().__init__(networks, prosody.component_port, log_level="warning")
        self._homeserver = synapse.url

    async def ready(self, app: XmppClient) -> None:
        """It is, once entered."""

    async def log_in(self, app: XmppClient, name: str) -> float:
        form = await answer_form(app, self.domain, "login", "", None, _PATIENCE)
        form = await answer_form(app, self.domain, "login", form.session, {"flow": "password"}, _PATIENCE)
        given = {"homeserver": self._homeserver, "username": name, "password": PASSWORD}
        begun = time.perf_counter()
        step = await answer_form(app, self.domain, "login", form.session, given, _PATIENCE)
        took = time.perf_counter() - begun
        if step.status != "completed":
            raise RuntimeError(f"the login did not work: {step}")
        return took

    async def room(self, app: XmppClient, alias: str) -> str:
        jid = f"#{alias}%localhost@{self.domain}"
        await muc.listed(app, self.domain, jid, _PATIENCE)
        return jid


class Matridge:
    """matridge as PyPI has it, in a virtual environment of its own; `command` starts it."""

    domain = PEER

    def __init__(self, command: Path, prosody: Prosody, synapse: Synapse) -> None:
        self._homeserver = synapse.url
        self._folder = Folder("matridge")
        self._server = Server(self._folder.path / "log")
        self._line = [
            str(command), "--jid", PEER, "--secret", prosody.components[PEER], "--server", "127.0.0.1",
            "--port", str(prosody.component_port), "--home-dir", str(self._folder.path / "home"),
            "--user-jid-validator", r".*@localhost", "--quiet",
        ]  # fmt: skip

    def __enter__(self) -> Any:
        self._server.start(self._line)

    def __exit__(self, kind: Any, error: Any, at: Any) -> None:
        if error is not None:
            print(self._server.said()[-20_000:])
        self._server.stop(seconds=10)
        self._folder.remove()

    @property
    def pid(self) -> int:
        return self._server.pid

    async def ready(self, app: XmppClient) -> None:
        async with asyncio.timeout(_PATIENCE):
            while await muc.ping(app, self.domain):
                await asyncio.sleep(0.2)

    async def log_in(self, app: XmppClient, name: str) -> float:
        answers = {"homeserver": self._homeserver, "username": name, "password": PASSWORD, "device": "bench"}
        fields = "".join(f"<field var='{key}'><value>{value}</value></field>" for key, value in answers.items())
        form = f"<x xmlns='jabber:x:data' type='submit'>{fields}</x>"
        begun = time.perf_counter()
        answer = await app.iq(self.domain, "set", f"<query xmlns='jabber:iq:register'>{form}</query>", _PATIENCE)
        took = time.perf_counter() - begun
        if error_of(answer)[0]:
            raise RuntimeError(f"the login did not work: {error_of(answer)}")
        return took

    async def room(self, app: XmppClient, alias: str) -> str:
        """It invites people to their rooms after a login."""
        said = await app.expect(lambda s: s.find(_INVITATION) is not None, _PATIENCE, "invitation", again=True)
        found = said.find(_INVITATION)
        assert found is not None
        return found.get("jid", "")


async def compared(
    run: int, peer: Path | None, one: Callable[[Beside, Prosody, Synapse], Awaitable[Figures]]
) -> Figures:
    """What `one` finds, on new servers, with our gateway, and then with matridge if `peer` is its command; who comes
    first alternates with `run`. The XMPP server keeps no archive."""
    domains = {domain: secrets.token_hex(16) for domain in (MATRIX, PEER)}
    found: dict[str, Figures] = {}
    with Prosody(domains, log_level="warn") as prosody, Synapse() as synapse:
        arms: list[tuple[str, Callable[[], Beside]]] = [("", lambda: Landbridge(prosody, synapse))]
        if peer is not None:
            arms.append(("matridge: ", lambda: Matridge(peer, prosody, synapse)))
        for name, made in arms if run % 2 == 0 else reversed(arms):
            gateway = made()
            with gateway:
                found[name] = await one(gateway, prosody, synapse)
    return {f"{name}{figure}": value for name, _ in arms for figure, value in found[name].items()}
