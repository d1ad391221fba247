"""The operator's accounts: those that the configuration names, and no others."""

import logging
from collections.abc import Callable, Mapping
from typing import Any

from bridge.contract import Connector, Credentials, NetworkId, Refused
from bridge.hub.facades import HOME
from bridge.store import accounts
from bridge.store.accounts import REVOKED
from bridge.store.ledger import Ledger
from bridge.store.secrets import Secrets

log = logging.getLogger(__name__)
Operators = Mapping[NetworkId, Credentials | None]
"""By network; None: the operator has none there. What is not in it stays as it is."""

_NOBODY = ""  # whose they are
_ENDED = "It is not in the configuration any more."


def operators(connectors: Mapping[NetworkId, Connector], options: Mapping[NetworkId, Mapping[str, Any]]) -> Operators:
    """`options`: each network's section of the configuration."""
    return {network: _wanted(network, connector, options[network]) for network, connector in connectors.items()}


def appointments(wanted: Operators, secrets: Secrets) -> Callable[[Ledger], None]:
    """What is to be written at the start: an account is as the configuration says, and is tried again if its network
    had ended it; what was there before is logged out, and keeps its chats."""
    sealed = {network: secrets.seal(one.secret) for network, one in wanted.items() if one is not None}

    def appoint(ledger: Ledger) -> None:
        for network, one in wanted.items():
            for row in accounts.accounts_of(ledger.connection, _NOBODY, network):
                if (one is None or row.me != one.me) and (row.active or row.state == REVOKED):
                    accounts.end_account(ledger.connection, row.id, _ENDED)
            if one is not None:
                accounts.put_account(ledger.connection, network, _NOBODY, one.me, one.name, sealed[network])
        ledger.directory.accounts.forget()

    return appoint


def _wanted(network: NetworkId, connector: Connector, options: Mapping[str, Any]) -> Credentials | None:
    try:
        return connector.operator(options)
    except Refused as refusal:
        log.error("the operator has no account network=%s: %s", network, refusal.text)
        return None


def home(ledger: Ledger) -> int:
    """XMPP's own account: one session over all component streams."""
    return accounts.put_account(ledger.connection, HOME, "", "xmpp", "XMPP", b"")
