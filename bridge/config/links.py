"""The section `links`: rooms that are one, in a short form (network: room) and a long one (a list, with details)."""

import re
from collections.abc import Mapping
from typing import Any

from bridge.config import shapes
from bridge.config.section import Section
from bridge.contract import NetworkId
from bridge.hub import wanted
from bridge.hub.wanted import BOTH, FROM, TO, End, WantedLink

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}")
_LONGEST = 500  # characters of a room's name
_XMPP = "xmpp"


def links(section: Section, domains: Mapping[str, str]) -> tuple[WantedLink, ...]:
    """`domains`: the component's domain of each network. What makes no sense is noted as a fault."""
    found: list[WantedLink] = []
    taken: dict[tuple[str, str], str] = {}
    for name in section.names():
        if not NAME.fullmatch(name):
            section.fault(
                name, "a link's name has letters, digits, ., - and _, at most 60, and begins with a letter or digit"
            )
        ends = tuple(_ends(section, name, domains))
        link = WantedLink(name, ends)
        whole = ends and len(ends) == len(section.raw(name))  # else it is said already what is wrong
        for number, why in wanted.faults(link) if whole else ():
            section.fault(name if number is None else f"{name}.{_key(section, name, number, ends)}", why)
        for number, end in enumerate(ends):
            other = taken.setdefault((end.network, end.chat), name)
            if other != name:
                section.fault(f"{name}.{_key(section, name, number, ends)}", f"{end} is in the link {other} already")
        found.append(link)
    section.close()
    return tuple(found)


def _key(section: Section, name: str, number: int, ends: tuple[End, ...]) -> str:
    """What an end is called in the file."""
    return str(number) if isinstance(section.raw(name), list) else ends[number].network


def _ends(section: Section, name: str, domains: Mapping[str, str]) -> list[End]:
    raw = section.raw(name)
    if isinstance(raw, list):
        whole = section.sections(name)
        if not raw:
            section.fault(name, "a link has two rooms or more")
        found = [_long(one, domains) for one in whole]
        return [end for end in found if end is not None]
    one = section.section(name)
    names = list(one.names())
    if not names:
        one.fault("", "a link has two rooms or more")
    ends = [_end(one, network, domains) for network in names]
    one.close()
    return [end for end in ends if end is not None]


def _long(one: Section, domains: Mapping[str, str]) -> End | None:
    """An entry of a list: one network with its room, and details."""
    direction = one.take("direction", str, BOTH, _direction)
    name_format = one.take("name_format", str, "", wanted.checked_format)
    topic = one.take("topic", int, 0, _topic)
    bots = one.take("bots", bool, False)
    password = one.take("password", str, "", _password)
    networks = [name for name in one.names() if name == _XMPP or name in domains]
    if len(networks) != 1:
        one.fault("", "each entry names one network that is configured, or xmpp, with its room")
        for name in networks:
            one.take(name, Any, None)
        one.close()
        return None
    end = _end(one, networks[0], domains)
    if topic and networks[0] == _XMPP:
        one.fault("topic", "rooms on XMPP have no topics; leave it out")
    one.close()
    if end is None:
        return None
    if password and end.network != _XMPP:
        one.fault("password", "only rooms of xmpp have passwords")
    chat = wanted.part(end.chat, topic) if topic else end.chat
    return End(end.network, chat, direction, name_format, bots, password)


def _end(section: Section, network: str, domains: Mapping[str, str]) -> End | None:
    try:
        return typed_end(network, section.take(network, Any, None), domains)
    except ValueError as error:
        section.fault(network, str(error))
        return None


def typed_end(network: str, raw: Any, domains: Mapping[str, str]) -> End:
    """A room as somebody has typed it. Raises ValueError."""
    if network != _XMPP and network not in domains:
        raise ValueError("there is no network of this name; only xmpp and those in networks can be linked")
    if isinstance(raw, int) and not isinstance(raw, bool):
        raw = str(raw)
    if not isinstance(raw, str) or not 0 < len(raw.strip()) <= _LONGEST or not raw.isprintable():
        raise ValueError("it must be a room: a JID, an alias or an id")
    return End(NetworkId(network), _room(raw, domains) if network == _XMPP else raw.strip())


def _room(text: str, domains: Mapping[str, str]) -> str:
    """The bare JID of a room elsewhere. Raises ValueError."""
    local, at, host = text.strip().lower().rpartition("@")
    if not at or not local or any(c in local for c in " \"&'/:<>@"):
        raise ValueError("it must be the JID of a room, as cafe@conference.example.org")
    host = shapes.domain(host)
    network = next((name for name, domain in domains.items() if domain == host), None)
    if network is not None:
        raise ValueError(f"it is a room that this gateway shows itself; name it as {network} does, under {network}")
    return f"{local}@{host}"


def _password(text: str) -> str:
    """Of a room (XEP-0045 #enter-pw). Raises ValueError."""
    if not 0 < len(text) <= _LONGEST or not text.isprintable():
        raise ValueError(f"it must be one line of at most {_LONGEST} characters")
    return text


def _topic(number: int) -> int:
    if not 0 < number < 1 << 53:
        raise ValueError("it must be the number of a topic, which is more than 0")
    return number


def _direction(text: str) -> str:
    if text not in (BOTH, FROM, TO):
        raise ValueError("it must be both, from (only what is said there goes to the others) or to (only into it)")
    return text
