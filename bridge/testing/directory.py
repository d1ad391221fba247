"""Who and what can be found in a memory network, and whom its accounts block and report."""

from collections.abc import Sequence

from bridge.contract import (
    Block,
    BlockedChanged,
    ChatId,
    Contact,
    ContactId,
    Listed,
    Listing,
    Reason,
    Receipt,
    Report,
)
from bridge.testing import wire
from bridge.testing.network import Network, refuse
from bridge.testing.places import Chat, Member
from bridge.testing.states import Reported


def find(network: Network, member: Member, ask: wire.Find) -> Sequence[Contact]:
    """Whose id or name has what was typed in it."""
    typed = ask.typed.casefold()
    found = [one for one in network.people.values() if typed in one.id.casefold() or typed in one.name.casefold()]
    return sorted((one for one in found if one.id != member.id), key=lambda one: one.id)[: ask.most]


def rooms(network: Network, member: Member, ask: wire.Rooms) -> Listing:
    """A page. Raises `Failed`."""
    if ask.where:
        raise refuse("There is no other directory.")
    if ask.mine:
        found = [chat for chat in network.chats.values() if chat.holds and member.id in chat.members]
    elif ask.within:
        space = network.chat(ask.within)
        if not (space.public or space.sees(member)):
            raise refuse("There is no such space.", Reason.FORBIDDEN)
        found = [network.chat(one) for one in space.holds]
        found = [chat for chat in found if chat.public or chat.sees(member)]
    else:
        found = [chat for chat in network.chats.values() if chat.public]
    typed = ask.typed.casefold()
    found = [chat for chat in found if typed in f"{chat.name} {chat.alias} {chat.subject}".casefold()]
    start = int(ask.after or 0)
    end = start + ask.most
    return Listing([_listed(chat) for chat in found[start:end]], str(end) if end < len(found) else "")


def _listed(chat: Chat) -> Listed:
    return Listed(ChatId(chat.id), chat.name, chat.subject, chat.alias, len(chat.members), bool(chat.holds))


def blocked(member: Member) -> BlockedChanged:
    return BlockedChanged(contacts=frozenset(map(ContactId, member.blocked)))


def block(network: Network, member: Member, action: Block) -> Receipt:
    if action.whom not in network.people or action.whom == member.id:
        raise refuse("There is no such person.")
    if action.blocked:
        member.blocked.add(action.whom)
    else:
        member.blocked.discard(action.whom)
    network.happen(blocked(member), None, "account", only=member.id)
    return Receipt()


def report(network: Network, member: Member, action: Report) -> Receipt:
    target = action.target.ids[0] if action.target is not None else ""
    if target and target not in network.chat(action.chat).known:
        raise refuse("There is no such message.")
    network.reports.append(Reported(member.id, action.chat, target, action.whom or "", action.reason))
    network.touched()
    return Receipt()
