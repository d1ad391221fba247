"""`landbridge link list|add|remove|resume|audit`: the links, and by whom; link some, end a link, or carry one again."""

import argparse
import sys
from collections.abc import Awaitable, Callable

from bridge.cli import operating
from bridge.config import load
from bridge.config.links import NAME, typed_end
from bridge.hub.overview import Said
from bridge.hub.wanted import End, WantedLink
from bridge.web.operations import Operations


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]", common: argparse.ArgumentParser) -> None:
    parser = commands.add_parser("link", help="list the links of rooms, make one, or end one")
    verbs = parser.add_subparsers(required=True, metavar="list|add|remove|resume|audit")
    listing = verbs.add_parser("list", parents=[common], help="list all links and how their rooms are")
    listing.set_defaults(run=list_)
    adding = verbs.add_parser("add", parents=[common], help="link rooms; the gateway must run")
    adding.add_argument("name", metavar="NAME", help="what the link is to be called")
    adding.add_argument("rooms", nargs="+", metavar="NETWORK=ROOM", help="as xmpp=cafe@conference.example.org")
    adding.set_defaults(run=add_)
    removing = verbs.add_parser("remove", parents=[common], help="end a link; the gateway must run")
    removing.add_argument("name", metavar="NAME", help="its name in `link list`")
    removing.set_defaults(run=remove)
    resuming = verbs.add_parser("resume", parents=[common], help="carry a link again that is suspended")
    resuming.add_argument("name", metavar="NAME", help="its name in `link list`")
    resuming.set_defaults(run=resume)
    auditing = verbs.add_parser("audit", parents=[common], help="list who linked rooms and who ended links")
    auditing.set_defaults(run=audit)


def list_(given: argparse.Namespace) -> int:
    """Raises `ConfigError`."""
    try:
        lines = operating.operate(load(given.config), lambda operations: operations.links())
    except operating.Failed as error:
        print(error, file=sys.stderr)
        return 1
    if not lines:
        print("There are no links.")
    operating.show([(one.name, one.network, one.chat, one.direction, one.state) for one in lines])
    return 0


def add_(given: argparse.Namespace) -> int:
    """Raises `ConfigError`."""
    config = load(given.config)
    try:
        if not NAME.fullmatch(given.name):
            raise ValueError("A link's name has letters, digits, ., - and _, and begins with a letter or a digit.")
        domains = {name: network.jid for name, network in config.networks.items()}
        link = WantedLink(given.name, tuple(_end(one, domains) for one in given.rooms))
        said = operating.operate(config, lambda operations: operations.add_link(link))
    except (ValueError, operating.Failed) as error:
        print(error, file=sys.stderr)
        return 1
    operating.say(said.text, ok=said.ok)
    return 0 if said.ok else 1


def remove(given: argparse.Namespace) -> int:
    """Raises `ConfigError`."""
    return _change(given, lambda operations: operations.remove_link(given.name))


def resume(given: argparse.Namespace) -> int:
    """Raises `ConfigError`."""
    return _change(given, lambda operations: operations.resume_link(given.name))


def _change(given: argparse.Namespace, wish: Callable[[Operations], Awaitable[Said]]) -> int:
    try:
        said = operating.operate(load(given.config), wish)
    except operating.Failed as error:
        print(error, file=sys.stderr)
        return 1
    operating.say(said.text, ok=said.ok)
    return 0 if said.ok else 1


def audit(given: argparse.Namespace) -> int:
    """Raises `ConfigError`."""
    try:
        lines = operating.operate(load(given.config), lambda operations: operations.deeds())
    except operating.Failed as error:
        print(error, file=sys.stderr)
        return 1
    if not lines:
        print("Nobody has linked rooms yet.")
    operating.show(
        [
            (
                one.at,
                f"{one.person} on {one.network}" if one.person else _nobody(one.network),
                f"{one.did} {one.whom}".rstrip(),
                one.link,
                one.room,
            )
            for one in lines
        ]
    )
    return 0


def _nobody(network: str) -> str:
    """Who did something, where nobody is named."""
    return f"somebody on {network}" if network else "the operator"


def _end(text: str, domains: dict[str, str]) -> End:
    """Raises ValueError."""
    network, equals, room = text.partition("=")
    if not equals:
        raise ValueError(f"{text[:100]!r} is not NETWORK=ROOM, as xmpp=cafe@conference.example.org")
    try:
        return typed_end(network, room, domains)
    except ValueError as error:
        raise ValueError(f"{text[:100]}: {error}") from error
