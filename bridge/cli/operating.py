"""What the operator's commands have in common: the running gateway is asked, or the database itself when none runs."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import TypeVar

from bridge.cli.resting import resting
from bridge.config import Config
from bridge.log import printable
from bridge.store.database import UNWRITABLE, Busy
from bridge.store.inspect import Unusable
from bridge.store.secrets import WrongKey
from bridge.web import control
from bridge.web.operations import Asked, Operations

T = TypeVar("T")


class Failed(Exception):
    """It cannot be done; the text is a line that says what to do."""


def operate(config: Config, wish: Callable[[Operations], Awaitable[T]]) -> T:
    """What `wish` gives. Raises `Failed`."""

    async def run() -> T:
        async with _operations(config) as operations:
            return await wish(operations)

    try:
        return asyncio.run(run())
    except Unusable as error:
        raise Failed(error.text) from error
    except (Busy, WrongKey) as error:
        raise Failed(str(error)) from error
    except UNWRITABLE as error:
        raise Failed(f"The database cannot be used: {str(error.orig).splitlines()[0]}.") from error
    except OSError as error:
        raise Failed(f"The gateway does not answer at {config.data / control.NAME}: {error}.") from error
    except control.NotRunning as error:
        raise Failed("The gateway has just ended. Try again.") from error


def show(rows: Sequence[Sequence[str]], hide: Callable[[str], str] = str) -> None:
    """Print rows in columns, as wide as they need to be; the last one is open."""
    clean = [[hide(printable(value)) for value in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*clean, strict=True)] if clean else []
    for row in clean:
        cells = [value.ljust(width) for value, width in zip(row[:-1], widths, strict=False)]
        print("  ".join([*cells, row[-1]]).rstrip())


def say(text: str, *, ok: bool = True) -> None:
    """Print sentences; those about trouble where they belong."""
    print("\n".join(map(printable, text.split("\n"))), file=sys.stdout if ok else sys.stderr)


@asynccontextmanager
async def _operations(config: Config) -> AsyncIterator[Operations]:
    socket = config.data / control.NAME
    if control.running(socket):
        yield Asked(socket)
        return
    async with resting(config) as operations:
        yield operations
