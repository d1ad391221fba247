"""What is said about links to those who want or have them. Pure."""

from collections.abc import Mapping, Sequence

from bridge.contract import NetworkId, Rank
from bridge.hub.wanted import End, plain
from bridge.store.rows import Chat

MINUTES = 15  # for so long a code is good
KEEP_ORDER = (Rank.OWNER, Rank.ADMIN)
_SHOWN = 60  # characters of a room's name
_CUT = 200  # of its address
_ROOMS = 20

HELP = (
    "This room can be one with rooms of other networks. Commands to the gateway:",
    "!bridge status: with which rooms it is linked.",
    "!bridge link: link it with another room. Who keeps order here gets a code, to be confirmed in the other room.",
    "!bridge link NETWORK ROOM: the same, with a room that is named.",
    "!bridge confirm CODE: agree to a link that was asked for in another room, or here.",
    "!bridge unlink: end the link.",
    "!bridge follow: when a room of the link was ended, go on in the room that is said to take its place.",
    "!bridge optout: have nothing of yours carried to other networks; !bridge optout off ends that.",
)
UNKNOWN = "That is no command of the gateway. Say !bridge help to see what you can do."
NOT_YOU = "Only those who keep order in this room, its owners and admins, can do that."
LINKED = "This room is linked already. Say !bridge unlink first."
OTHER_LINKED = "The other room is linked already."
ITSELF = "A room cannot be linked with itself."
NO_CODE = (
    f"There is no such code: it was used, or it is older than {MINUTES} minutes, or it is another one. Say !bridge "
    "link in one of the two rooms to get a new one."
)
ELSEWHERE = "This code is for another room."
TO_CONFIRM = "This code is to be confirmed in the other room, by somebody who keeps order there."
NOT_ASKER = "Only whoever has asked for this code can do that."
LAST_WORD = (
    "Those who asked for the code have been told. The rooms are linked as soon as whoever asked for it says the same "
    "once more in their room."
)
ASKER_AWAY = "Whoever asked for the code has to be in their room when it is confirmed. Try again when they are there."
ASKER_LOWER = "Whoever asked for the code does not keep order in their room any more, so it is not good any more."
AGREED_AWAY = "Whoever confirmed the code has to be in their room now. Try again when they are there."
AGREED_LOWER = "Whoever confirmed the code does not keep order in their room any more, so it is not good any more."
FULL = "This gateway has as many links as it can have. Ask its operator."
NOTHING_MOVED = "No room of this link is said to go on elsewhere."
MOVED_LINKED = "The room in which it is said to go on is in a link already, so it is not followed there."
NOT_LINKED = "This room is in no link."
OPTED_OUT = "Nothing that you write in linked rooms is carried now. Say !bridge optout off if you change your mind."
OPTED_IN = "What you write in linked rooms is carried."
HOW_TO_NAME = "Say !bridge link alone, or with a network and a room, as !bridge link xmpp cafe@conference.example.org"
HOW_TO_CONFIRM = "Say !bridge confirm and the code."
TOO_MANY = "Those are too many commands. Wait a minute."
LATE = "This was said while the gateway was away, so it was not done. Say it again if you still want it."
FAULT = "The gateway has a fault with this command. Its operator finds it in the log."


def no_network(typed: str, names: Sequence[str]) -> str:
    return f"There is no network “{plain(typed)[:_SHOWN]}” here. There are: {', '.join(names)}."


def no_room(room: str) -> str:
    return f"{room} is no room elsewhere that could be linked. Give its address, as cafe@conference.example.org."


def not_in(room: str) -> str:
    return f"The gateway is not in a room {room}. Whoever keeps order there has to bring it in first."


def hidden(room: str) -> str:
    return (
        f"You are not in the room {room} with this address, or it hides addresses from the gateway. Say in the room "
        f"itself what you want: !bridge link, or !bridge confirm with a code. The gateway listens there for {MINUTES} "
        "minutes."
    )


def asked(code: str, *, other: str) -> str:
    where = other or "the other room"
    more = "" if other else " When that is done, you are asked in your room for the last word."
    return (
        f"Have somebody who keeps order in {where} say there, within {MINUTES} minutes:\n!bridge confirm {code}\n"
        "For a room on XMPP they can also send `link ROOM CODE` to the gateway. The code is good for one link."
        f"{more}"
    )


def last_word(room: str, code: str) -> str:
    return (
        f"Somebody who keeps order in {room} wants it to be linked with this room: what is said in one would be shown "
        f"in the other. If that is the room you mean, whoever asked for the code says here:\n!bridge confirm {code}\n"
        "Who has asked the gateway for it in a chat sends it `link ROOM CODE` there, with the address of this room."
    )


def linked(rooms: Sequence[str], troubles: Sequence[str] = ()) -> str:
    said = f"This room is linked now with {all_of(rooms)}: what is said in one is shown in the other."
    said += " Those who keep order in any of them end that with !bridge unlink."
    return "\n".join([said, "Not all of it works yet, and it is tried again:", *troubles]) if troubles else said


def ended(room: str) -> str:
    return f"The link of this room is over: somebody who keeps order in {room} has ended it."


def followed(old: str, new: str) -> str:
    return (
        f"The link goes on in {new}, in place of {old}: what is said in one of its rooms is shown in the others again."
    )


def stands(rooms: Sequence[str], lines: Sequence[str]) -> str:
    return "\n".join([f"This room is linked with {all_of(rooms)}.", *lines])


def called(chat: Chat, names: Mapping[NetworkId, str]) -> str:
    """A room, for people of another."""
    name, where = plain(chat.name)[:_SHOWN], names.get(NetworkId(chat.network), chat.network)
    address = plain(chat.native or "")[:_CUT]
    return f"“{name}” ({address}) on {where}" if name and name != address else f"{address} on {where}"


def typed(end: End, names: Mapping[NetworkId, str]) -> str:
    """A room as it was asked for."""
    return f"{plain(end.chat)[:_CUT]} on {names.get(end.network, end.network)}"


def all_of(rooms: Sequence[str]) -> str:
    """Rooms, in a sentence."""
    some = [*rooms[:_ROOMS], f"{len(rooms) - _ROOMS} others"] if len(rooms) > _ROOMS else list(rooms)
    return some[0] if len(some) == 1 else f"{', '.join(some[:-1])} and {some[-1]}"
