"""How a memory network answers: one function per kind of line, looked up in `ANSWERS`."""

import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from bridge import contract
from bridge.contract import DeliveryFailed, MessageId, Reason
from bridge.testing import directory, doings, files, rooms, signs, wire
from bridge.testing.network import Failed, Network, refuse
from bridge.testing.performs import ASKS, Perform
from bridge.testing.places import Member
from bridge.testing.states import AccountState, ChatState
from bridge.testing.stream import Stream
from bridge.testing.wire import Trouble, Welcome

if TYPE_CHECKING:
    from bridge.testing.world import Connection

LOGGED_OUT = Trouble("logged-out", "The network no longer accepts this login. Log in again.")


def _sign_in(who: "Connection", ask: wire.SignIn) -> None:
    _must_be_up(who, ask.username)
    member = who.world.network.accounts.get(ask.username)
    if member is None or not secrets.compare_digest(member.password.encode(), ask.password.encode()):
        raise refuse("The name or the password is wrong.", Reason.FORBIDDEN)
    token = secrets.token_hex(8)
    member.tokens.add(token)
    member.active = True
    who.reply(ask.re, {"token": token, "name": member.name})


def _sign_out(who: "Connection", ask: wire.SignOut) -> None:
    _must_be_up(who, "")
    member = next((m for m in who.world.network.accounts.values() if ask.token in m.tokens), None)
    if member is None:
        raise Failed(LOGGED_OUT)
    member.tokens.discard(ask.token)
    who.reply(ask.re)


def _open(who: "Connection", ask: wire.Open) -> None:
    _must_be_up(who, ask.account)
    world = who.world
    member = world.network.accounts.get(ask.account)
    # An account without a password is the operator's (a component): who reaches the socket may be it.
    if member is None or not member.active or (member.password and ask.token not in member.tokens):
        raise Failed(LOGGED_OUT)
    who.member = member
    member.network = ask.network or member.network
    who.reply(ask.re, Welcome(member.id, member.name, member.relay, world.network.traits))
    if ask.events:
        for other in [c for c in world.connections if c.stream is not None and c.member is member and c is not who]:
            other.close()
        who.stream = Stream(world.network, member, ask.cursor, who.write)
        world.streams.add(who.stream)
        world.network.touched()


def _perform(who: "Connection", ask: Perform) -> None:
    member = _session(who)
    chat = ask.action.chat

    def act() -> None:
        try:
            _carry_out(who, member, ask)
        except Failed as failed:
            who.reply(ask.re, error=failed.trouble)

    if not who.world.faults.waits(member.id, chat, act):
        _carry_out(who, member, ask)


def _carry_out(who: "Connection", member: Member, ask: Perform) -> None:
    world, chat = who.world, ask.action.chat
    if not member.active:
        raise Failed(LOGGED_OUT)
    trouble = world.faults.before(member.id, chat)
    try:
        if trouble is not None:
            raise Failed(trouble)
        receipt = doings.perform(world.network, member, ask)
    except Failed as failed:
        if not world.network.traits.fence:
            raise
        _bounces(world.network, ask, failed.trouble)  # nothing is answered here, so it comes back
        return
    if world.faults.loses_answer(member.id, chat):
        who.close()
    who.reply(ask.re, receipt)


def _bounces(network: Network, ask: Perform, trouble: Trouble) -> None:
    reason = Reason(trouble.reason) if trouble.reason else Reason.RESOURCE
    event = DeliveryFailed(
        chat=ask.action.chat, target=MessageId(ask.action.key), reason=reason, text=trouble.text
    )  # fmt: skip
    network.happen(event, network.chats.get(ask.action.chat))


def _fence(who: "Connection", ask: wire.Fence) -> None:
    member = _session(who)
    if not who.world.faults.waits(member.id, None, lambda: who.reply(ask.re)):
        who.reply(ask.re)


def _direct(who: "Connection", ask: wire.Direct) -> None:
    member = _session(who)
    trouble = who.world.faults.before(member.id, "")
    if trouble is not None:
        raise Failed(trouble)
    chat = doings.direct(who.world.network, member, ask)
    if who.world.faults.loses_answer(member.id, ""):
        who.close()
    who.reply(ask.re, chat)


def _contacts(who: "Connection", ask: wire.Contacts) -> None:
    who.reply(ask.re, doings.contacts(who.world.network, _session(who)))


def _occupants(who: "Connection", ask: wire.Occupants) -> None:
    network, member = who.world.network, _session(who)
    trouble = who.world.faults.before(member.id, ask.chat)
    if trouble is not None:
        raise Failed(trouble)
    chat = rooms.room(network, ask.chat)
    if not chat.sees(member):
        raise refuse("This account is not in the room.", Reason.FORBIDDEN)
    who.reply(ask.re, rooms.occupants(network, chat, ask.membership))


def _looks(question: Callable[[Network, Member, Any], object]) -> Callable[["Connection", Any], None]:
    def answer(who: "Connection", ask: Any) -> None:
        network, member = who.world.network, _session(who)
        trouble = who.world.faults.before(member.id, "")
        if trouble is not None:
            raise Failed(trouble)
        who.reply(ask.re, question(network, member, ask))

    return answer


def _reports(who: "Connection", ask: wire.Reports) -> None:
    who.reply(ask.re, who.world.network.reports)


def _history(who: "Connection", ask: wire.GetHistory) -> None:
    network, member = who.world.network, _session(who)
    trouble = who.world.faults.before(member.id, ask.chat)
    if trouble is not None:
        raise Failed(trouble)
    chat = rooms.room(network, ask.chat)
    if not chat.sees(member):
        raise refuse("This account is not in the room.", Reason.FORBIDDEN)
    who.reply(ask.re, rooms.history(network, chat, member, ask.before, ask.cursor))


def _journaled(who: "Connection", ask: wire.Journaled) -> None:
    member = _session(who)
    member.journaled = max(member.journaled or 0, int(ask.cursor))
    who.world.network.touched()


def _person_does(name: str) -> Callable[["Connection", Any], None]:
    def answer(who: "Connection", ask: Any) -> None:
        who.reply(ask.re, getattr(who.world.network, name)(ask))

    return answer


def _does(doing: Callable[[Network, Any], None]) -> Callable[["Connection", Any], None]:
    def answer(who: "Connection", ask: Any) -> None:
        doing(who.world.network, ask)
        who.reply(ask.re)

    return answer


def _report(who: "Connection", ask: wire.Report) -> None:
    kind = getattr(contract, ask.kind, None)
    if kind not in contract.Event.__args__:
        raise refuse("There is no such event.")
    event = msgspec.json.decode(ask.body, type=kind)
    chat = getattr(event, "chat", None)
    who.reply(ask.re, who.world.network.happen(event, who.world.network.chat(chat) if chat else None))


def _state(who: "Connection", ask: wire.State) -> None:
    network = who.world.network
    chat = network.chat(ask.chat)
    state = ChatState(
        chat.id, chat.kind, chat.members, chat.messages, chat.answers, network.revision, chat.subject,
        chat.name, {one: str(chat.rank(one)) for one in chat.members}, sorted(chat.banned), sorted(chat.invited),
        chat.rules, chat.picture, sorted(chat.typing), chat.read, sorted(chat.private),
    )  # fmt: skip
    who.reply(ask.re, state)


def _chats(who: "Connection", ask: wire.Chats) -> None:
    who.reply(ask.re, list(who.world.network.chats))


def _accounts(who: "Connection", ask: wire.Accounts) -> None:
    network = who.world.network
    attached = {stream.member.id for stream in who.world.streams}
    found = [
        AccountState(
            m.id, m.id in attached, m.journaled, network.behind(m), m.active, sorted(m.blocked), m.presence, m.picture
        )
        for m in network.accounts.values()
    ]
    who.reply(ask.re, found)


def _changed(who: "Connection", ask: wire.Changed) -> None:
    def then() -> None:
        if who.world.network.revision > ask.since:
            who.reply(ask.re, who.world.network.revision)
        else:
            who.world.when_changed(then)

    then()


def _fault(who: "Connection", ask: wire.Fault) -> None:
    who.world.faults.add(ask)
    if ask.kind == "down":
        who.world.disconnect(ask.account)
    who.reply(ask.re)


def _mend(who: "Connection", ask: wire.Mend) -> None:
    who.world.faults.mend(ask.kind)
    who.reply(ask.re)


def _end_login(who: "Connection", ask: wire.EndLogin) -> None:
    member = who.world.network.accounts.get(ask.account)
    if member is None:
        raise refuse("There is no such account.")
    member.active = False
    member.tokens.clear()
    for connection in [c for c in who.world.connections if c.stream is not None and c.member is member]:
        connection.write(wire.line(wire.Happened(len(who.world.network.log), "LoggedOut")))
        connection.close()
    who.reply(ask.re)


def _session(who: "Connection") -> Member:
    if who.member is None:
        raise refuse("Open a session first.", Reason.NOT_LOGGED_IN)
    return who.member


def _must_be_up(who: "Connection", account: str) -> None:
    left = who.world.faults.down(account)
    if left is not None:
        raise Failed(Trouble("unavailable", "The network is down.", "", left or None))


ANSWERS: dict[type[Any], Callable[["Connection", Any], None]] = {
    wire.SignIn: _sign_in,
    wire.SignOut: _sign_out,
    wire.Open: _open,
    **dict.fromkeys(ASKS.values(), _perform),
    wire.Fence: _fence,
    wire.Direct: _direct,
    wire.Contacts: _contacts,
    wire.Occupants: _occupants,
    wire.GetHistory: _history,
    wire.Find: _looks(directory.find),
    wire.Profile: _looks(lambda network, member, ask: network.people.get(ask.contact)),
    wire.Rooms: _looks(directory.rooms),
    wire.PutFile: files.put,
    wire.GetFile: files.get,
    wire.Journaled: _journaled,
    wire.AddPerson: _person_does("add_person"),
    wire.AddAccount: _person_does("add_account"),
    wire.AddChat: _person_does("add_chat"),
    wire.Comes: _does(rooms.comes),
    wire.Goes: _does(rooms.goes),
    wire.Ranks: _does(rooms.ranks),
    wire.Entitles: _does(rooms.entitles),
    wire.Invites: _does(rooms.invites),
    wire.Says: _person_does("says"),
    wire.Edits: _person_does("edits"),
    wire.Retracts: _person_does("retracts"),
    wire.Reacts: _person_does("reacts"),
    wire.Types: _does(signs.types),
    wire.Wears: _does(signs.wears),
    wire.Reads: _does(signs.reads),
    wire.Appears: _does(signs.appears),
    wire.Bounce: _person_does("bounce"),
    wire.Report: _report,
    wire.State: _state,
    wire.Chats: _chats,
    wire.Accounts: _accounts,
    wire.Reports: _reports,
    wire.Changed: _changed,
    wire.Fault: _fault,
    wire.Mend: _mend,
    wire.EndLogin: _end_login,
}
