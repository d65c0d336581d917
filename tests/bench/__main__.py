"""Runs the measurements, one after another; prints a table and writes var/bench.json."""

import argparse
import json
import os
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from tests.bench import chaos, imports, journeys, outbox, paint, papers, scale, start, weight
from tests.bench.figures import Figure, show

MEASUREMENTS: dict[str, Callable[[float], list[Figure]]] = {
    "journeys": journeys.measure,
    "outbox": outbox.measure,
    "papers": papers.measure,
    "imports": imports.measure,
    "weight": weight.measure,
    "paint": paint.measure,
    "start": start.measure,
    "scale": scale.measure,
}
# Only by name: minutes, or gigabytes.
BY_NAME: dict[str, Callable[[float], list[Figure]]] = {"chaos": chaos.measure}
ROOT = Path(__file__).resolve().parents[2]
PEERS = ROOT / "../shared/bench"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(MEASUREMENTS | BY_NAME))
    parser.add_argument("--scale", type=float, default=float(os.environ.get("BENCH_SCALE", "0.1")), help="1: the full size")
    options = parser.parse_args()
    figures: list[Figure] = []
    for name in options.names or MEASUREMENTS:
        print(f"{name} ...", flush=True)
        figures += (MEASUREMENTS | BY_NAME)[name](options.scale)
    show(figures)
    write(figures, options.scale)
    if not all(figure.holds for figure in figures if figure.what.startswith("chaos")):
        raise SystemExit(1)
    if PEERS.is_dir():
        print(f"Against other systems: PORTAL_DIR={ROOT} python3 {PEERS.resolve()}/bench.py portal portal-pg floor floor-pg -c 8 -n 6 -r 3")


def write(figures: list[Figure], scale: float) -> None:
    report = ROOT / "var" / "bench.json"
    report.parent.mkdir(exist_ok=True)
    said = {"at": time.strftime("%FT%T%z"), "scale": scale, "cores": os.cpu_count(), "figures": [asdict(figure) for figure in figures]}
    report.write_text(json.dumps(said, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
