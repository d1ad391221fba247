"""How a user logs in: a flow is a name and fields; the connector asks through a `Dialogue`, a coroutine per login."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from bridge.contract.ids import ContactId


@dataclass(frozen=True, slots=True)
class Field:
    """One thing to ask; `name` is fixed for programs, `label` is for people."""

    name: str
    label: str
    secret: bool = False
    value: str = ""  # proposed
    required: bool = True
    options: tuple[tuple[str, str], ...] = ()  # value and label of every possible answer; empty when it is free


@dataclass(frozen=True, slots=True)
class Form:
    """Fields asked together; `text` explains, and says what was wrong with the last answer."""

    title: str
    text: str
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Flow:
    """One way to log in."""

    id: str  # "password"
    label: str


@dataclass(frozen=True, slots=True)
class Credentials:
    """What an account needs to come back. Stored encrypted; never logged."""

    me: ContactId  # who this is on the network: the same again keeps everything
    name: str
    secret: Mapping[str, str] = field(repr=False)


class LoginRefused(Exception):
    """The login failed for good; the text is a whole sentence for the person."""


class Dialogue(Protocol):
    """The person who logs in. Cancelled like any task."""

    async def ask(self, form: Form) -> Mapping[str, str]:
        """Show `form`; return what was typed, by field name, every field present, stripped of outer white space
        unless secret. Ask again with the reason in `text` when an answer will not do. Cancelled when what was asked
        for has come from elsewhere: then the question is taken back, and the end is told without one."""
        ...

    async def show(self, text: str) -> None:
        """Say something that needs no answer."""
        ...
