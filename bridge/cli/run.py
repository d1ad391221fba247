"""`landbridge run`: the gateway itself, until SIGTERM."""

import argparse
import asyncio
import logging

from bridge import log
from bridge.config import load
from bridge.store.database import UNWRITABLE, Busy
from bridge.store.migrate import TooNew
from bridge.store.secrets import WrongKey
from bridge.web.server import CannotListen

_log = logging.getLogger(__name__)


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]", common: argparse.ArgumentParser) -> None:
    parser = commands.add_parser("run", parents=[common], help="run the gateway")
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    """Raises `ConfigError`."""
    config = load(given.config)
    from bridge import app  # everything there is: what goes wrong before it, and the other commands, are faster without

    log.configure(given.log_level, config.secrets)
    for warning in config.warnings:
        _log.warning("%s", warning)
    try:
        asyncio.run(app.run(config))
    except (CannotListen, WrongKey, TooNew, Busy) as error:
        _log.error("cannot start: %s", error)
        return 1
    except UNWRITABLE as error:
        _log.error("cannot start: the database cannot be opened: %s", str(error.orig).splitlines()[0])
        return 1
    return 0
