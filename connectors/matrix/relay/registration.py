"""The appservice's registration: the file that the homeserver reads, and we too; and the users that it gives us.

People of other networks are `@NETWORK_ID:SERVER`, the id in Matrix's own escaping (appendices
#mapping-from-other-character-sets), computed both ways. Source: application service API #registration. Keys that begin
with `org.landbridge` are ours; homeservers leave them alone.
"""

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from bridge.contract import ContactId, NetworkId, Person, Reason, Refused
from connectors.matrix import fields, ids

_SERVER, _PREFIX, _NETWORKS = "org.landbridge.server", "org.landbridge.prefix", "org.landbridge.networks"
_PLAIN = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789.-")  # "/" and "+" are allowed, too, and get lost in addresses
_ESCAPED = re.compile(r"(?:[a-z0-9.-]|__|_[a-z]|=[0-9a-f]{2})+")
_PIECE = re.compile(r"__|_[a-z]|=[0-9a-f]{2}|.")
_LOCAL = re.compile(r"[a-z0-9._=/+-]+")
_LONGEST = 255  # bytes of a user id


@dataclass(frozen=True, slots=True)
class Registration:
    """What it says."""

    id: str
    url: str  # where the homeserver calls us
    as_token: str = field(repr=False)  # we to the homeserver
    hs_token: str = field(repr=False)  # the homeserver to us
    sender: str  # localpart of our own user
    server: str  # the homeserver's name
    networks: tuple[str, ...]  # whose people may be there
    prefix: str = ""  # before their names

    @property
    def me(self) -> ContactId:
        return ContactId(f"@{self.sender}:{self.server}")

    def ours(self, user: str) -> bool:
        """Whether a user is ours: ourselves, or a person of another network."""
        return user == self.me or self.person(user) is not None

    def user(self, person: Person) -> ContactId:
        """Who somebody of another network is on Matrix. Raises `Refused` for whom there is no such user."""
        if person.network not in self.networks:
            text = (
                f"The appservice's registration has no people of {person.network}; its operator has to make a new one."
            )
            raise Refused(text, Reason.SERVICE)
        user = f"@{self.prefix}{person.network}_{escaped(person.id)}:{self.server}"
        if len(user) > _LONGEST or not person.id:
            raise Refused("Your address is too long for Matrix.", Reason.NOT_ACCEPTABLE)
        return ContactId(user)

    def person(self, user: str) -> Person | None:
        """The inverse of `user`; None for whom it never gives."""
        local, _, server = user[1:].partition(":")
        if server != self.server or not user.startswith(f"@{self.prefix}"):
            return None
        for network in sorted(self.networks, key=len, reverse=True):
            start = f"{self.prefix}{network}_"
            if local.startswith(start) and (id := unescaped(local.removeprefix(start))) is not None:
                return Person(NetworkId(network), ContactId(id))
        return None


def escaped(text: str) -> str:
    return "".join(_escape(byte) for byte in text.encode("utf-8", "replace"))


def _escape(byte: int) -> str:
    if byte in _PLAIN:
        return chr(byte)
    if 0x41 <= byte <= 0x5A:
        return f"_{chr(byte).lower()}"
    return "__" if byte == 0x5F else f"={byte:02x}"


def unescaped(text: str) -> str | None:
    """None for what `escaped` never gives."""
    if not _ESCAPED.fullmatch(text):
        return None
    found = bytearray()
    for piece in _PIECE.findall(text):
        if piece.startswith("="):
            found.append(int(piece[1:], 16))
        elif piece == "__":
            found += b"_"
        else:
            found += piece.removeprefix("_").upper().encode() if piece.startswith("_") else piece.encode()
    try:
        told = found.decode()
    except UnicodeDecodeError:
        return None
    return told if escaped(told) == text else None


def new(network: str, others: Sequence[str], server: str, url: str) -> Registration:
    """For `network`, with tokens of its own; `others` are the networks whose people may be there."""
    as_token, hs_token = secrets.token_hex(32), secrets.token_hex(32)
    return Registration(f"landbridge-{network}", url, as_token, hs_token, "landbridge", server, tuple(others))


def written(one: Registration) -> str:
    """The file: YAML."""
    people = "|".join(re.escape(network) for network in one.networks)
    regex = f"@{re.escape(one.prefix)}({people})_.*:{re.escape(one.server)}"
    said = {
        "id": one.id,
        "url": one.url,
        "as_token": one.as_token,
        "hs_token": one.hs_token,
        "sender_localpart": one.sender,
        "rate_limited": False,
        "namespaces": {"users": [{"exclusive": True, "regex": regex}], "aliases": [], "rooms": []},
        "protocols": ["xmpp"],
        "receive_ephemeral": True,
        "de.sorunome.msc2409.push_ephemeral": True,  # COMPAT homeservers from before it was in the specification
        "io.element.msc4190": True,  # devices without logins: so transaction ids last
        _SERVER: one.server,
        _NETWORKS: list(one.networks),
        **({_PREFIX: one.prefix} if one.prefix else {}),
    }
    head = "# Landbridge and the homeserver both read this file; it has secrets. Put its path into the homeserver's\n"
    return head + "# app_service_config_files, and restart that.\n" + yaml.safe_dump(said, sort_keys=False)


def read(path: Path) -> Registration:
    """Raises `Refused` with a sentence that names what is wrong."""
    try:
        said = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise Refused(f"{path} cannot be read: {error.strerror}.") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise Refused(f"{path} is no YAML.") from error
    said = fields.mapping(said)
    if not said:
        raise Refused(f"{path} has no keys with values.")
    text = {
        name: _text(path, said, name) for name in ("id", "url", "as_token", "hs_token", "sender_localpart", _SERVER)
    }
    networks = [name for name in fields.listed(said.get(_NETWORKS)) if isinstance(name, str) and name]
    prefix = said.get(_PREFIX, "")
    if not networks or not isinstance(prefix, str):
        raise Refused(f"{path} does not say in {_NETWORKS} whose people may be there. Write it anew: landbridge init.")
    found = Registration(
        text["id"], text["url"], text["as_token"], text["hs_token"], text["sender_localpart"], text[_SERVER],
        tuple(networks), prefix,
    )  # fmt: skip
    if not ids.valid_user(found.me) or not _LOCAL.fullmatch(found.sender + prefix):
        raise Refused(f"{path}: sender_localpart, {_PREFIX} and {_SERVER} make no Matrix user.")
    _check_namespace(path, found, said)
    return found


def _text(path: Path, said: Mapping[str, object], name: str) -> str:
    value = said.get(name)
    if not isinstance(value, str) or not value:
        raise Refused(f"{path} has no {name}. Write it anew: landbridge init.")
    return value


def _check_namespace(path: Path, found: Registration, said: Mapping[str, object]) -> None:
    """The users that we make are in it, and they are nobody else's."""
    spaces = fields.listed(fields.mapping(said.get("namespaces")).get("users"))
    for network in found.networks:
        user = found.user(Person(NetworkId(network), ContactId("somebody")))
        if not any(_covers(fields.mapping(space), user) for space in spaces):
            raise Refused(f"{path}: no exclusive namespace of users has {user}, though {_NETWORKS} names {network}.")


def _covers(space: Mapping[str, object], user: str) -> bool:
    regex = space.get("regex")
    try:
        return space.get("exclusive") is True and isinstance(regex, str) and re.match(regex, user) is not None
    except re.error:
        return False
