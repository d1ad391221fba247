"""In-band registration (XEP-0077): the first way to log in as one form, for apps that know no other.

One dialogue of the desk's for every set, so that the result and the words are those of the command `login`; removing a
registration is `logout` for every account. A get shows the form and leaves nothing behind.
"""

from collections.abc import Mapping
from xml.etree.ElementTree import Element

from bridge.contract import Field, Form
from bridge.hub.facades import Caller, Desk, People, Turn
from bridge.xmpp import forms, text
from bridge.xmpp.errors import StanzaError
from bridge.xmpp.questions import Answerers, Question

REGISTER = "jabber:iq:register"
_QUERY = f"{{{REGISTER}}}query"
# XEP-0077 #schema: what can be asked without a form; where what has another name may go.
_NAMES = frozenset(
    {
        "username", "nick", "password", "name", "first", "last", "email", "address", "city", "state", "zip", "phone",
        "url", "date", "misc", "text",
    }
)  # fmt: skip
_SPARE, _SPARE_SECRET = ("misc", "text"), ("password",)
_TURNS = 4  # of the desk's patience, a minute in all, for a network that takes its time


class Registration:
    """Answers at the gateways' own addresses; a contact cannot be registered with."""

    def __init__(self, desk: Desk, people: People) -> None:
        self._desk = desk
        self._people = people

    def answerers(self) -> Answerers:
        return {("get", _QUERY): self._ask, ("set", _QUERY): self._take}

    async def _ask(self, question: Question) -> str:
        caller = _caller(question)
        turn, form = await self._first_form(caller)
        self._desk.cancel(caller, turn.dialogue)
        registered = "<registered/>" if await self._people.accounts(caller.user, caller.network) else ""
        return _render(form, registered)

    async def _take(self, question: Question) -> str:
        caller, payload = _caller(question), question.payload
        if payload.find(f"{{{REGISTER}}}remove") is not None:
            if len(payload) > 1:
                # XEP-0077 #usecases-cancel
                raise StanzaError("bad-request", "A registration is removed with nothing beside that wish.")
            await self._remove(caller)
            return ""
        submitted = forms.submitted(payload)
        if submitted is None:
            return ""  # a form that was cancelled
        turn, form = await self._first_form(caller)
        given = submitted or _legacy_values(form, payload)
        self._must_succeed(caller, await self._answered(caller, turn, given), form)
        return ""

    async def _remove(self, caller: Caller) -> None:
        accounts = await self._people.accounts(caller.user, caller.network)
        if not accounts:
            raise StanzaError("registration-required", "You are not logged in here.")
        for account in accounts:
            turn = await self._desk.begin(caller, "logout", {"account": account})
            self._must_succeed(caller, await self._settled(caller, turn))

    async def _first_form(self, caller: Caller) -> tuple[Turn, Form]:
        """The form of the first way to log in. Raises `StanzaError` for whom it is not shown to."""
        turn = await self._settled(caller, await self._desk.begin(caller, "login", {}))
        if turn.form is not None and [field.name for field in turn.form.fields] == ["flow"]:
            first = turn.form.fields[0].value
            turn = await self._settled(caller, await self._desk.answer(caller, turn.dialogue, {"flow": first}))
        if turn.form is None:
            raise self._refusal(caller, turn.text)
        return turn, turn.form

    async def _answered(self, caller: Caller, turn: Turn, given: Mapping[str, str]) -> Turn:
        return await self._settled(caller, await self._desk.answer(caller, turn.dialogue, given))

    async def _settled(self, caller: Caller, turn: Turn) -> Turn:
        """What comes after being told that it takes a while, which here nobody is told."""
        for _ in range(_TURNS - 1):
            if turn.form is None or turn.form.fields:
                break
            turn = await self._desk.answer(caller, turn.dialogue, {})
        return turn

    def _must_succeed(self, caller: Caller, turn: Turn, asked: Form | None = None) -> None:
        """Raises `StanzaError` with the desk's words; a question that is still open is dropped."""
        if turn.form is None:
            if turn.failed:
                raise self._refusal(caller, turn.text)
            return
        self._desk.cancel(caller, turn.dialogue)
        if not turn.form.fields:
            raise StanzaError("remote-server-timeout", "This takes too long. Send `status` to see how it went.")
        if asked is None or _names(turn.form) != _names(asked):
            raise StanzaError(
                "not-acceptable", "More must be asked than fits here. Send `login` to this address to be asked for it."
            )
        raise self._refusal(caller, turn.text)

    def _refusal(self, caller: Caller, words: str) -> StanzaError:
        """XEP-0077 #usecases-register: not acceptable is what was filled in."""
        return StanzaError("not-acceptable" if self._people.allowed(caller.user) else "forbidden", words)


def _caller(question: Question) -> Caller:
    if question.whom.contact is not None:
        raise StanzaError("service-unavailable", "A person cannot be registered with. Register with the gateway.")
    return Caller(question.user, question.whom.gateway.network)


def _names(form: Form) -> list[str]:
    return [field.name for field in form.fields]


def _legacy(form: Form) -> dict[str, Field]:
    """The fields by the elements that carry them without a form; what finds no place is only in the form."""
    found: dict[str, Field] = {field.name: field for field in form.fields if field.name in _NAMES}
    for field in form.fields:
        if field.name not in _NAMES:
            spare = _SPARE_SECRET if field.secret else _SPARE
            place = next((name for name in spare if name not in found), None)
            if place is not None:
                found[place] = field
    return found


def _legacy_values(form: Form, payload: Element) -> dict[str, str]:
    """What was filled in without a form; what was not has the value that was proposed."""
    given = {field.name: field.value for field in form.fields if field.value and not field.secret}
    for name, field in _legacy(form).items():
        elements = payload.findall(f"{{{REGISTER}}}{name}")
        if len(elements) > 1:
            raise StanzaError("bad-request", f"`{name}` is there more than once.")
        element = elements[0] if elements else None
        if element is not None and (element.text or not field.value):
            given[field.name] = element.text or ""
    return given


def _render(form: Form, registered: str) -> str:
    legacy = _legacy(form)
    places = [f"Into `{name}` goes: {field.label}." for name, field in legacy.items() if field.name != name]
    instructions = text.escape("\n".join([form.text, *places]))
    elements = "".join(
        f"<{name}>{'' if field.secret else text.escape(field.value)}</{name}>" for name, field in legacy.items()
    )
    return (
        f'<query xmlns="{REGISTER}">{registered}<instructions>{instructions}</instructions>{elements}'
        f"{forms.render(form, REGISTER)}</query>"
    )
