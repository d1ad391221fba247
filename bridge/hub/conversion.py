"""A direct chat that becomes a room: others have come into it, or one of our users has it as a room.

What our users write in a chat reaches others of them only by way of its network, or in a room that is theirs as well.
So no chat is a direct one for some and a room for others: with the first who has it as a room it is one for all.

The users' own chats on XMPP leave its link, and each user is told once where it goes on. What they had written to one
person and that still waits is refused when its turn comes (`bridge.hub.performing`); what they write there from now on
opens a new direct chat.
"""

from dataclasses import replace

from bridge.contract import ChatKind, NetworkId
from bridge.hub.closing import owe
from bridge.hub.codec import Invitation, Notice
from bridge.hub.intake import Context, Outcome
from bridge.hub.passing import is_private, reads
from bridge.store.ledger import Ledger
from bridge.store.rows import Chat


def become_room(context: Context, ledger: Ledger, chat: Chat, hosted: Chat, outcome: Outcome) -> None:
    """`hosted` shows `chat`. If it was a direct chat, it is none from here on."""
    directory = ledger.directory
    link = directory.link_of(chat.id)
    private = [e.chat for e in link.endpoints if is_private(e.chat)] if link is not None else []
    if not private and chat.kind != ChatKind.DIRECT:
        return
    directory.accounts.no_direct(chat.id)
    directory.change_chat(replace(chat, kind=ChatKind.ROOM, contact=""))
    outcome.reread.append(chat.id)  # its lane has to know, too
    for at_home in private:
        directory.remove_endpoint(at_home.id)
        if reads(ledger, at_home, chat):
            _tell(context, ledger, chat, hosted, at_home, outcome)


def _tell(context: Context, ledger: Ledger, chat: Chat, hosted: Chat, at_home: Chat, outcome: Outcome) -> None:
    network = context.names.get(NetworkId(chat.network), chat.network)
    text = (
        f"This {network} chat is a room now: others can read it, or it was made one in another app. It goes on in "
        f"{hosted.native}, to which you are invited. What you write here begins a new chat with this person alone."
    )
    said = Invitation(user=at_home.owner, inside=True)
    for where, what in ((at_home, Notice(text=text)), (hosted, said)):
        outcome.debts.append(owe(ledger, context.keys, what, chat=where.id, account=context.home_account, message=None))
    outcome.listed.append((at_home.owner, NetworkId(chat.network)))
