"""`landbridge dead list|show|retry|drop`: what was not delivered, or not understood.

A list never shows what people wrote; `show` does, and hides secrets.
"""

import argparse
import sys
from collections.abc import Awaitable, Callable, Sequence

from bridge.cli import operating
from bridge.config import Config, load
from bridge.hub.operator import ID
from bridge.hub.overview import Said
from bridge.log import hider
from bridge.web.operations import Operations

Verb = Callable[[Operations, str], Awaitable[Said]]


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]", common: argparse.ArgumentParser) -> None:
    parser = commands.add_parser("dead", help="list, show, try again or remove what was not delivered")
    verbs = parser.add_subparsers(required=True, metavar="list|show|retry|drop")
    verbs.add_parser("list", parents=[common], help="list it, without what people wrote").set_defaults(run=list_)
    for name, run, summary in (
        ("show", show, "show one with all that is known about it"),
        ("retry", retry, "try again: a failed delivery by its network, a dead letter by the gateway"),
        ("drop", drop, "remove; who wrote it has been told already"),
    ):
        verb = verbs.add_parser(name, parents=[common], help=summary)
        verb.add_argument("ids", nargs="+" if run is not show else 1, type=_id, metavar="ID", help="from `dead list`")
        verb.set_defaults(run=run)


def list_(given: argparse.Namespace) -> int:
    """Raises `ConfigError`."""
    config = load(given.config)
    try:
        found = operating.operate(config, lambda operations: operations.dead())
    except operating.Failed as error:
        return _failed(error)
    if not found.lines:
        print("Everything was delivered and understood.")
    hide = hider(config.secrets)
    operating.show([(one.id, one.network, one.at, one.chat, one.why) for one in found.lines], hide)
    if found.more:
        print(f"{found.more} older ones are not shown.")
    return 0


def show(given: argparse.Namespace) -> int:
    """Raises `ConfigError`."""
    config, identity = load(given.config), given.ids[0]
    try:
        found = operating.operate(config, lambda operations: operations.show(identity))
    except operating.Failed as error:
        return _failed(error)
    if not found:
        print(f"There is no {identity}. `landbridge dead list` shows what there is.", file=sys.stderr)
        return 1
    operating.show([(f"{name}:", value) for name, value in found], hider(config.secrets))
    return 0


def retry(given: argparse.Namespace) -> int:
    """Raises `ConfigError`."""
    return _each(load(given.config), given.ids, lambda operations, identity: operations.retry(identity))


def drop(given: argparse.Namespace) -> int:
    """Raises `ConfigError`."""
    return _each(load(given.config), given.ids, lambda operations, identity: operations.drop(identity))


def _each(config: Config, ids: Sequence[str], verb: Verb) -> int:
    async def all_of_them(operations: Operations) -> list[Said]:
        return [await verb(operations, identity) for identity in ids]

    try:
        answers = operating.operate(config, all_of_them)
    except operating.Failed as error:
        return _failed(error)
    for said in answers:
        operating.say(said.text, ok=said.ok)
    return 0 if all(said.ok for said in answers) else 1


def _failed(error: operating.Failed) -> int:
    print(error, file=sys.stderr)
    return 1


def _id(text: str) -> str:
    if ID.fullmatch(text) is None:
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is not what `dead list` calls anything")
    return text
