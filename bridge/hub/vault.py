"""Credentials that change while they are used (refresh tokens that rotate): kept before they are used.

A network gives up the old ones when the new ones are first used, so what is in the database is always good.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping

from bridge.contract import AccountId, Unavailable
from bridge.store.accounts import renew
from bridge.store.database import UNWRITABLE, Busy, Database, InDoubt
from bridge.store.secrets import Secrets

log = logging.getLogger(__name__)


def keeper(database: Database, secrets: Secrets, account: AccountId) -> Callable[[Mapping[str, str]], Awaitable[None]]:
    """`Workspace.keep` of an account."""

    async def keep(secret: Mapping[str, str]) -> None:
        sealed = secrets.seal(secret)
        try:
            there = await database.write(lambda c: renew(c, account, sealed))
        except (*UNWRITABLE, Busy, InDoubt) as error:
            log.warning("new credentials cannot be stored account=%d error=%s", account, type(error).__name__)
            raise Unavailable("The gateway cannot store the renewed login at the moment.") from error
        if not there:
            raise Unavailable("This account is logged out.")

    return keep
