"""Where the operator's changes are made: in a running hub, or in a database that nobody else uses."""

from collections.abc import Sequence
from dataclasses import dataclass

from bridge.contract import AccountId, Unavailable
from bridge.hub.closing import durably
from bridge.hub.hub import Hub
from bridge.hub.letters import JOURNALED
from bridge.hub.links import lines_of
from bridge.hub.overview import LinkLine, Said
from bridge.hub.wanted import WantedLink
from bridge.store import dead, links
from bridge.store.database import Database
from bridge.store.dead import Change, Letter
from bridge.store.ledger import Ledger

_RUNS = "Links are made and ended by the gateway while it runs. Start it first, or change its configuration."


@dataclass(frozen=True, slots=True)
class Running:
    """Beside the hub that runs."""

    hub: Hub

    async def change(self, change: Change) -> bool:
        def apply(ledger: Ledger) -> bool:
            ledger.owed.flush()  # what the group has collected so far must be seen
            ledger.directory.accounts.forget()
            return change(ledger.connection)

        return await durably(self.hub.writer, apply)

    def owed_again(self, chat: int) -> None:
        self.hub.owed_again(chat)

    async def take_in(self, letter: Letter) -> str:
        event = self.hub.letters.unpack(letter.raw)
        if event is None:
            return "only what was understood, and broke the journal, is kept so that it can be. It can be removed."
        try:
            outcome = await self.hub.again(letter.account, event, lambda ledger: _remove(ledger, letter.id))
        except Unavailable as error:
            return f"{error.text} Try again when it is."
        except Exception as error:  # whatever broke the journal before, and is still there
            return f"it breaks the journal again ({type(error).__name__})."
        return "" if outcome.ruling in JOURNALED else f"it was turned away: {outcome.why}."

    async def links(self) -> Sequence[LinkLine]:
        return await self.hub.links.lines()

    async def add_link(self, link: WantedLink) -> Said:
        return await self.hub.links.add(link)

    async def remove_link(self, name: str) -> Said:
        return await self.hub.links.remove(name)

    async def resume_link(self, name: str) -> Said:
        return await self.hub.links.resume(name)


@dataclass(frozen=True, slots=True)
class Resting:
    """No hub runs. The sessions of nobody, too."""

    database: Database

    async def change(self, change: Change) -> bool:
        return await self.database.write(change)

    def owed_again(self, chat: int) -> None:
        """The next start finds it."""

    async def take_in(self, letter: Letter) -> str:
        return "only a running gateway can take it in. Start it first."

    async def links(self) -> Sequence[LinkLine]:
        rows, there = await self.database.read(lambda c: (links.named(c), links.ends(c)))
        return [line for row in rows for line in lines_of(row, there, {})]

    async def add_link(self, link: WantedLink) -> Said:
        return Said(_RUNS, ok=False)

    async def remove_link(self, name: str) -> Said:
        return Said(_RUNS, ok=False)

    async def resume_link(self, name: str) -> Said:
        return Said(_RUNS, ok=False)

    async def start(self, account: AccountId) -> None: ...

    async def stop(self, account: AccountId) -> None: ...

    async def ended(self, account: AccountId) -> None: ...

    def state(self, account: AccountId) -> tuple[bool, str]:
        return False, "No gateway runs."


def _remove(ledger: Ledger, letter: int) -> None:
    dead.drop_letter(ledger.connection, letter)
