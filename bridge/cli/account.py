"""`landbridge account list|remove`: whose accounts there are; log one out as its user would."""

import argparse
import sys

from bridge.cli import operating
from bridge.config import load


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]", common: argparse.ArgumentParser) -> None:
    parser = commands.add_parser("account", help="list the accounts, or log one out")
    verbs = parser.add_subparsers(required=True, metavar="list|remove")
    listing = verbs.add_parser("list", parents=[common], help="list all accounts and how they are")
    listing.set_defaults(run=list_)
    removing = verbs.add_parser("remove", parents=[common], help="log an account out, on its network too; chats stay")
    removing.add_argument("id", type=_number, metavar="ID", help="its number in `account list`")
    removing.set_defaults(run=remove)


def list_(given: argparse.Namespace) -> int:
    """Raises `ConfigError`."""
    try:
        lines = operating.operate(load(given.config), lambda operations: operations.accounts())
    except operating.Failed as error:
        print(error, file=sys.stderr)
        return 1
    if not lines:
        print("There are no accounts.")
    operating.show([(str(one.id), one.network, one.user or "(operator)", one.me, one.state) for one in lines])
    return 0


def remove(given: argparse.Namespace) -> int:
    """Raises `ConfigError`."""
    try:
        said = operating.operate(load(given.config), lambda operations: operations.remove_account(given.id))
    except operating.Failed as error:
        print(error, file=sys.stderr)
        return 1
    operating.say(said.text, ok=said.ok)
    return 0 if said.ok else 1


def _number(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or not 0 < int(text[:10]) < 10**9:
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is no account's number")
    return int(text)
