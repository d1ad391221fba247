"""Runs the benches in alternation and prints medians and spread, as a table and as JSON."""

import argparse
import asyncio
import json
import os
import signal
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

from scripts.benches import (
    archive,
    copies,
    growth,
    hub_alone,
    idle,
    large_rooms,
    login,
    machine,
    media,
    mixed,
    rooms,
    through_prosody,
    transactions,
)
from scripts.benches.bars import BARS

Figures = dict[str, float]
Benches = dict[str, Callable[[int], Awaitable[Figures]]]
BENCHES: Benches = {
    "hub, 2 networks": hub_alone.two,
    "hub, 3 networks": hub_alone.three,
    "hub, 100,000 waiting": hub_alone.waiting,
    "through Prosody": through_prosody.measure,
    "mixed traffic": mixed.measure,
    "idle accounts": idle.measure,
    "copies in a busy MUC": copies.measure,
    "media": media.measure,
    "archive of 100,000": archive.measure,
    "archive growing to 100,000": growth.measure,
    "large rooms": large_rooms.measure,
    "transactions": transactions.measure,
}
BESIDE = {"rooms": rooms.measure, "login": login.measure}  # with another gateway on the same servers, if wished
LONGEST = 240.0  # seconds for one bench in one run


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/bench", description="Measures speed; status 1 if a bar is missed.")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything there as well")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--peer", type=_command, metavar="MATRIDGE", help="its command: rooms and login have it beside")
    parser.add_argument("names", nargs="*", help="only benches with one of these in their name")
    given = parser.parse_args()
    benches = BENCHES | {name: partial(bench, peer=given.peer) for name, bench in BESIDE.items()}
    chosen = {name: b for name, b in benches.items() if not given.names or any(word in name for word in given.names)}
    if given.runs < 1 or not chosen:
        parser.error(f"there must be a run, and one of these benches: {', '.join(benches)}")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # what was started is ended as with Ctrl-C
    here = machine.described()
    print(f"{here['cores']} cores, Python {here['python']}, load {here['load']}, fsync {here['fsync_ms']} ms")
    runs = asyncio.run(_run(chosen, given.runs))
    medians = {name: {f: statistics.median(run[f] for run in some) for f in some[0]} for name, some in runs.items()}
    missed = _print_table(runs, medians)
    if given.json:
        said = {"machine": here, "load_after": machine.described()["load"], "runs": runs, "medians": medians}
        given.json.write_text(json.dumps({**said, "missed": missed}, indent=1) + "\n")
    print(f"missed: {', '.join(missed)}" if missed else "every bar is reached")
    return 1 if missed else 0


def _command(text: str) -> Path:
    if not os.access(text, os.X_OK):
        raise argparse.ArgumentTypeError(f"{text} is no command")
    return Path(text).absolute()


async def _run(chosen: Benches, times: int) -> dict[str, list[Figures]]:
    found: dict[str, list[Figures]] = {name: [] for name in chosen}
    for run in range(times):
        for name, bench in chosen.items():
            begun = time.monotonic()
            async with asyncio.timeout(LONGEST):
                found[name].append(await bench(run))
            print(
                f"run {run + 1} of {times}: {name} took {time.monotonic() - begun:.0f} s", file=sys.stderr, flush=True
            )
    return found


def _print_table(runs: dict[str, list[Figures]], medians: dict[str, Figures]) -> list[str]:
    """The figures whose bar is missed."""
    missed = []
    for name, figures in medians.items():
        print(f"\n{name:<48} {'median':>10}   {'least … most':<20}  bar")
        for figure, median in figures.items():
            values = [run[figure] for run in runs[name]]
            bar = next((b for b in BARS if (b.bench, b.figure) == (name, figure)), None)
            verdict = ""
            if bar is not None:
                holds = bar.holds(values)
                verdict = f"{bar} {'reached' if holds else 'MISSED'}"
                missed += [] if holds else [f"{name}: {figure}"]
            spread = f"{_short(min(values))} … {_short(max(values))}"
            print(f"  {figure:<46} {_short(median):>10}   {spread:<20}  {verdict}".rstrip())
    print()
    return missed


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


if __name__ == "__main__":
    sys.exit(main())
