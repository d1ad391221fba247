"""`landbridge status`: how the gateway is, asked at its control socket; from the database when none runs."""

import argparse
import sys
import time
from typing import Any

from bridge.config import Config, load
from bridge.store import inspect
from bridge.web import control


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]", common: argparse.ArgumentParser) -> None:
    parser = commands.add_parser("status", parents=[common], help="say how the gateway is")
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    """0 when a gateway runs and every network is connected and moving. Raises `ConfigError`."""
    config = load(given.config)
    try:
        said = control.ask(config.data / control.NAME, "/status")
    except control.NotRunning:
        return _from_database(config)
    except OSError as error:
        print(f"The gateway does not answer at {config.data / control.NAME}: {error}.", file=sys.stderr)
        return 1
    if "networks" not in said:
        print(said.get("error", "The gateway answers with something else."), file=sys.stderr)
        return 1
    print(f"Landbridge {said['version']} runs (process {said['pid']}).")
    networks = said["networks"]
    for name in sorted(networks):
        print(_line(name, networks[name]))
        for note in networks[name].get("notes", ()):
            print(f"  {note}")
    return 0 if networks and all(one["connected"] and one["moving"] for one in networks.values()) else 1


def _line(name: str, one: dict[str, Any]) -> str:
    state = "connected" if one["connected"] else "not connected"
    if one["connected"] and not one["moving"]:
        state = "connected, but nothing moves"
    text = f"{name}: {state}, {one['accounts_connected']} of {one['accounts']} accounts connected"
    text += _owed(one["waiting"], one["oldest_seconds"], one["dead_letters"])
    return text + (f" {one['error']}" if one["error"] else "")


def _owed(waiting: int, oldest: float, dead: int) -> str:
    text = f", {waiting} {'delivery' if waiting == 1 else 'deliveries'} waiting"
    if waiting:
        text += f" (the oldest for {_duration(oldest)})"
    text += "."
    if dead:
        letters, them = ("dead letter", "it") if dead == 1 else ("dead letters", "them")
        text += f" {dead} {letters}: `landbridge dead list` shows {them}."
    return text


def _from_database(config: Config) -> int:
    print("No gateway runs.")
    try:
        found = inspect.look(config.database, config.data / "key")
    except inspect.Unusable as error:
        print(error.text, file=sys.stderr)
        return 1
    if not found.made:
        print("It has never run with this database.")
    elif not found.current:
        print("Its database will be upgraded at the next start.")
    else:
        for name in sorted({*config.networks, *found.waiting, *found.dead, *found.accounts}):
            waiting, since = found.waiting.get(name, (0, time.time()))
            owed = _owed(waiting, time.time() - since, found.dead.get(name, 0))
            accounts = found.accounts.get(name, 0)
            print(f"{name}: {accounts} {'account' if accounts == 1 else 'accounts'} logged in{owed}")
    return 1


def _duration(seconds: float) -> str:
    """In the largest unit that fits."""
    for unit, length in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} seconds"
