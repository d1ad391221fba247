"""What the operator's bot says to people on Telegram. Pure."""

STRANGER = (
    "This is the bot of a gateway between Telegram and XMPP. People there who want to talk with you send you a link; "
    "tap it, and you talk with them here. Send /help to see more."
)
HELP = (
    "People on XMPP have invited you to talk with them by this bot; it passes on what you write to the one whom you "
    "have chosen. To choose another one, use the buttons under /start, or reply to something that they have said.\n"
    "/start shows with whom you talk here.\n"
    "/stop ends that, with one of them or with all.\n"
    "/delete, as a reply to something that you have written, removes it there, too.\n"
    "/optout has nobody reach you by this bot, and nothing of yours carried where rooms are linked, until you send "
    "/start."
)
NO_CODE = "This is no invitation, or it was taken back. Ask whoever sent you the link for a new one."
EXPIRED = "This invitation has expired. Ask whoever sent you the link for a new one."
USED = "This invitation has been followed already; each is for one person and once. Ask for one of your own."
TOO_MANY = "You talk with very many people by this bot already. End some of that with /stop, and tap the link again."
OUT = (
    "You have opted out: nobody reaches you by this bot, nor do you reach anybody. Send /start if you change your mind."
)
OUT_NOW = (
    "From now on nobody reaches you by this bot, and nothing of yours is carried where rooms are linked. Send /start "
    "if you change your mind."
)
NOBODY = "You talk with nobody by this bot, so nobody was told that. People on XMPP can send you a link for it."
CHOOSE = "Nobody was told that: first choose whom you write to."
FORGOTTEN = "It is not known any more who has said that, so nobody was told yours. Choose whom you write to."
NOT_CHANGED = "It is not known any more to whom this was said, so nobody was told of the change."
ENDED = "You do not talk with them any more, so nobody was told that."
WHICH = "With whom do you not want to talk any more?"
ALL_STOPPED = "You talk with nobody by this bot any more."
OLD_BUTTON = "This button is not good any more. Send /start for new ones."
EVERYBODY = "Everybody"


def met(label: str, user: str, *, several: bool) -> str:
    """Who follows an invitation is told who it is."""
    who = label if label == user else f"{label} ({user})"
    first = f"You talk with {who} on XMPP now: whatever you write here goes to them."
    if not several:
        return f"{first} Send /help to see what else you can do."
    return f"{first} Names stand before what people say. Reply to somebody else's message to write to them, or choose:"


def known(label: str) -> str:
    return f"You talk with {label} already. What you write here goes to them."


def chosen(label: str) -> str:
    return f"You write to {label} now."


def went_to(label: str) -> str:
    return f"That went to {label}."


def stopped(label: str) -> str:
    return f"You do not talk with {label} any more."


def away(label: str) -> str:
    return f"{label} cannot be reached at the moment, so they were not told that. Try again later."


def departed(label: str) -> str:
    return f"{label} does not talk with you by this bot any more."


def overview(labels: list[str], chosen: str) -> str:
    """With whom somebody talks."""
    if len(labels) == 1:
        return f"You talk with {labels[0]} here. Whatever you write goes to them."
    writing = f"You write to {chosen}." if chosen else "Choose whom you write to."
    return f"You talk with {len(labels)} people here. {writing}"


def answer(label: str) -> str:
    """On a button."""
    return f"Write to {label}"


def stop(label: str) -> str:
    """On a button."""
    return f"Not with {label}"


# What users are told of somebody on Telegram, in their chat with them.

ACCEPTED = "has accepted your invitation."
HAS_ENDED = "does not want to talk with you by this bot any more. They can only be reached by a new invitation."
HAS_OPTED_OUT = "has opted out of this bot. They can only be reached when they come back by themselves."
IS_BACK = "can be written to again."
HAS_BLOCKED = "has blocked the gateway's bot, so nothing that you write arrives."

NOT_MET = "This person has not followed an invitation of yours. Send “invite” to the gateway to get one for them."
OPTED_OUT = "This person has opted out of being reached by the gateway's bot."
