"""Where the operator's changes are made: in a running hub, or in a database that nobody else uses."""

from dataclasses import dataclass

from bridge.contract import AccountId, Unavailable
from bridge.hub.closing import durably
from bridge.hub.hub import Hub
from bridge.hub.letters import JOURNALED
from bridge.store import dead
from bridge.store.database import Database
from bridge.store.dead import Change, Letter
from bridge.store.ledger import Ledger


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

    async def start(self, account: AccountId) -> None: ...

    async def stop(self, account: AccountId) -> None: ...

    async def ended(self, account: AccountId) -> None: ...

    def state(self, account: AccountId) -> tuple[bool, str]:
        return False, "No gateway runs."


def _remove(ledger: Ledger, letter: int) -> None:
    dead.drop_letter(ledger.connection, letter)
