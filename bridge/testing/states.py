"""What there is in a memory network, as tests are told of it."""

import msgspec

from bridge.contract import Rules, Span, Style


class Said(msgspec.Struct, kw_only=True):
    """A message as the people of a chat see it."""

    id: str
    author: str
    name: str
    text: str
    edited: int = 0  # how often
    gone: bool = False
    reactions: dict[str, list[str]] = {}  # by person
    reply_to: str | None = None
    media: list[str] = []  # references
    spans: list[Span] = []
    style: Style = Style.TEXT
    keys: list[str] = []  # the key of each arrival, where we sent it
    at: float | None = None
    by: str = "person"


class Answered(msgspec.Struct):
    """What an author was told of a message; no reason: it was accepted."""

    target: str
    origin: str
    reason: str = ""
    text: str = ""


class ChatState(msgspec.Struct):
    """A chat, in order."""

    id: str
    kind: str
    members: list[str]
    messages: list[Said]
    answers: list[Answered]
    revision: int
    subject: str = ""
    name: str = ""
    ranks: dict[str, str] = {}  # of everybody in it
    banned: list[str] = []
    invited: list[str] = []
    rules: Rules = Rules()
    picture: bytes = b""
    typing: list[str] = []  # who of the accounts
    read: dict[str, str] = {}  # how far, by account
    private: list[str] = []  # whose mark nobody else is shown

    @property
    def visible(self) -> list[Said]:
        return [said for said in self.messages if not said.gone]

    @property
    def texts(self) -> list[str]:
        return [said.text for said in self.visible]


class AccountState(msgspec.Struct):
    id: str
    attached: bool
    journaled: int | None
    behind: int  # events meant for it that are not acknowledged
    active: bool
    blocked: list[str] = []  # people
    presence: str = ""  # as its user shows it: "", away, available, unavailable
    picture: str = ""  # a file


class Reported(msgspec.Struct):
    """What an account has told those who run the network."""

    by: str
    chat: str
    target: str
    whom: str
    reason: str
