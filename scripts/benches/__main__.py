"""Runs the benchmarks in alternation and prints the medians, as a table and as JSON."""

import argparse
import asyncio
import json
import statistics
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from scripts.benches import hub_alone

Bench = Callable[[], Coroutine[Any, Any, dict[str, float]]]

BENCHES: dict[str, tuple[Bench, str]] = {
    "hub, two endpoints": (hub_alone.two, "messages_per_s >= 3000"),
    "hub, three endpoints": (hub_alone.three, "messages_per_s >= 1500"),
    "hub, 100,000 waiting in 5,000 lanes": (hub_alone.waiting, "rss_mb < 200, last_first_s < 5"),
}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", type=Path, help="write the figures there as well")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("names", nargs="*", help="only benchmarks whose name has one of these in it")
    given = parser.parse_args()
    chosen = {n: b for n, b in BENCHES.items() if not given.names or any(word in n for word in given.names)}
    found: dict[str, list[dict[str, float]]] = {name: [] for name in chosen}
    for run in range(given.runs):
        for name, (bench, _) in chosen.items():
            found[name].append(asyncio.run(bench()))
            print(f"run {run + 1}: {name}: {found[name][-1]}", flush=True)
    medians = {
        name: {key: round(statistics.median(run[key] for run in runs), 2) for key in runs[0]}
        for name, runs in found.items()
    }
    print()
    for name, figures in medians.items():
        shown = "  ".join(f"{key} {value:,}" for key, value in figures.items())
        print(f"{name:<40} {shown}   (wanted: {chosen[name][1]})")
    text = json.dumps({"runs": given.runs, "medians": medians})
    print(text)
    if given.json:
        given.json.write_text(text + "\n")


main()
