"""Search (XEP-0055): people of the network, by the form or by the old fields; results are addresses to write to."""

from collections.abc import Sequence

from bridge.contract import ConnectorError, Contact, Field, Form, Refused
from bridge.hub.facades import People
from bridge.hub.found import Finder
from bridge.xmpp import errors, forms, text
from bridge.xmpp.chats import Addresses, Gateway
from bridge.xmpp.errors import StanzaError
from bridge.xmpp.questions import Answerers, Question

SEARCH = "jabber:iq:search"
_QUERY = f"{{{SEARCH}}}query"
_OLD = ("nick", "first", "last", "email")  # XEP-0055 #schema: whatever is filled in is looked for
_FIELD = "nick"
_MOST = 50  # results
_LONGEST = 300  # characters


class Search:
    """Asked of the gateway, for whoever is logged in."""

    def __init__(self, addresses: Addresses, people: People, finder: Finder) -> None:
        self._addresses = addresses
        self._people = people
        self._finder = finder

    def answerers(self) -> Answerers:
        return {("get", _QUERY): self._ask, ("set", _QUERY): self._find}

    async def _ask(self, question: Question) -> str:
        gateway = self._gateway(question)
        words = f"Whom are you looking for on {gateway.name}? Type a name, a part of it, or an address."
        form = Form(f"Search on {gateway.name}", words, (Field(_FIELD, "Name or address"),))
        return (
            f'<query xmlns="{SEARCH}"><instructions>{text.escape(words)}</instructions><nick/>'
            f"{forms.render(form, SEARCH)}</query>"
        )

    async def _find(self, question: Question) -> str:
        gateway, payload = self._gateway(question), question.payload
        given = forms.submitted(payload)
        if given is None:
            return ""  # a form that was cancelled
        unknown = [name for name in given if name not in _OLD]
        if unknown:
            raise StanzaError("not-acceptable", f"There is no field `{unknown[0][:40]}` here. The field is `{_FIELD}`.")
        by_form = bool(given)
        old = {name: payload.findtext(f"{{{SEARCH}}}{name}") or "" for name in _OLD}
        typed = " ".join(filter(None, (value.strip() for value in (given or old).values())))
        if not typed:
            raise StanzaError("not-acceptable", "Type a name, a part of it, or an address.")
        if len(typed) > _LONGEST:
            raise StanzaError("not-acceptable", f"That is too long: at most {_LONGEST} characters are possible.")
        try:
            found = await self._finder.people(question.user, gateway.network, typed, _MOST)
        except ConnectorError as error:
            raise errors.of(error) from error
        rows = [(jid, one) for one in found[:_MOST] if (jid := self._jid(gateway, one))]
        return f'<query xmlns="{SEARCH}">{_form(rows) if by_form else _items(rows)}</query>'

    def _jid(self, gateway: Gateway, contact: Contact) -> str:
        try:
            return self._addresses.jid(gateway.network, contact.id)
        except Refused:
            return ""  # nobody can write to them

    def _gateway(self, question: Question) -> Gateway:
        if question.whom.contact is not None:
            raise StanzaError("service-unavailable", "People are searched at the gateway, not at people.")
        if not self._people.allowed(question.user):
            raise StanzaError("forbidden", "You may not use this gateway. Its operator can allow it.")
        return question.whom.gateway


def _items(rows: Sequence[tuple[str, Contact]]) -> str:
    return "".join(
        f'<item jid="{text.attribute(jid)}"><nick>{text.escape(one.name or one.id)}</nick></item>' for jid, one in rows
    )


def _form(rows: Sequence[tuple[str, Contact]]) -> str:
    """XEP-0055 #usecases-search: the results as a form."""
    items = "".join(
        f'<item><field var="jid"><value>{text.escape(jid)}</value></field>'
        f'<field var="{_FIELD}"><value>{text.escape(one.name or one.id)}</value></field></item>'
        for jid, one in rows
    )
    return (
        f'<x xmlns="jabber:x:data" type="result"><field var="FORM_TYPE" type="hidden"><value>{SEARCH}</value></field>'
        f'<reported><field var="jid" type="jid-single" label="Address"/>'
        f'<field var="{_FIELD}" type="text-single" label="Name"/></reported>{items}</x>'
    )
