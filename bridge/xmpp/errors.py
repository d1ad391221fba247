"""Reasons and stanza errors, both ways (RFC 6120 #stanzas-error). Pure."""

from xml.etree.ElementTree import Element

from bridge.contract import ConnectorError, LoggedOut, Reason, Refused
from bridge.xmpp.text import escape

STANZAS = "urn:ietf:params:xml:ns:xmpp-stanzas"

# RFC 6120 #stanzas-error-conditions: the type each condition is sent with.
_TYPES = {
    "bad-request": "modify",
    "forbidden": "auth",
    "gone": "cancel",
    "item-not-found": "cancel",
    "not-acceptable": "modify",
    "not-allowed": "cancel",
    "policy-violation": "modify",
    "remote-server-timeout": "wait",
    "remote-server-not-found": "cancel",
    "registration-required": "auth",
    "resource-constraint": "wait",
    "feature-not-implemented": "cancel",
    "service-unavailable": "cancel",
    "internal-server-error": "cancel",
    "jid-malformed": "modify",
}

# Conditions that no Reason is named after.
_SIMILAR = {
    "conflict": Reason.NOT_ALLOWED,
    "jid-malformed": Reason.BAD_REQUEST,
    "not-authorized": Reason.FORBIDDEN,
    "payment-required": Reason.FORBIDDEN,
    "recipient-unavailable": Reason.SERVICE,
    "redirect": Reason.GONE,
    "subscription-required": Reason.FORBIDDEN,
    "undefined-condition": Reason.SERVICE,
    "unexpected-request": Reason.BAD_REQUEST,
}
_REASONS = {reason.value: reason for reason in Reason} | _SIMILAR


class StanzaError(Exception):
    """A question is answered with this stanza error. `condition` as in RFC 6120; `text` a whole sentence, or empty;
    `extra` an element of the application's own, as XML."""

    def __init__(self, condition: str, text: str = "", extra: str = "") -> None:
        super().__init__(f"{condition}: {text}")
        self.condition = condition
        self.text = text
        self.extra = extra


def of(error: ConnectorError) -> StanzaError:
    """What a question is answered with that a network could not answer."""
    if isinstance(error, Refused):
        return StanzaError(str(error.reason), error.text)
    if isinstance(error, LoggedOut):
        return StanzaError(str(Reason.NOT_LOGGED_IN), error.text)
    return StanzaError(str(Reason.TIMEOUT), error.text)


def render(condition: str, text: str = "", extra: str = "") -> str:
    """The `<error/>` element."""
    words = f'<text xmlns="{STANZAS}" xml:lang="en">{escape(text)}</text>' if text else ""
    kind = _TYPES.get(condition, "cancel")
    return f'<error type="{kind}"><{condition} xmlns="{STANZAS}"/>{words}{extra}</error>'


def condition(stanza: Element) -> str:
    """The condition of a stanza of type error, as it stands there; empty when it has none."""
    parts = (part for child in stanza if child.tag.endswith("}error") for part in child)
    names = (part.tag[len(STANZAS) + 2 :] for part in parts if part.tag.startswith("{" + STANZAS + "}"))
    return next((name for name in names if name != "text"), "")


def read(stanza: Element) -> tuple[Reason, str]:
    """Reason and the network's own words (at most 500 characters) of a stanza of type error."""
    reason, words = Reason.SERVICE, ""
    for child in stanza:
        if child.tag.rpartition("}")[2] != "error":
            continue
        for part in child:
            space, _, name = part.tag.rpartition("}")
            if space != "{" + STANZAS:
                continue
            if name == "text":
                words = (part.text or "")[:500]
            else:
                reason = _REASONS.get(name, Reason.SERVICE)
    return reason, words
