"""The command line: `landbridge COMMAND`, one file a command.

Exit status: 0 well, 1 something is wrong, 2 used wrongly.

`check` asks each connector beside database and components (`networks`: `Connector.check`, `check_account`). What the
operator does with accounts, links and what was not delivered asks the running gateway at its control socket
(`bridge.web.operations`), or works on the database itself: both are `bridge.hub.operator`, over one of two engines.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from bridge import log
from bridge.cli import account, check, dead, init, link, run, status
from bridge.config import ConfigError
from bridge.version import version

COMMANDS = (init, check, run, status, dead, account, link)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; the exit status."""
    try:
        given = _parser().parse_args(arguments)
    except SystemExit as end:  # argparse has said what is wrong, or what was asked for
        return end.code if isinstance(end.code, int) else 2
    log.configure(given.log_level)
    try:
        return int(given.run(given))
    except ConfigError as error:
        for line in error.lines():
            print(line, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 1


def _parser() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "-c", "--config", type=Path, default=Path("config.yaml"), metavar="FILE", help="default: config.yaml"
    )
    common.add_argument("--log-level", choices=log.LEVELS, default="info")
    parser = argparse.ArgumentParser(prog="landbridge", description="A gateway between XMPP and other chat networks.")
    parser.add_argument("--version", action="version", version=f"landbridge {version()}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", dest="command")
    for command in COMMANDS:
        command.add(commands, common)
    return parser
