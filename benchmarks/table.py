"""Makes the table of the README from the JSON of pytest-benchmark, and prints it.

    python benchmarks/table.py build/bench.json [--write README.md]

With `--write`, the lines between the two `bench` comments of the file are replaced.
"""

import argparse
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

BEGIN, END = "<!-- bench -->", "<!-- /bench -->"


def rows(benchmarks: list[dict[str, Any]]) -> Iterator[str]:
    """Yield a line per peer: what, lastword's figure, the peer, its figure, times faster."""
    for ours in sorted(benchmarks, key=lambda b: b["group"].split(" | ")[0]):
        what, _, case = ours["group"].partition(" | ")
        median_s, items = ours["stats"]["median"], ours["extra_info"].get("items", 0)
        for peer, peer_s in ours["extra_info"].get("peers", {}).items():
            figures = f"{figure(median_s, items)} | {peer} | {figure(peer_s, items)}"
            yield f"| {what} | {case} | {figures} | {peer_s / median_s:.1f}x |"


def resample_rows(benchmarks: list[dict[str, Any]]) -> Iterator[str]:
    """Yield a line per instruction set and dtype: range and mean over all pairs of rates."""
    speeds: dict[tuple[str, str, str], list[float]] = {}
    for ours in benchmarks:
        info = ours["extra_info"]
        if "peer_median_s" in info:
            ratio = info["peer_median_s"] / ours["stats"]["median"]
            speeds.setdefault((info["kind"], info["dtype"], info["path"]), []).append(ratio)
    for (kind, dtype, path), ratios in speeds.items():
        mean = math.exp(sum(map(math.log, ratios)) / len(ratios))
        yield (
            f"| resample, {len(ratios)} {kind} ratios | {dtype}, {path} | | soxr HQ | "
            f"| {min(ratios):.1f}x to {max(ratios):.1f}x, mean {mean:.1f}x |"
        )


def figure(median_s: float, items: int) -> str:
    """Return the median in readable form: a time, or frames per second."""
    if items:
        return f"{items / median_s / 1e6:.2f} M frames/s"
    return f"{median_s * 1e3:.2f} ms"


def table(measured: dict[str, Any]) -> str:
    """Return the table with the machine, the date and the versions."""
    machine = measured["machine_info"]
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    cpu = machine["cpu"]
    where = (
        f"Medians, measured on {measured['datetime'][:10]}: {cpu.get('brand_raw', 'unknown')}, "
        f"{cpu.get('count', '?')} cores, path {machine['simd']}, "
        f"Python {machine['python_version']}, {versions}."
    )
    return "\n".join(
        [
            "| what | case | lastword | peer | its figure | faster by |",
            "|---|---|---|---|---|---|",
            *rows(measured["benchmarks"]),
            *resample_rows(measured["benchmarks"]),
            "",
            where,
            "A clip is 6.9 s of mono at 44.1 kHz (Opus 48 kHz) and becomes 24 kHz.",
        ]
    )


def main() -> None:
    """Print the table, and write it into a page if asked."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("json", type=Path, help="written by pytest --benchmark-json")
    parser.add_argument("--write", type=Path, help="page with the two bench comments")
    args = parser.parse_args()
    made = table(json.loads(args.json.read_text()))
    print(made)
    if args.write:
        page = args.write.read_text()
        head, rest = page.split(BEGIN)
        tail = rest.split(END)[1]
        args.write.write_text(f"{head}{BEGIN}\n{made}\n{END}{tail}")


if __name__ == "__main__":
    main()
